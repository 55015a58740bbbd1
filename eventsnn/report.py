"""The report of an evaluation: what was measured, as JSON.

Keys: ``version``, ``network``, ``data``, ``recipe``, ``parameters``,
``conversion_ticks`` (whence); ``samples``, ``seconds``; ``ticks``, ``accuracy``,
``agreement`` (lists of equal length); ``ann_accuracy``; per inference, means over
samples: ``synops_per_inference``, ``synops_per_layer`` (by the layer that receives),
``operations_per_inference`` (all that an energy model needs), ``input_macs``,
``ann_macs``, ``spikes_per_layer``, ``spikes_per_neuron_per_tick`` (over the layers that can
fire), ``energy_pj``. What is unknown, for want of an ANN, is null.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.energy import EnergyEstimate, EnergyModel, Operations, energy
from eventsnn.errors import FileFormatError, InputError
from eventsnn.evaluate import Evaluation
from eventsnn.hdf5.network_file import NetworkFile
from eventsnn.network import Network
from eventsnn.neurons import Accumulator
from eventsnn.version import __version__
from eventsnn.whole_file import replacing

__all__ = ["build_report", "read_operations", "read_report", "reported_ticks", "write_report"]

#: Every tick is reported up to here, `_POINTS` of them beyond.
_EVERY_TICK = 256
_POINTS = 128


def reported_ticks(ticks: int) -> NDArray[np.int64]:
    """The ticks of the curves: all of 1..ticks up to 256, else 128 evenly spaced ones."""
    if ticks <= _EVERY_TICK:
        return np.arange(1, ticks + 1)
    return np.linspace(1, ticks, _POINTS).round().astype(np.int64)


def build_report(
    evaluation: Evaluation,
    file: NetworkFile,
    model: EnergyModel,
    *,
    network_name: str,
    data_name: str,
    ann_accuracy: float | None,
    ann_macs: int | None,
) -> dict[str, Any]:
    """The report as a dict that JSON can hold.

    Args:
        evaluation: with labels.
        file: the network that was evaluated.
        model: for ``energy_pj``; `read_operations` serves any other.
        network_name, data_name: of the files, without folders.
        ann_accuracy, ann_macs: of the ANN per image; None where there is none.

    Raises:
        InputError: the evaluation had no labels.
    """
    if evaluation.accuracy is None:
        raise InputError("a report needs the accuracy, so evaluate with labels y")
    counts, samples = evaluation.counts, evaluation.samples
    operations = Operations.per_inference(counts, samples)
    points = reported_ticks(evaluation.ticks)
    return {
        "version": __version__,
        "network": network_name,
        "data": data_name,
        "recipe": file.recipe,
        "parameters": dict(file.parameters),
        "conversion_ticks": file.ticks,
        "samples": samples,
        "seconds": evaluation.seconds,
        "ticks": points.tolist(),
        "accuracy": evaluation.accuracy[points - 1].tolist(),
        "agreement": (
            None if evaluation.agreement is None else evaluation.agreement[points - 1].tolist()
        ),
        "ann_accuracy": ann_accuracy,
        "synops_per_inference": counts.synops / samples,
        "synops_per_layer": {
            layer: synops / samples for layer, synops in counts.synops_per_layer().items()
        },
        "operations_per_inference": dataclasses.asdict(operations),
        "input_macs": operations.input_macs,
        "ann_macs": ann_macs,
        "spikes_per_layer": {
            layer.name: counts.spikes.get(layer.name, 0) / samples for layer in file.network.layers
        },
        "spikes_per_neuron_per_tick": _activity(evaluation, file.network),
        "energy_pj": _energy_entry(energy(operations, ann_macs, model)),
    }


def _activity(evaluation: Evaluation, network: Network) -> float:
    """Mean over the neurons of all layers that can fire, over samples and ticks."""
    firing = [layer for layer in network.layers if not isinstance(layer.neuron, Accumulator)]
    spikes = sum(evaluation.counts.spikes.get(layer.name, 0) for layer in firing)
    visits = sum(layer.size for layer in firing) * evaluation.samples * evaluation.ticks
    return spikes / visits if visits else 0.0


def _energy_entry(estimate: EnergyEstimate) -> dict[str, Any]:
    return {
        "model": dataclasses.asdict(estimate.model),
        "snn": estimate.snn,
        "snn_terms": dict(estimate.terms),
        "ann": estimate.ann,
        "ratio": estimate.ratio,
    }


def write_report(path: str | os.PathLike[str], report: Mapping[str, Any]) -> None:
    """Write a report as strict JSON, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps(dict(report), indent=2, allow_nan=False, ensure_ascii=False)
    with replacing(path) as partial:
        partial.write_text(f"{text}\n", encoding="utf-8")


def read_report(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a report.

    Raises:
        FileFormatError: missing, damaged, or no report of an evaluation.
    """
    if not Path(path).is_file():
        raise FileFormatError(f"{path}: no such file; expected a report of `evaluate --json`")
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not JSON ({error}); expected a report") from error
    if not isinstance(report, dict) or "operations_per_inference" not in report:
        raise FileFormatError(
            f"{path}: JSON, but no report of an evaluation; expected the file that "
            f"`evaluate --json` writes"
        )
    return report


def read_operations(
    report: Mapping[str, Any], path: str | os.PathLike[str]
) -> tuple[Operations, float | None]:
    """Operations per inference and ``ann_macs`` of a report, for `eventsnn.energy.energy`.

    Args:
        report: of `read_report`.
        path: for messages.

    Raises:
        FileFormatError: a number is missing or is none.
    """
    found = report["operations_per_inference"]
    if not isinstance(found, dict):
        raise FileFormatError(f"{path}: operations_per_inference: expected an object")
    names = [field.name for field in dataclasses.fields(Operations)]
    operations = Operations(
        **{
            name: _number(found.get(name), f"operations_per_inference.{name}", path)
            for name in names
        }
    )
    macs = report.get("ann_macs")
    return operations, None if macs is None else _number(macs, "ann_macs", path)


def _number(value: Any, what: str, path: str | os.PathLike[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise FileFormatError(f"{path}: {what}: expected a number >= 0, found {value!r}")
    return float(value)
