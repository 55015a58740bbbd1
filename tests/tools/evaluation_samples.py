"""A report and a part of an evaluation, of a network that is made in a moment."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from eventsnn import IF, LI, Input, Layer, Linear, Link, Network, evaluate
from eventsnn.energy import ENERGY_MODELS
from eventsnn.evaluation.evaluate import _Job
from eventsnn.evaluation.part import Part
from eventsnn.hdf5 import NetworkFile
from eventsnn.report import build_report


def _network() -> Network:
    rng = np.random.default_rng(3)
    first = Link("in", (Linear(rng.normal(size=(6, 4))),))
    last = Link("hidden", (Linear(rng.normal(size=(3, 6))),))
    layers = (Layer("hidden", (6,), IF(), (first,), 0.25), Layer("out", (3,), LI(), (last,)))
    return Network((Input("in", (4,)),), layers)


def sample_part() -> Part:
    """Of eight samples."""
    x = np.random.default_rng(4).random((8, 4))
    job = _Job(_network(), x, np.arange(8) % 3, 4, None, None, (), 0)
    return job.task(*job.arguments(range(8)))


def sample_report() -> dict[str, Any]:
    """As it is read from a file."""
    x, y = np.random.default_rng(4).random((20, 4)), np.arange(20) % 3
    evaluation = evaluate(_network(), x, y, ticks=6, exit_confidences=(0.5, 0.6))
    report = build_report(
        evaluation,
        NetworkFile(_network(), recipe="rate"),
        ENERGY_MODELS[0],
        network_name="net.h5",
        data_name="data.npz",
        labels=y,
        ann_accuracy=0.75,
        ann_macs=42,
    )
    found: dict[str, Any] = json.loads(json.dumps(report))
    return found
