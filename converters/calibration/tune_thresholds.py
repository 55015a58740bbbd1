"""Thresholds, potentials, biases and weights chosen for one T, behind layers that spike."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.apply import apply
from converters.ann.forward import activations
from converters.ann.graph import Ann, Node
from converters.calibration.dynamics import spike_train
from converters.calibration.neuron_search import NeuronSearch
from converters.calibration.refit_weights import change_of_weights, refittable
from converters.calibration.shift_biases import shift_biases
from converters.calibration.trains import Train, at_each_tick, mean_over, walk
from converters.lowering.neuron_kinds import NeuronKinds, neuron_kinds

__all__ = ["LayerTuning", "Tuning", "tune_thresholds"]

Array = NDArray[np.floating[Any]]

#: Neurons of a channel, over all images, by which it is tuned.
_SAMPLE = 2048
#: Ridge of the read-out, relative to that of the layers: it has few weights.
_OUTPUT_RIDGE = 0.1


@dataclass(frozen=True)
class LayerTuning:
    """Mean squared error of the rates against the ANN's activations, averaged over channels.

    Attributes:
        start: with the starting threshold and v0 = theta / 2, behind what was tuned before.
        tuned: with what was chosen; never above ``start``.
    """

    start: float
    tuned: float


@dataclass(frozen=True, eq=False)
class Tuning:
    """What `tune_thresholds` chose.

    Attributes:
        ann: the network with other biases and weights.
        thresholds: by name of the ReLU, (C, 1, 1) or (N,).
        initial: v0 as a fraction of the threshold, in the same shapes.
        layers: how much each ReLU gained.
    """

    ann: Ann
    thresholds: Mapping[str, NDArray[np.float64]]
    initial: Mapping[str, NDArray[np.float64]]
    layers: Mapping[str, LayerTuning]


def tune_thresholds(
    ann: Ann,
    images: ArrayLike,
    start: Mapping[str, ArrayLike],
    *,
    ticks: int,
    neuron: NeuronKinds = "if",
    burst: int = 1,
    ridge: float | None = None,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Tuning:
    """Choose neurons and biases per channel so that rates after T ticks are the activations.

    From the input to the output, so that each layer is tuned on the currents that it will
    really receive from the spiking layers before it:

    1. with ``ridge``, the weights before the ReLU are moved by least squares so that the
       mean current comes nearer to the ANN's pre-activation
       (`converters.calibration.refit_weights`);
    2. a sample of each channel's neurons, over images and pixels, is simulated with each
       candidate of `converters.calibration.neuron_search`: thresholds, then initial potentials,
       each with the bias corrected twice by the mean error of the neurons that are active,
       ``b += mean(relu(z) - theta count / T)``;
    3. the channel keeps what made the mean squared error of ``theta count / T`` against the
       ANN's own ``relu(z)`` smallest. So what the layers before lost is made up for as far
       as a layer can.

    With ``ridge``, a linear read-out is moved in the end as the weights in step 1 are, for
    the mean output to come nearer to the ANN's.

    Memory: the trains of a few neighboring layers, ``4 T N size`` bytes each.

    Args:
        ann: batch norm folded.
        images: calibration images (N, *input_shape), preprocessed.
        start: starting thresholds by name of the ReLU, numbers or one per channel.
        ticks: T.
        neuron: "if" or "signed", for all ReLUs or by name or pattern.
        burst: most spikes of a neuron in one tick.
        ridge: how firmly weights stay at the trained ones; None leaves them alone.
        seed: of the samples.
        progress: called with 1 after each ReLU.
    """
    images = np.asarray(images, dtype=np.float32)
    relus = ann.names_of(ops.ReLU)
    kinds = neuron_kinds(ann, neuron)
    before = {name: ann.by_name[name].inputs[0] for name in relus}
    wanted = activations(ann, images, (*set(before.values()), ann.output))
    refitted = {name: refittable(ann, name) for name in relus} if ridge is not None else {}
    weighted = {name: node for name, node in refitted.items() if node is not None}
    held = {name: ann.by_name[node].inputs[0] for name, node in weighted.items()}
    rng = np.random.default_rng(seed)
    nodes = dict(ann.by_name)
    thresholds: dict[str, NDArray[np.float64]] = {}
    initials: dict[str, NDArray[np.float64]] = {}
    shifts: dict[str, Array] = {}
    layers: dict[str, LayerTuning] = {}

    def fire(name: str, currents: Train, arriving: Train | None) -> Train:
        shape = ann.shapes[name]
        z = wanted[before[name]]
        if arriving is not None and ridge is not None:
            node = nodes[weighted[name]]
            assert isinstance(node.op, ops.Conv2d | ops.Linear)
            missing = z - mean_over(currents, ticks)
            change = change_of_weights(node.op, mean_over(arriving, ticks), missing, ridge, rng)
            currents = currents + at_each_tick(change, arriving)
            nodes[node.name] = _changed(node, change)
        relu = ann.by_name[name].op
        assert isinstance(relu, ops.ReLU)
        first = np.broadcast_to(np.ravel(start[name]), shape[:1]).astype(np.float32)
        search = NeuronSearch(
            *_sample(currents, apply(relu, z), rng),
            first,
            ceiling=relu.ceiling,
            ticks=ticks,
            neuron=kinds[name],
            burst=burst,
        )
        search.run()
        theta, initial, shift = (
            values.reshape(-1, *(1,) * (len(shape) - 1))
            for values in (search.theta, search.initial, search.shift)
        )
        thresholds[name], initials[name] = theta.astype(np.float64), initial.astype(np.float64)
        shifts[name] = search.shift.astype(np.float64)
        layers[name] = LayerTuning(float(search.start_error.mean()), float(search.error.mean()))
        spikes = spike_train(currents + shift, theta, initial * theta, kinds[name], ticks, burst)
        if progress is not None:
            progress(1)
        return spikes * theta

    output = ann.by_name[ann.output]
    read = mean_over(images[None], ticks)
    for name, train in walk(ann, images, fire, held):
        if name == output.inputs[0]:
            read = mean_over(train, ticks)
        if name == ann.output and ridge is not None and isinstance(output.op, ops.Linear):
            missing = wanted[name] - mean_over(train, ticks)
            change = change_of_weights(output.op, read, missing, _OUTPUT_RIDGE * ridge, rng)
            nodes[name] = _changed(nodes[name], change)
    changed = Ann(ann.input_shape, tuple(nodes.values()), ann.output)
    return Tuning(shift_biases(changed, shifts), thresholds, initials, layers)


def _changed(node: Node, change: ops.Conv2d | ops.Linear) -> Node:
    """The node with weights and bias of both."""
    op = node.op
    assert isinstance(op, ops.Conv2d | ops.Linear)
    assert change.bias is not None
    bias = change.bias if op.bias is None else op.bias + change.bias
    return dataclasses.replace(
        node, op=dataclasses.replace(op, weight=op.weight + change.weight, bias=bias)
    )


def _sample(currents: Train, target: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The same neurons of every channel: currents (T or 1, P, C) and targets (P, C)."""
    ticks, images, channels, *pixels = currents.shape
    neurons = images * math.prod(pixels)
    chosen = np.arange(neurons)
    if neurons > _SAMPLE:
        chosen = np.sort(rng.choice(neurons, _SAMPLE, replace=False))
    image, pixel = np.divmod(chosen, math.prod(pixels))
    picked = currents.reshape(ticks, images, channels, -1)[:, image, :, pixel]
    return (
        np.ascontiguousarray(picked.swapaxes(0, 1)),  # it is (P, T, C): indices come first
        target.reshape(images, channels, -1)[image, :, pixel],
    )
