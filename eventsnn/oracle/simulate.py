"""The oracle: what a network means, dense and step by step, in plain NumPy.

Slow on purpose and written to be read beside ``docs/semantics.md``. It shares no code
with the engine, so it cannot share its mistakes; verify the engine, or your own
simulator, against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from eventsnn import noise as seeded
from eventsnn.description.base import Shape, pair
from eventsnn.description.link import Link
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    Maximum,
    NoReset,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Signed,
    Subtract,
    ToValue,
)
from eventsnn.description.synapses import Sparse
from eventsnn.errors import InputError
from eventsnn.oracle.synapses import apply_chain
from eventsnn.oracle.words import maximum_tick, words_tick
from eventsnn.signals.codings import code, settled_value
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = ["Trace", "by_name", "simulate"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """Everything that happened.

    Attributes:
        spikes: emitted amplitude of each input and layer, (ticks, *shape).
        potentials: v at the end of each tick, after the reset, (ticks, *shape).
        tested: v as the threshold test saw it, before the reset, (ticks, *shape).
    """

    spikes: Mapping[str, Array]
    potentials: Mapping[str, Array]
    tested: Mapping[str, Array]


def simulate(
    network: Network,
    inputs: ArrayLike | Spikes | Currents | Mapping[str, ArrayLike | Spikes | Currents],
    *,
    ticks: int,
    seed: int = 0,
    sample: int = 0,
) -> Trace:
    """Run one sample in float64.

    Args:
        network: what to run.
        inputs: an array of the input's shape, coded as the input says, `Spikes`, `Currents`,
            or a mapping from input names to these.
        ticks: how many.
        seed, sample: of the noise; ``sample`` is the number of the sample in its batch.

    Raises:
        InputError: inputs that are missing, unknown or of the wrong shape.
    """
    given = by_name(network, inputs)
    spikes = {name: np.zeros((ticks, *shape)) for name, shape in network.shapes.items()}
    analog: dict[str, Currents] = {}
    for node in network.inputs:
        value = given[node.name]
        if isinstance(value, Spikes | Currents):
            value = settled_value(node, value)
        else:
            value = code(node, np.asarray(value, dtype=np.float64))
        if isinstance(value, Spikes):
            spikes[node.name] = value.to_dense(ticks)
        else:
            analog[node.name] = value
    layers = sorted(network.layers, key=lambda layer: network.positions[layer.name])
    potentials = {layer.name: np.zeros((ticks, *layer.shape)) for layer in layers}
    tested = {layer.name: np.zeros((ticks, *layer.shape)) for layer in layers}
    state = {layer.name: _initial(layer, network.shapes) for layer in layers}
    keys = {
        layer.name: seeded.stream(seed, sample, number)
        for number, layer in enumerate(network.layers)
    }
    for tick in range(ticks):
        for layer in layers:
            arrivals = _arrivals(network, layer, tick, spikes)
            arrivals = arrivals + _noise(layer, keys[layer.name], tick)
            current = _current(layer, tick, analog)
            step = _step(layer, state[layer.name], arrivals, current, tick)
            spikes[layer.name][tick] = step.spikes
            potentials[layer.name][tick] = step.v
            tested[layer.name][tick] = step.tested
            state[layer.name] = step.state
    return Trace(spikes, potentials, tested)


def _arrivals(
    network: Network,
    layer: Layer,
    tick: int,
    spikes: Mapping[str, Array],
) -> Array:
    """The sum over links of the spikes that arrive at ``layer`` in ``tick``."""
    shape = layer.shape
    if isinstance(layer.neuron, Maximum):
        shape = network.shapes[layer.links[0].source]
    total = np.zeros(shape)
    for link in layer.links:
        for delay in link.delays():
            if tick >= delay:
                total += _delayed(link, int(delay), spikes[link.source][int(tick - delay)])
    return total


def _current(layer: Layer, tick: int, analog: Mapping[str, Currents]) -> Array | float:
    """The sum over links of the currents that flow into ``layer`` in ``tick``."""
    return sum(
        _delayed(link, int(delay), analog[link.source].at(int(tick - delay)))
        for link in layer.links
        for delay in link.delays()
        if tick >= delay and link.source in analog
    )


def _delayed(link: Link, delay: int, emitted: Array) -> Array:
    """What arrives of ``emitted`` after exactly ``delay`` ticks."""
    delays: Any = link.delay
    if not sp.issparse(delays):
        return apply_chain(link.chain, np.where(np.asarray(delays) == delay, emitted, 0.0))
    y: Any = emitted
    for synapse in link.chain:
        if isinstance(synapse, Sparse):
            entries = synapse.weight.tocoo()
            same = delays.tocoo().data == delay
            y = np.bincount(
                entries.row[same],
                entries.data[same] * y[entries.col[same]],
                minlength=entries.shape[0],
            )
        else:
            y = apply_chain((synapse,), y)
    return np.asarray(y)


def _noise(layer: Layer, key: int, tick: int) -> Array | float:
    """The noise of a tick, which acts as one more current."""
    if not isinstance(layer.neuron, IF | LIF) or layer.neuron.noise is None:
        return 0.0
    z = seeded.draw(key, tick, layer.size).reshape(layer.shape)
    return layer.neuron.noise.mean + layer.neuron.noise.standard_deviation * z


@dataclass(frozen=True)
class _State:
    """What a layer keeps from tick to tick.

    Attributes:
        v: the potential; the running inputs X of a running maximum; the spikes that a phase
            maximum heard in this cycle, (phases, *shape of the source).
        held: refractory ticks still to come.
        given: spikes given and not taken back, of signed neurons.
        current: the synaptic current I of CUBA neurons.
    """

    v: Array
    held: Array
    given: Array
    current: Array | float = 0.0


def _initial(layer: Layer, shapes: Mapping[str, Shape]) -> _State:
    nothing = np.zeros(layer.shape)
    match layer.neuron:
        case IF(v0=v0) | LIF(v0=v0) | CubaLIF(v0=v0) | Burst(v0=v0) | Signed(v0=v0) | LI(v0=v0):
            return _State(nothing + v0, nothing, nothing)
        case Relay() | Bistable() | PhaseAccumulator() | PhaseIF():
            return _State(nothing, nothing, nothing)
        case RunningMaximum():
            return _State(np.zeros(shapes[layer.links[0].source]), nothing, nothing)
        case PhaseMaximum(phases=phases):
            source = shapes[layer.links[0].source]
            return _State(np.zeros((phases, *source)), nothing, nothing)
        case _:
            assert_never(layer.neuron)


@dataclass(frozen=True)
class _Step:
    """What one tick of one layer gives; the fields of `Trace`, and the next state."""

    spikes: Array
    v: Array
    tested: Array
    state: _State


def _step(layer: Layer, state: _State, arrivals: Array, image: Array | float, tick: int) -> _Step:
    nothing = np.zeros(layer.shape)
    neuron = layer.neuron
    if not isinstance(neuron, Bistable | PhaseAccumulator | PhaseIF | PhaseMaximum):
        arrivals = arrivals + image
    match neuron:
        case IF() | LIF():
            decay = neuron.decay if isinstance(neuron, LIF) else 1.0
            active = state.held == 0
            v = decay * state.v + layer.bias + arrivals
            if neuron.v_min is not None:
                v = np.maximum(v, neuron.v_min)
            if isinstance(neuron, IF) and neuron.v_max is not None:
                v = np.minimum(v, neuron.v_max)
            v = np.where(active, v, state.v)
            fires = active & (v >= neuron.threshold)
            after = np.where(fires, _reset(neuron, v), v)
            held = np.where(fires, neuron.refractory, np.maximum(state.held - 1, 0))
            return _Step(fires.astype(np.float64), after, v, _State(after, held, nothing))
        case CubaLIF():
            active = state.held == 0
            current = neuron.synaptic_decay * state.current + arrivals
            v = neuron.decay * state.v + layer.bias + neuron.gain * current
            v = np.where(active, v, state.v)
            fires = active & (v >= neuron.threshold)
            after = np.where(fires, _reset(neuron, v), v)
            held = np.where(fires, neuron.refractory, np.maximum(state.held - 1, 0))
            kept = _State(after, held, nothing, current)
            return _Step(fires.astype(np.float64), after, v, kept)
        case Burst(threshold=theta, max_spikes=most):
            v = state.v + layer.bias + arrivals
            s = sum(((v >= k * theta).astype(np.float64) for k in range(1, most + 1)), nothing)
            return _Step(s, v - s * theta, v, _State(v - s * theta, nothing, nothing))
        case Signed(threshold=theta, negative=negative, max_spikes=most):
            v = state.v + layer.bias + arrivals
            gives = sum(((v >= k * theta).astype(np.float64) for k in range(1, most + 1)), nothing)
            takes = sum(
                ((v < -negative - k * theta).astype(np.float64) for k in range(most)), nothing
            )
            s = gives - np.minimum(takes, state.given)
            return _Step(s, v - s * theta, v, _State(v - s * theta, nothing, state.given + s))
        case LI(decay=decay):
            v = decay * state.v + layer.bias + arrivals
            return _Step(nothing, v, v, _State(v, nothing, nothing))
        case Relay():
            return _Step(arrivals + layer.bias, nothing, nothing, state)
        case RunningMaximum():
            before, after = _maximum(neuron, state.v), _maximum(neuron, state.v + arrivals)
            return _Step(after - before, after, after, _State(state.v + arrivals, nothing, nothing))
        case Bistable() | PhaseAccumulator() | PhaseIF():
            s, v, tested = words_tick(neuron, state.v, arrivals, layer.bias + image, tick)
            return _Step(s, v, tested, _State(v, nothing, nothing))
        case PhaseMaximum():
            s, v, words = maximum_tick(neuron, state.v, arrivals, tick)
            return _Step(s, words, words, _State(v, nothing, nothing))
        case _:
            assert_never(neuron)


def _reset(neuron: IF | LIF | CubaLIF, v: Array) -> Array:
    """The potential after a spike."""
    match neuron.reset:
        case Subtract(amount=amount):
            return v - (neuron.threshold if amount is None else amount)
        case ToValue(value=value):
            return v * 0 + value
        case NoReset():
            return v
        case _:
            assert_never(neuron.reset)


def _maximum(neuron: RunningMaximum, x: Array) -> Array:
    """Maximum over windows; pixels outside the image never win."""
    (k_y, k_x), (p_y, p_x) = pair(neuron.kernel_size), pair(neuron.padding)
    s_y, s_x = pair(neuron.stride)
    padded = np.pad(x, ((0, 0), (p_y, p_y), (p_x, p_x)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k_y, k_x), axis=(1, 2))
    return np.asarray(windows[:, ::s_y, ::s_x].max(axis=(3, 4)))


def by_name(
    network: Network,
    inputs: ArrayLike | Spikes | Currents | Mapping[str, ArrayLike | Spikes | Currents],
) -> dict[str, ArrayLike | Spikes | Currents]:
    """The inputs by name, each of the right shape."""
    if not isinstance(inputs, Mapping):
        if len(network.inputs) != 1:
            raise InputError("the network has several inputs: pass a mapping from their names")
        inputs = {network.inputs[0].name: inputs}
    expected = {node.name: node.shape for node in network.inputs}
    if set(inputs) != set(expected):
        raise InputError(f"expected inputs {sorted(expected)}, found {sorted(inputs)}")
    for name, value in inputs.items():
        shape = value.shape if isinstance(value, Spikes | Currents) else np.shape(value)
        if shape != expected[name]:
            raise InputError(f"input `{name}` has shape {expected[name]}, found {shape}")
    return dict(inputs)
