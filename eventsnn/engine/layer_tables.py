"""The per-layer arrays of a plan: neuron kinds, parameters, pooling windows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape, Values
from eventsnn.description.network import Layer, Network, maximum_window
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
from eventsnn.description.synapses import output_shape, pool_window
from eventsnn.engine.layout import public_index, to_plan
from eventsnn.kernels import tables as t
from eventsnn.noise import quantiles

__all__ = ["is_noisy", "layer_tables"]


class _Parameters:
    """Thresholds, resets and biases of all layers in one array."""

    def __init__(self, real: np.dtype[Any]) -> None:
        self._real = real
        self._pieces: list[NDArray[Any]] = []
        self._size = 0

    def add(self, values: NDArray[Any]) -> int:
        start = self._size
        self._pieces.append(values.astype(self._real))
        self._size += values.size
        return start

    def array(self) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, dtype=self._real), *self._pieces])


def _period(shape: Shape, *values: NDArray[np.float64]) -> int:
    """After how many neurons all of ``values`` (in plan order) repeat: a row, or never."""
    size = math.prod(shape)
    if len(shape) != 3:
        return size
    row = shape[2] * shape[0]
    repeats = all(np.all(v.reshape(-1, row) == v[:row]) for v in values)
    return row if repeats else size


@dataclass(frozen=True)
class _Rule:
    """What the kernels know of a firing model or an accumulator.

    Attributes:
        kind, reset: integers of `eventsnn.kernels.tables`.
        v0: potential before tick 0.
        lazy: needs more than a plain sweep.
        threshold, amount: of the test, and what the reset subtracts or sets.
        decay, v_min, v_max, refractory, negative, max_spikes: see `eventsnn.description.neurons`.
        synaptic_decay, gain: of CUBA neurons.
        noise_mean, noise_deviation: of its noise.
    """

    kind: int
    reset: int
    v0: Values
    lazy: bool
    threshold: Values = 1.0
    amount: Values = 0.0
    decay: Values = 1.0
    v_min: Values = -np.inf
    v_max: Values = np.inf
    refractory: Values = 0.0
    negative: Values = 0.0
    max_spikes: int = 1
    synaptic_decay: Values = 0.0
    gain: Values = 0.0
    noise_mean: Values = 0.0
    noise_deviation: Values = 0.0


def _rule(neuron: IF | LIF | CubaLIF | Burst | Signed | LI) -> _Rule:
    match neuron:
        case IF() | LIF():
            kind, amount = _reset(neuron)
            decay = neuron.decay if isinstance(neuron, LIF) else 1.0
            v_max = neuron.v_max if isinstance(neuron, IF) else None
            clamped = neuron.v_min is not None or v_max is not None
            waits = bool(np.any(np.asarray(neuron.refractory) != 0))
            noise = neuron.noise
            return _Rule(
                t.KIND_IF,
                kind,
                neuron.v0,
                lazy=isinstance(neuron, LIF) or clamped or waits or noise is not None,
                threshold=neuron.threshold,
                amount=amount,
                decay=decay,
                v_min=-np.inf if neuron.v_min is None else neuron.v_min,
                v_max=np.inf if v_max is None else v_max,
                refractory=neuron.refractory,
                noise_mean=0.0 if noise is None else noise.mean,
                noise_deviation=0.0 if noise is None else noise.standard_deviation,
            )
        case CubaLIF():
            kind, amount = _reset(neuron)
            return _Rule(
                t.KIND_CUBA,
                kind,
                neuron.v0,
                lazy=True,
                threshold=neuron.threshold,
                amount=amount,
                decay=neuron.decay,
                refractory=neuron.refractory,
                synaptic_decay=neuron.synaptic_decay,
                gain=neuron.gain,
            )
        case Burst(threshold=threshold, max_spikes=max_spikes, v0=v0):
            return _Rule(
                t.KIND_BURST,
                t.RESET_SUBTRACT,
                v0,
                lazy=True,
                threshold=threshold,
                max_spikes=max_spikes,
            )
        case Signed(threshold=threshold, negative=negative, v0=v0, max_spikes=max_spikes):
            return _Rule(
                t.KIND_SIGNED,
                t.RESET_SUBTRACT,
                v0,
                lazy=True,
                threshold=threshold,
                negative=negative,
                max_spikes=max_spikes,
            )
        case LI(v0=v0, decay=decay):
            leaks = bool(np.any(np.asarray(decay) != 1))
            return _Rule(t.KIND_ACCUMULATOR, t.RESET_NONE, v0, lazy=leaks, decay=decay)
        case _:
            assert_never(neuron)


def _reset(neuron: IF | LIF | CubaLIF) -> tuple[int, Values]:
    match neuron.reset:
        case Subtract(amount=amount):
            return t.RESET_SUBTRACT, neuron.threshold if amount is None else amount
        case ToValue(value=value):
            return t.RESET_VALUE, value
        case NoReset():
            return t.RESET_NONE, 0.0
        case _:
            assert_never(neuron.reset)


def is_noisy(layer: Layer) -> bool:
    """Whether the layer draws noise."""
    return isinstance(layer.neuron, IF | LIF) and layer.neuron.noise is not None


def _rounded_up(values: NDArray[np.float64], real: np.dtype[Any]) -> NDArray[Any]:
    """Thresholds in ``real``, so that v >= theta holds for the same v of that precision."""
    rounded = values.astype(real)
    return np.where(rounded < values, np.nextafter(rounded, real.type(np.inf)), rounded)


def layer_tables(
    network: Network,
    by_position: list[Layer],
    links: t.Links,
    component: NDArray[np.int64],
    touched: set[str],
    real: np.dtype[Any],
) -> tuple[t.Layers, NDArray[Any], int, int]:
    """The tables, the potentials before tick 0, the numbers of maxima and of lazy neurons."""
    n = len(by_position)
    table: Any = t.rows(n, t.LAYER)
    table.component = component
    table.bias_start = -1
    table.lazy_start = -1
    parameters = _Parameters(real)
    window_ptr, window_index = [0], [np.zeros(0, dtype=np.int64)]
    initial = []
    v_size = maxima = lazy = 0
    for p, layer in enumerate(by_position):
        table[p].neurons = layer.size
        table[p].v_start = v_size
        table[p].period = layer.size
        match layer.neuron:
            case Relay():
                table[p].kind = t.KIND_RELAY
                v0 = np.zeros(layer.size)
            case PhaseAccumulator() | Bistable() | PhaseIF() as neuron:
                v0 = np.zeros(layer.size)
                _add_words(table[p], parameters, neuron, layer.shape, real)
            case RunningMaximum() | PhaseMaximum() as neuron:
                table[p].kind = t.KIND_MAXIMUM
                table[p].output_start = maxima
                table[p].window_start = len(window_ptr) - 1
                source = network.shapes[layer.links[0].source]
                v0 = np.zeros(math.prod(source))
                sizes, index = _windows(neuron, source)
                window_index.append(index)
                window_ptr += (window_ptr[-1] + np.cumsum(sizes)).tolist()
                maxima += layer.size
                if isinstance(neuron, PhaseMaximum):
                    table[p].phases = neuron.phases
                    table[p].forgets = 1
            case neuron:
                rule = _rule(neuron)
                v0 = to_plan(np.asarray(rule.v0), layer.shape)
                _add_rule(table[p], parameters, rule, layer.shape, real)
                if rule.lazy or layer.name in touched:
                    table[p].lazy_start = lazy
                    lazy += layer.size
        bias = to_plan(np.asarray(layer.bias), layer.shape)
        if np.any(bias != 0):
            table[p].bias_period = _period(layer.shape, bias)
            table[p].bias_start = parameters.add(bias[: table[p].bias_period])
        table[p].touched = layer.name in touched
        table[p].noisy = is_noisy(layer)
        table[p].channels = layer.shape[0] if len(layer.shape) == 3 else 1
        v_size += v0.size
        table[p].v_stop = v_size
        initial.append(v0)
    table.links_start = np.searchsorted(links.table.target, np.arange(n))
    table.links_stop = np.searchsorted(links.table.target, np.arange(n), side="right")
    inputs = len(network.inputs)
    outgoing = np.argsort(links.table.source, kind="stable")
    tables = t.Layers(
        table=table,
        # a copy, writeable like all arrays here, also after a pickle: one type to the compiler
        quantiles=quantiles().copy(),
        out_start=np.searchsorted(links.table.source[outgoing], np.arange(inputs + n + 1)),
        out_links=outgoing,
        node_size=np.array(
            [
                *(math.prod(node.shape) for node in network.inputs),
                *(layer.size for layer in by_position),
            ]
        ),
        parameters=parameters.array(),
        window_ptr=np.array(window_ptr, dtype=np.int64),
        window_index=np.concatenate(window_index),
    )
    return tables, np.concatenate(initial).astype(real), maxima, lazy


def _add_rule(
    row: Any,
    parameters: _Parameters,
    rule: _Rule,
    shape: Shape,
    real: np.dtype[Any],
) -> None:
    """All array parameters of a layer, with one common period."""
    row.kind, row.reset, row.max_spikes = rule.kind, rule.reset, rule.max_spikes
    named = {
        "threshold_start": rule.threshold,
        "reset_start": rule.amount,
        "decay_start": rule.decay,
        "v_min_start": rule.v_min,
        "v_max_start": rule.v_max,
        "refractory_start": rule.refractory,
        "negative_start": rule.negative,
        "synaptic_decay_start": rule.synaptic_decay,
        "gain_start": rule.gain,
        "noise_mean_start": rule.noise_mean,
        "noise_deviation_start": rule.noise_deviation,
    }
    flat = {name: to_plan(np.asarray(values), shape) for name, values in named.items()}
    period = _period(shape, *flat.values())
    row.period = period
    for name, values in flat.items():
        kept = values[:period]
        if name in ("threshold_start", "v_max_start"):  # a ceiling never sinks below it
            kept = _rounded_up(kept, real)
        row[name] = parameters.add(kept)


def _add_words(
    row: Any,
    parameters: _Parameters,
    neuron: Bistable | PhaseAccumulator | PhaseIF,
    shape: Shape,
    real: np.dtype[Any],
) -> None:
    """Kind, cycle and the thresholds of every phase, largest first."""
    row.phases = neuron.phases
    if isinstance(neuron, PhaseIF):
        row.kind = t.KIND_PHASE_IF
    else:
        row.stage = neuron.stage
        row.readings = t.NEVER if neuron.readings is None else neuron.readings
        row.forgets = not neuron.carry
    if isinstance(neuron, PhaseAccumulator):
        row.kind = t.KIND_ACCUMULATOR
        return
    threshold = to_plan(np.asarray(neuron.threshold), shape)
    period = _period(shape, threshold)
    row.period = period
    worth = np.ldexp(1.0, -1 - np.arange(neuron.phases))
    half = 0.0
    if isinstance(neuron, Bistable):
        row.kind = t.KIND_BISTABLE
        half = np.ldexp(1.0, -1 - neuron.phases) if neuron.rounding else 0.0
    thresholds = _rounded_up(np.outer(worth - half, threshold[:period]), real)
    row.threshold_start = parameters.add(thresholds.ravel())
    row.reset_start = parameters.add(np.outer(worth, threshold[:period]).ravel())


def _windows(neuron: Maximum, source: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each neuron of the layer, in plan order, how many inputs; and these, in plan order."""
    window = maximum_window(neuron)
    channels, rows, columns = output_shape(window, source)
    (k_y, k_x), (s_y, s_x), (p_y, p_x) = pool_window(window)
    place = np.empty(math.prod(source), dtype=np.int64)
    place[public_index(source)] = np.arange(place.size)
    place = place.reshape(source)
    sizes, found = [], []
    for y in range(rows):
        top, bottom = max(y * s_y - p_y, 0), y * s_y - p_y + k_y
        for x in range(columns):
            left, right = max(x * s_x - p_x, 0), x * s_x - p_x + k_x
            inputs = place[:, top:bottom, left:right].reshape(channels, -1)
            sizes.append(np.full(channels, inputs.shape[1]))
            found.append(inputs.ravel())
    return np.concatenate(sizes), np.concatenate(found)
