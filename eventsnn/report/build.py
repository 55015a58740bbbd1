"""What an evaluation measured, as a dict that JSON can hold.

Keys: ``version``, ``network``, ``data``, ``recipe``, ``parameters``,
``conversion_ticks`` (whence); ``samples``, ``samples_in_data`` (more, where only some were
run), ``seconds`` (null with a journal); ``ticks``, ``accuracy``, ``agreement`` (lists of equal
length); ``ann_accuracy``; per inference, means over
samples: ``synops_per_inference``, ``synops_effective_per_inference``, ``synops_per_layer``
(by the layer that receives), ``links`` (all counters of each), ``layers`` (the same as
models with memory need it), ``operations_per_inference`` (all that the other models need),
``input_macs``, ``comparisons_per_inference``, ``resets_per_inference``, ``ann_macs``,
``spikes_per_layer``, ``spikes_per_neuron_per_tick`` (over the layers that can fire),
``activation_sparsity`` (1 minus that), ``membrane_updates_per_inference`` (neurons with a
state times ticks), ``energy_pj``; ``footprint``, ``connection_sparsity``; per sample
``synops_per_sample`` and ``correct_per_sample``; ``operations_after`` each of ``ticks``,
and with ``early_exit`` up to the exits, by confidence. What is unknown, for want of an
ANN, is null.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import OperationsAfter
from eventsnn.counts.footprint import footprint
from eventsnn.description.network import Network
from eventsnn.description.neurons import ReadOut
from eventsnn.energy import EnergyEstimate, EnergyModel, LemaireModel, Operations, energy
from eventsnn.errors import InputError
from eventsnn.evaluation.evaluate import Evaluation, reported_ticks
from eventsnn.hdf5.network_file import NetworkFile
from eventsnn.version import __version__

__all__ = ["build_report"]


def build_report(
    evaluation: Evaluation,
    file: NetworkFile,
    model: EnergyModel | LemaireModel,
    *,
    network_name: str,
    data_name: str,
    labels: NDArray[np.integer[Any]],
    ann_accuracy: float | None,
    ann_macs: int | None,
) -> dict[str, Any]:
    """The report as a dict that JSON can hold.

    Args:
        evaluation: with labels.
        file: the network that was evaluated.
        model: for ``energy_pj``; `read_operations` serves any other.
        network_name, data_name: of the files, without folders.
        labels: of the whole data set, also where only some of it was evaluated.
        ann_accuracy, ann_macs: of the ANN per image; None where there is none.

    Raises:
        InputError: the evaluation had no labels.
    """
    if evaluation.accuracy is None:
        raise InputError("a report needs the accuracy, so evaluate with labels y")
    counts, samples, network = evaluation.counts, evaluation.samples, file.network
    operations = Operations.per_inference(counts, samples, network, evaluation.ticks)
    points = reported_ticks(evaluation.ticks)
    labels, in_data = np.asarray(labels), len(labels)
    labels = labels if evaluation.index is None else labels[evaluation.index]
    activity = _activity(evaluation, network)
    plain = dataclasses.asdict(operations)
    layers = json.loads(json.dumps(plain.pop("layers")))  # shapes as lists, as when read
    size = footprint(network)
    return {
        "version": __version__,
        "network": network_name,
        "data": data_name,
        "recipe": file.recipe,
        "parameters": dict(file.parameters),
        "conversion_ticks": file.ticks,
        "samples": samples,
        "samples_in_data": in_data,
        "seconds": evaluation.seconds,
        "ticks": points.tolist(),
        "accuracy": evaluation.accuracy.tolist(),
        "agreement": None if evaluation.agreement is None else evaluation.agreement.tolist(),
        "ann_accuracy": ann_accuracy,
        "synops_per_inference": counts.synops / samples,
        "synops_effective_per_inference": counts.synops_effective / samples,
        "synops_per_layer": {
            layer: synops / samples for layer, synops in counts.synops_per_layer().items()
        },
        "operations_per_inference": plain,
        "input_macs": operations.input_macs,
        "comparisons_per_inference": counts.comparisons / samples,
        "resets_per_inference": sum(counts.resets.values()) / samples,
        "ann_macs": ann_macs,
        "spikes_per_layer": {
            layer.name: counts.spikes.get(layer.name, 0) / samples for layer in network.layers
        },
        "spikes_per_neuron_per_tick": activity,
        "activation_sparsity": 1 - activity,
        "membrane_updates_per_inference": operations.neuron_updates,
        "energy_pj": _energy_entry(energy(operations, ann_macs, model)),
        "footprint": dataclasses.asdict(size),
        "connection_sparsity": size.connection_sparsity,
        "links": [
            {
                name: value if isinstance(value, str) else value / samples
                for name, value in dataclasses.asdict(link).items()
            }
            for link in counts.links
        ],
        "layers": layers,
        "operations_after": _operations(evaluation.after, evaluation),
        "early_exit": _early_exit(evaluation),
        "synops_per_sample": evaluation.synops_per_sample.tolist(),
        "correct_per_sample": (evaluation.predictions == labels).tolist(),
    }


def _activity(evaluation: Evaluation, network: Network) -> float:
    """Mean over the neurons of all layers that can fire, over samples and ticks."""
    firing = [layer for layer in network.layers if not isinstance(layer.neuron, ReadOut)]
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


def _operations(operations: OperationsAfter, evaluation: Evaluation) -> dict[str, Any]:
    """Means over samples; lists run over ticks (or confidences), links as in ``links``."""
    samples = evaluation.samples
    names = list(evaluation.counts.spikes)
    synops = (operations.ac + operations.mac) / samples
    return {
        "ac": (operations.ac.sum(axis=0) / samples).tolist(),
        "mac": (operations.mac.sum(axis=0) / samples).tolist(),
        "spikes": {
            name: row.tolist() for name, row in zip(names, operations.spikes / samples, strict=True)
        },
        "links": [
            {"spikes": delivered.tolist(), "synops": row.tolist()}
            for delivered, row in zip(operations.delivered / samples, synops, strict=True)
        ],
    }


def _early_exit(evaluation: Evaluation) -> dict[str, Any] | None:
    found = evaluation.early_exit
    if found is None:
        return None
    return {
        "confidence": list(found.confidence),
        "accuracy": None if found.accuracy is None else found.accuracy.tolist(),
        "mean_ticks": found.mean_ticks.tolist(),
        "operations": _operations(found.operations, evaluation),
    }
