"""A small network and data, and what two evaluations have to share."""

from __future__ import annotations

import numpy as np

from eventsnn import IF, LI, Flatten, Input, Layer, Linear, Link, Network

TICKS = 6
CONFIDENCES = (0.5, 0.6)


def network():
    rng = np.random.default_rng(0)
    hidden = Link("image", (Flatten(), Linear(rng.normal(size=(20, 16)))))
    out = Link("hidden", (Linear(rng.normal(size=(5, 20))),))
    layers = (Layer("hidden", (20,), IF(), (hidden,), bias=0.1), Layer("out", (5,), LI(), (out,)))
    return Network((Input("image", (1, 4, 4)),), layers)


def data(samples=60):
    rng = np.random.default_rng(1)
    return rng.normal(size=(samples, 1, 4, 4)), rng.integers(0, 5, samples)


def assert_same(found, expected):
    """Everything but the wall time."""
    for name in ("accuracy", "agreement", "predictions", "synops_per_sample", "ann_predictions"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    assert found.counts == expected.counts
    assert found.samples == expected.samples
    for a, b in (
        (found.after, expected.after),
        (found.early_exit.operations, expected.early_exit.operations),
    ):
        assert all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("spikes", "ac", "mac"))
    assert found.early_exit.accuracy.tolist() == expected.early_exit.accuracy.tolist()
    assert found.early_exit.mean_ticks.tolist() == expected.early_exit.mean_ticks.tolist()
