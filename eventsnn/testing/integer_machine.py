"""A machine of integer registers, as plain as can be: what fixed point has to equal.

Potentials are ``np.int16`` or ``np.int32`` arrays; matrices, arrivals and amplitudes are
integers. Whatever would not fit into a register, in any order of the additions of a tick, is
an error and never wraps around. It shares the meaning of `eventsnn.oracle.simulate` for networks of
`eventsnn.quantize`, and none of its code but the matrix of a chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.link import delay_groups
from eventsnn.description.network import Layer, Network, maximum_window
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
from eventsnn.oracle.synapses import unroll
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = ["IntegerTrace", "run_integers"]

Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class IntegerTrace:
    """What happened, in integers.

    Attributes:
        spikes: amplitude of each input and layer, (ticks, neurons), C order.
        potentials: at the end of each tick; of a running maximum its output so far.
        reached: least and largest number that each layer's registers held, or would have
            held in the worst order of a tick's additions.
    """

    spikes: Mapping[str, Integers]
    potentials: Mapping[str, Integers]
    reached: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class _Wire:
    """Synapses of one delay: amplitude of a source times a row of the matrix."""

    source: str
    delay: int
    matrix: Integers


def run_integers(
    network: Network, inputs: Mapping[str, Any], *, ticks: int, bits: Mapping[str, int]
) -> IntegerTrace:
    """Run an integer network, one sample, all inputs in whole numbers.

    Args:
        network: of `IF`, `Burst`, `Signed`, `LI` and `RunningMaximum` neurons.
        inputs: by name: an array, `Currents` or `Spikes`.
        ticks: how many.
        bits: of a potential of each layer, 16 or 32.

    Raises:
        OverflowError: a register is too small; names the layer and the tick.
        ValueError: a number of the network or of the inputs that is not whole.
    """
    spikes = {name: _amplitudes(value, ticks) for name, value in inputs.items()}
    layers = sorted(network.layers, key=lambda layer: network.positions[layer.name])
    machines = {layer.name: _Machine(network, layer, bits[layer.name]) for layer in layers}
    potentials = {}
    for layer in layers:
        spikes[layer.name] = np.zeros((ticks, layer.size), dtype=np.int64)
        potentials[layer.name] = np.zeros((ticks, layer.size), dtype=np.int64)
    for tick in range(ticks):
        for name, machine in machines.items():
            spikes[name][tick] = machine.step(tick, spikes)
            potentials[name][tick] = machine.shown()
    reached = {name: machine.reached for name, machine in machines.items()}
    return IntegerTrace(spikes, potentials, reached)


class _Machine:
    """The registers of one layer."""

    def __init__(self, network: Network, layer: Layer, bits: int) -> None:
        self._name, self._neuron = layer.name, layer.neuron
        self._type = np.dtype(f"int{bits}")
        self._wires = []
        size = layer.size
        if isinstance(layer.neuron, RunningMaximum):
            size = int(np.prod(network.shapes[layer.links[0].source]))
            window = unroll((maximum_window(layer.neuron),), network.shapes[layer.links[0].source])
            self._windows = window > 0
        for link in layer.links:
            shape = network.shapes[link.source]
            for group in delay_groups(link, shape):
                rows = _whole(unroll(group.chain, shape))
                if group.members is not None:
                    rows = rows * group.members.reshape(-1, 1)
                self._wires.append(_Wire(link.source, group.delay, rows))
        self._bias = self._spread(layer, layer.bias)
        self._read_parameters(layer)
        v0: Integers = np.zeros(size, dtype=np.int64)
        if not isinstance(layer.neuron, RunningMaximum):
            v0 = self._spread(layer, getattr(layer.neuron, "v0", 0.0))
        self.reached = (int(v0.min()), int(v0.max()))
        self._v = self._fitting(v0, -1)
        self._given = np.zeros(layer.size, dtype=np.int64)
        self._held = np.zeros(layer.size, dtype=np.int64)
        self._output = np.zeros(layer.size, dtype=np.int64)

    def _read_parameters(self, layer: Layer) -> None:
        neuron = layer.neuron
        if isinstance(neuron, IF | Burst | Signed):
            self._threshold = self._spread(layer, neuron.threshold)
        if isinstance(neuron, Signed):
            self._negative = self._spread(layer, neuron.negative)
        if isinstance(neuron, IF):
            self._refractory = self._spread(layer, neuron.refractory)
            self._floor = None if neuron.v_min is None else self._spread(layer, neuron.v_min)
            self._ceiling = None if neuron.v_max is None else self._spread(layer, neuron.v_max)
            match neuron.reset:
                case Subtract(amount=amount):
                    given = neuron.threshold if amount is None else amount
                    self._reset = self._spread(layer, given)
                case ToValue(value=value):
                    self._reset = self._spread(layer, value)
                case NoReset():
                    self._reset = np.zeros(layer.size, dtype=np.int64)

    def shown(self) -> Integers:
        """The recorded potential."""
        return self._output if isinstance(self._neuron, RunningMaximum) else self._v

    def step(self, tick: int, spikes: Mapping[str, Integers]) -> Integers:
        """One tick; returns the amplitudes."""
        up: Integers = np.zeros(self._v.size, dtype=np.int64)
        down: Integers = np.zeros(self._v.size, dtype=np.int64)
        for wire in self._wires:
            if tick >= wire.delay:
                each = wire.matrix * spikes[wire.source][tick - wire.delay][:, None]
                up += np.maximum(each, 0).sum(axis=0)
                down += np.minimum(each, 0).sum(axis=0)
        active: NDArray[np.bool_] = self._held == 0
        if not isinstance(self._neuron, RunningMaximum):
            up, down = up + np.maximum(self._bias, 0), down + np.minimum(self._bias, 0)
            up, down = up * active, down * active
        v: Integers = self._v.astype(np.int64)
        self._fitting(v + up, tick)
        self._fitting(v + down, tick)
        v = v + up + down
        spoken, v = self._fire(v, active)
        self._v = self._fitting(v, tick)
        return spoken

    def _fire(self, v: Integers, active: NDArray[np.bool_]) -> tuple[Integers, Integers]:
        neuron = self._neuron
        if isinstance(neuron, RunningMaximum):
            largest = [v[window].max() for window in self._windows.T]
            said = np.array(largest) - self._output
            self._output = self._output + said
            return said, v
        if isinstance(neuron, LI):
            return np.zeros(v.size, dtype=np.int64), v
        if isinstance(neuron, Burst):
            said = np.clip(v // self._threshold, 0, neuron.max_spikes)
            return said, v - said * self._threshold
        if isinstance(neuron, Signed):
            gives = np.clip(v // self._threshold, 0, neuron.max_spikes)
            takes = -((v + self._negative) // self._threshold)
            said = gives - np.clip(takes, 0, np.minimum(neuron.max_spikes, self._given))
            self._given = self._given + said
            return said, v - said * self._threshold
        assert isinstance(neuron, IF)
        if self._floor is not None:
            v = np.where(active, np.maximum(v, self._floor), v)
        if self._ceiling is not None:
            v = np.where(active, np.minimum(v, self._ceiling), v)
        fires = active & (v >= self._threshold)
        after = self._reset if isinstance(neuron.reset, ToValue) else v - self._reset
        self._held = np.where(fires, self._refractory, np.maximum(self._held - 1, 0))
        return fires.astype(np.int64), np.where(fires, after, v)

    def _spread(self, layer: Layer, values: Any) -> Integers:
        return np.broadcast_to(_whole(np.asarray(values)), layer.shape).ravel()

    def _fitting(self, values: Integers, tick: int) -> Integers:
        limits = np.iinfo(self._type)
        low, high = int(values.min()), int(values.max())
        if not limits.min <= low <= high <= limits.max:
            raise OverflowError(
                f"layer `{self._name}`, tick {tick}: {low} to {high} in {self._type}"
            )
        self.reached = (min(self.reached[0], low), max(self.reached[1], high))
        return values.astype(self._type)


def _amplitudes(value: Any, ticks: int) -> Integers:
    if isinstance(value, Spikes):
        dense = value.to_dense(ticks)
    else:
        currents = value if isinstance(value, Currents) else Currents((0,), np.asarray(value)[None])
        dense = np.stack([currents.at(tick) for tick in range(ticks)])
    return _whole(dense).reshape(ticks, -1)


def _whole(values: NDArray[Any]) -> Integers:
    whole = np.rint(values)
    if np.any(whole != values):
        raise ValueError(f"expected whole numbers, found {values[whole != values].flat[0]}")
    return np.asarray(whole, dtype=np.int64)
