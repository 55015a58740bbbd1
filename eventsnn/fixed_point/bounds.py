"""How far integers can run: the proof that a register is wide enough.

A tick adds to a potential, in any order, the bias and the arrivals; so what a register has to
hold is the potential at the end of the tick before, and on top of it all that pulls one way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    Burst,
    NoReset,
    RunningMaximum,
    Signed,
    Subtract,
    ToValue,
)
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
    Unflatten,
)
from eventsnn.fixed_point.grid import Integrating
from eventsnn.oracle.synapses import apply_chain

__all__ = ["Extent", "amplitudes", "extent"]

Array = NDArray[np.float64]
#: Least and largest amplitude of a neuron in one tick, 0 between them.
Amplitude = tuple[float, float]


@dataclass(frozen=True)
class Extent:
    """What a layer's registers meet within a run.

    Attributes:
        lowest, highest: of a potential and of any partial sum of a tick, over all neurons.
        largest: the same in magnitude, sums between the synapses of a chain included.
    """

    lowest: int
    highest: int
    largest: int


def amplitudes(network: Network, inputs: Mapping[str, Amplitude]) -> dict[str, Amplitude]:
    """The amplitudes of every input and layer of an integer network."""
    found = dict(inputs)
    for layer in network.layers:
        match layer.neuron:
            case IF():
                found[layer.name] = (0.0, 1.0)
            case Burst(max_spikes=max_spikes):
                found[layer.name] = (0.0, float(max_spikes))
            case Signed(max_spikes=max_spikes):
                found[layer.name] = (-float(max_spikes), float(max_spikes))
            case _:
                found[layer.name] = (0.0, 0.0)
    maxima = [layer for layer in network.layers if isinstance(layer.neuron, RunningMaximum)]
    for _ in maxima:  # one may feed the other: |max (X + x) - max X| <= max |x|
        for layer in maxima:
            found[layer.name] = found[layer.links[0].source]
    return found


def extent(
    network: Network, layer: Layer, amplitude: Mapping[str, Amplitude], ticks: int
) -> Extent:
    """The extent of an integer layer in a run of ``ticks``.

    With L <= 0 <= U the sums of all negative and of all positive arrivals of a tick at
    their largest, and b the bias, a potential lies between::

        low  = min(V0, r) + T min(b + L, 0)               r: the least value after a spike
        high = max(V0, theta - 1) + T max(b + U - a, 0)   a: what a spike takes off

    in which floor and ceiling cut off; and within a tick between ``low + min(b, 0) + L`` and
    ``high + max(b, 0) + U``. A running maximum holds X between T l and T h, with l and h the
    amplitudes of its source.
    """
    down, up, largest = _arrivals(network, layer, amplitude)
    if isinstance(layer.neuron, RunningMaximum):
        low, high = ticks * down, ticks * up
    else:
        assert isinstance(layer.neuron, Integrating)
        bias = np.asarray(layer.bias)
        low, high = _potential(layer.neuron, bias + down, bias + up, ticks)
        low, high = low + np.minimum(bias, 0) + down, high + np.maximum(bias, 0) + up
        constants = _constants(layer.neuron)
        low = np.append(low, [value.min() for value in constants])
        high = np.append(high, [value.max() for value in constants])
    lowest, highest = int(np.min(low)), int(np.max(high))
    return Extent(lowest, highest, max(-lowest, highest, int(largest)))


def _potential(neuron: Integrating, down: Array, up: Array, ticks: int) -> tuple[Array, Array]:
    """Least and largest potential at the end of a tick, over a run.

    ``down`` and ``up`` are the least and the largest that a tick adds in all.
    """
    v0 = np.asarray(neuron.v0)
    sinking = ticks * np.minimum(down, 0)
    match neuron:
        case LI():
            return v0 + sinking, v0 + ticks * np.maximum(up, 0)
        case Burst(threshold=threshold, max_spikes=max_spikes):
            taken = max_spikes * np.asarray(threshold)
            high = np.maximum(v0, np.asarray(threshold) - 1)
            return np.minimum(v0, 0) + sinking, high + ticks * np.maximum(up - taken, 0)
        case Signed(threshold=threshold, max_spikes=max_spikes):
            theta = np.asarray(threshold)
            high = np.maximum(v0, theta - 1) + ticks * np.maximum(up - max_spikes * theta, 0)
            return np.minimum(v0, 0) + sinking, high
        case IF():
            return _if_potential(neuron, sinking, up, ticks)
        case _:
            assert_never(neuron)


def _if_potential(neuron: IF, sinking: Array, up: Array, ticks: int) -> tuple[Array, Array]:
    v0, theta = np.asarray(neuron.v0), np.asarray(neuron.threshold)
    silent = np.maximum(v0, theta - 1)
    match neuron.reset:
        case ToValue(value=value):
            least = np.asarray(value)
            high = np.maximum(silent, least)
            ceiling = high
        case Subtract() | NoReset():
            taken = np.zeros(())
            if isinstance(neuron.reset, Subtract):
                amount = neuron.reset.amount
                taken = theta if amount is None else np.asarray(amount)
            least = theta - taken
            high = silent + ticks * np.maximum(up - taken, 0)
            ceiling = high if neuron.v_max is None else np.maximum(silent, neuron.v_max - taken)
        case _:
            assert_never(neuron.reset)
    low = np.minimum(v0, least) + sinking
    if neuron.v_min is not None:
        low = np.maximum(low, np.minimum(np.minimum(v0, least), neuron.v_min))
    return low, np.minimum(high, ceiling)


def _constants(neuron: Integrating) -> list[Array]:
    """What a potential is compared with or set to; a register holds these too."""
    match neuron:
        case IF():
            values = [neuron.threshold]
            values += [v for v in (neuron.v_min, neuron.v_max) if v is not None]
            if isinstance(neuron.reset, Subtract) and neuron.reset.amount is not None:
                values.append(neuron.reset.amount)
        case Burst(threshold=threshold, max_spikes=max_spikes):
            values = [max_spikes * np.asarray(threshold)]
        case Signed(threshold=threshold, negative=negative, max_spikes=max_spikes):
            theta = np.asarray(threshold)
            values = [max_spikes * theta, -np.asarray(negative) - (max_spikes - 1) * theta]
        case LI():
            values = [0.0]
        case _:
            assert_never(neuron)
    return [np.asarray(value) for value in (*values, neuron.v0)]


def _arrivals(
    network: Network, layer: Layer, amplitude: Mapping[str, Amplitude]
) -> tuple[Array, Array, float]:
    """Sums of the negative and of the positive arrivals of a tick, and sums on the way."""
    maximum = isinstance(layer.neuron, RunningMaximum)
    shape = network.shapes[layer.links[0].source] if maximum else layer.shape
    down, up, largest = np.zeros(shape), np.zeros(shape), 0.0
    for link in layer.links:
        least, most = amplitude[link.source]
        low = np.full(network.shapes[link.source], least)
        high = np.full(network.shapes[link.source], most)
        for synapse in link.chain:
            positive, negative = _part(synapse, 1), _part(synapse, -1)
            low, high = (
                _applied(positive, low) - _applied(negative, high),
                _applied(positive, high) - _applied(negative, low),
            )
            largest = max(largest, -float(low.min()), float(high.max()))
        down, up = down + low, up + high
    return down, up, largest


def _applied(synapse: Synapse | None, values: Array) -> Array:
    return np.zeros(()) if synapse is None else apply_chain((synapse,), values)


def _part(synapse: Synapse, sign: int) -> Synapse | None:
    """The positive weights, or the negative ones without their sign; None for none."""
    match synapse:
        case Linear(weight=weight) | Conv2d(weight=weight):
            return replace(synapse, weight=np.maximum(sign * np.asarray(weight), 0))
        case Sparse(weight=matrix):
            return Sparse((sign * matrix).maximum(0))
        case Scale(factor=factor):
            return Scale(np.maximum(sign * np.asarray(factor), 0))
        case AvgPool2d() | SumPool2d() | Subsample() | Flatten() | Unflatten():
            return synapse if sign > 0 else None
        case _:
            assert_never(synapse)
