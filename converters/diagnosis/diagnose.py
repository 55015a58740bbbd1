"""`diagnose`: the errors of each layer of a converted network, and what they cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.forward import stream
from converters.ann.graph import Ann
from converters.diagnosis.attribution import divergence, hybrid_outputs
from converters.diagnosis.observation import RateNeuron, observe, rate_neurons
from converters.diagnosis.statistics import LayerSums, Terms
from converters.passes.canonical import canonical
from eventsnn import ConversionError, InputError, Network, simulate_batch
from eventsnn.datasets.batches import images_and_labels

__all__ = ["Cost", "Diagnosis", "LayerDiagnosis", "diagnose"]

#: Images whose activations and rates are held at once.
_BATCH = 16


@dataclass(frozen=True)
class Cost:
    """What one step from the ANN to the spiking network changes in the answers.

    Attributes:
        divergence: added to the Kullback-Leibler divergence from the ANN's answers, in nats.
        agreement_lost: share of the answers turned away from the ANN's, net.
        accuracy_lost: share of correct answers lost, net; None without labels.
    """

    divergence: float
    agreement_lost: float
    accuracy_lost: float | None


@dataclass(frozen=True)
class LayerDiagnosis:
    """One spiking layer; averages over its neurons and the images.

    Attributes:
        name: of the layer, which is that of the ANN's ReLU.
        neurons: how many.
        neuron: its model, "IF", "Signed" or "Burst".
        theta: mean threshold.
        activation: root mean square of the ANN's activation, the scale of the errors.
        mean: of the error terms; ``deviation + quantization - clipping + inherited``
            equals ``total``.
        rms: root mean squares of the same terms.
        input_mean: of the input current.
        input_variance: of the current over the ticks.
        inputs_below: share of the inputs (of one neuron in one tick) that are negative.
        inputs_above: share that exceeds theta (times the burst limit).
        spikes_of_inactivated: share of the neurons with ANN pre-activation <= 0 that end
            with a positive count (SIN).
        dead: share of neurons that spiked on no image.
        saturated: share that spiked in every tick, over all images.
        spikes_per_tick: of a neuron.
        cost: when this layer's rates take the place of the ANN's activations.
    """

    name: str
    neurons: int
    neuron: str
    theta: float
    activation: float
    mean: Terms
    rms: Terms
    input_mean: float
    input_variance: float
    inputs_below: float
    inputs_above: float
    spikes_of_inactivated: float
    dead: float
    saturated: float
    spikes_per_tick: float
    cost: Cost


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found.

    Attributes:
        samples, ticks: how many images, and T.
        layers: in the order of the network.
        read_out: cost of a read-out with other weights than the ANN's; nothing where a
            conversion left them alone. With it, the costs add up to the whole.
        others: why each other layer has no entry, by name.
        agreement: share of images on which the network answers as the ANN.
        accuracy, ann_accuracy: None without labels.
        divergence: of the network's answers from the ANN's.
    """

    samples: int
    ticks: int
    layers: tuple[LayerDiagnosis, ...]
    read_out: Cost
    others: Mapping[str, str]
    agreement: float
    accuracy: float | None
    ann_accuracy: float | None
    divergence: float

    @property
    def costliest(self) -> str:
        """Name of the layer that adds most to the divergence from the ANN's answers."""
        return max(self.layers, key=lambda layer: layer.cost.divergence).name

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return dataclasses.asdict(self) | {"costliest": self.costliest}


def diagnose(
    network: Network,
    ann: Ann,
    images: ArrayLike,
    labels: NDArray[np.integer[Any]] | None = None,
    *,
    ticks: int,
    progress: Callable[[int], object] | None = None,
) -> Diagnosis:
    """Measure the error terms of every layer of ``network``, and which layer costs most.

    The engine runs the network as it is; currents are told from recorded potentials and
    spikes. The terms are those of `converters.diagnosis.RateErrors`; where a conversion
    changed biases or weights, their effect on the mean current is part of the inherited
    error. What a layer costs is told by `converters.diagnosis.attribution`: the ANN with its
    first l layers replaced by the spiking network's rates, less the same with l - 1.

    Args:
        network: by a recipe that codes by rates: IF, Signed or Burst neurons.
        ann: that it was made from; its ReLUs have the names of the layers.
        images: (N, *input_shape), preprocessed.
        labels: (N,), for the accuracy.
        ticks: T.
        progress: called with the number of images finished since the last call.

    Raises:
        ConversionError: ``ann`` is not the source of ``network``, or one of them is
            something else.
        UnsupportedLayerError: a layer that does not code by rates, by name.
        InputError: images or labels that do not fit.
    """
    if not isinstance(network, Network):
        raise ConversionError(
            "network: expected a Network (a Conversion has it as .network), "
            f"found an object of type {type(network).__name__}"
        )
    images, beside = images_and_labels(images, ann.input_shape)
    labels = beside if labels is None else labels
    images = np.asarray(images)
    ann = canonical(ann)
    neurons, others = rate_neurons(network)
    _check_source(network, ann, neurons)
    if labels is not None and np.shape(labels) != (len(images),):
        raise InputError(f"labels: expected shape ({len(images)},), found {np.shape(labels)}")
    before = {name: ann.by_name[name].inputs[0] for name in neurons}
    sums = {name: LayerSums(neurons[name], _ceiling(ann, name), ticks) for name in neurons}
    costs = _Costs.none(len(neurons) + 2)
    start = 0
    for values in stream(ann, images, (*set(before.values()),), batch=_BATCH):
        batch = images[start : start + _BATCH]
        z = {name: values[source] for name, source in before.items()}
        rates = {name: np.empty(z[name].shape, dtype=np.float32) for name in neurons}
        for index, image in enumerate(batch):
            for name, seen in observe(network, neurons, image, ticks):
                sums[name].add(seen, z[name][index])
                rates[name][index] = neurons[name].theta * seen.count / ticks
            if progress is not None:
                progress(1)
        runs = simulate_batch(network, batch, ticks=ticks)
        answers = np.array([run.output.ravel() / ticks for run in runs])
        outputs = [*hybrid_outputs(ann, batch.astype(np.float32), rates), answers]
        costs.add(outputs, None if labels is None else labels[start : start + _BATCH])
        start += len(batch)
    return _diagnosis(network, sums, costs, others, labels is not None, ticks, len(images))


class _Costs:
    """Sums over the images of what each hybrid answers, from the ANN to the network itself."""

    def __init__(self, divergence: NDArray[Any], agree: NDArray[Any], right: NDArray[Any]) -> None:
        self.divergence, self.agree, self.right = divergence, agree, right

    @classmethod
    def none(cls, hybrids: int) -> _Costs:
        return cls(*(np.zeros(hybrids) for _ in range(3)))

    def add(self, outputs: list[NDArray[Any]], labels: NDArray[np.integer[Any]] | None) -> None:
        for hybrid, output in enumerate(outputs):
            answer = output.argmax(axis=1)
            self.divergence[hybrid] += divergence(outputs[0], output).sum()
            self.agree[hybrid] += (answer == outputs[0].argmax(axis=1)).sum()
            if labels is not None:
                self.right[hybrid] += (answer == labels).sum()


def _diagnosis(
    network: Network,
    sums: Mapping[str, LayerSums],
    costs: _Costs,
    others: Mapping[str, str],
    labelled: bool,
    ticks: int,
    samples: int,
) -> Diagnosis:
    divergence = costs.divergence / samples
    agree, right = costs.agree / samples, costs.right / samples
    steps = [
        Cost(
            divergence=float(divergence[step + 1] - divergence[step]),
            agreement_lost=float(agree[step] - agree[step + 1]),
            accuracy_lost=float(right[step] - right[step + 1]) if labelled else None,
        )
        for step in range(len(sums) + 1)
    ]
    layers = tuple(
        LayerDiagnosis(
            name=name,
            neurons=network.layer(name).size,
            neuron=type(network.layer(name).neuron).__name__,
            cost=cost,
            **found.averages(),
        )
        for (name, found), cost in zip(sums.items(), steps[:-1], strict=True)
    )
    return Diagnosis(
        samples=samples,
        ticks=ticks,
        layers=layers,
        read_out=steps[-1],
        others=dict(others),
        agreement=float(agree[-1]),
        accuracy=float(right[-1]) if labelled else None,
        ann_accuracy=float(right[0]) if labelled else None,
        divergence=float(divergence[-1]),
    )


def _check_source(network: Network, ann: Ann, neurons: Mapping[str, RateNeuron]) -> None:
    relus = ann.names_of(ops.ReLU)
    if set(relus) != set(neurons):
        alone = sorted(set(relus) ^ set(neurons))
        raise ConversionError(
            f"diagnose: the ANN's ReLUs and the network's firing layers must have the same "
            f"names, found {alone} on one side only; give the ANN that it was converted from"
        )
    for name in neurons:
        if ann.shapes[name] != network.layer(name).shape:
            raise ConversionError(
                f"layer `{name}`: shape {network.layer(name).shape} in the network, "
                f"{ann.shapes[name]} in the ANN; give the ANN that it was converted from"
            )


def _ceiling(ann: Ann, name: str) -> float | None:
    relu = ann.by_name[name].op
    assert isinstance(relu, ops.ReLU)
    return relu.ceiling
