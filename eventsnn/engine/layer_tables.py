"""The per-layer arrays of a plan: neuron kinds, parameters, pooling windows."""

from __future__ import annotations

import math
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description import Shape
from eventsnn.engine.layout import public_index, to_plan
from eventsnn.kernels import tables as t
from eventsnn.network import Layer, Network, maximum_window
from eventsnn.neurons import IF, Accumulator, NoReset, Relay, RunningMaximum, Subtract, ToValue
from eventsnn.synapses import output_shape, pool_window

__all__ = ["layer_tables"]

_PER_LAYER = (
    "kind",
    "reset",
    "size",
    "v_start",
    "v_size",
    "threshold_start",
    "reset_start",
    "period",
    "bias_start",
    "bias_period",
    "component",
    "output_start",
    "window_start",
)


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


def _reset(neuron: IF) -> tuple[int, NDArray[np.float64]]:
    match neuron.reset:
        case Subtract(amount=amount):
            values = neuron.threshold if amount is None else amount
            return t.RESET_SUBTRACT, np.asarray(values)
        case ToValue(value=value):
            return t.RESET_VALUE, np.asarray(value)
        case NoReset():
            return t.RESET_NONE, np.zeros(())
        case _:
            assert_never(neuron.reset)


def layer_tables(
    network: Network,
    by_position: list[Layer],
    links: t.Links,
    component: NDArray[np.int64],
    real: np.dtype[Any],
) -> tuple[t.Layers, NDArray[Any], int]:
    """The tables, the potentials before tick 0, and the number of running outputs."""
    n = len(by_position)
    columns = {name: np.zeros(n, dtype=np.int64) for name in _PER_LAYER}
    columns["component"] = component
    columns["bias_start"][:] = -1
    parameters = _Parameters(real)
    window_ptr, window_index = [0], [np.zeros(0, dtype=np.int64)]
    initial = []
    v_size = maxima = 0
    for p, layer in enumerate(by_position):
        size = layer.size
        columns["size"][p] = size
        columns["v_start"][p] = v_size
        columns["period"][p] = size
        v0 = np.zeros(size)
        match layer.neuron:
            case IF() as neuron:
                columns["kind"][p] = t.KIND_IF
                threshold = to_plan(np.asarray(neuron.threshold), layer.shape)
                columns["reset"][p], amount = _reset(neuron)
                reset = to_plan(amount, layer.shape)
                period = _period(layer.shape, threshold, reset)
                columns["period"][p] = period
                columns["threshold_start"][p] = parameters.add(threshold[:period])
                columns["reset_start"][p] = parameters.add(reset[:period])
                v0 = to_plan(np.asarray(neuron.v0), layer.shape)
            case Accumulator() as neuron:
                columns["kind"][p] = t.KIND_ACCUMULATOR
                v0 = to_plan(np.asarray(neuron.v0), layer.shape)
            case Relay():
                columns["kind"][p] = t.KIND_RELAY
            case RunningMaximum() as neuron:
                columns["kind"][p] = t.KIND_MAXIMUM
                columns["output_start"][p] = maxima
                columns["window_start"][p] = len(window_ptr) - 1
                source = network.shapes[layer.links[0].source]
                v0 = np.zeros(math.prod(source))
                for window in _windows(neuron, source):
                    window_index.append(window)
                    window_ptr.append(window_ptr[-1] + window.size)
                maxima += size
            case _:
                assert_never(layer.neuron)
        bias = to_plan(np.asarray(layer.bias), layer.shape)
        if np.any(bias != 0):
            columns["bias_period"][p] = _period(layer.shape, bias)
            columns["bias_start"][p] = parameters.add(bias[: columns["bias_period"][p]])
        columns["v_size"][p] = v0.size
        v_size += v0.size
        initial.append(v0)
    inputs = len(network.inputs)
    outgoing = np.argsort(links.source, kind="stable")
    tables = t.Layers(
        **columns,
        links_start=np.searchsorted(links.target, np.arange(n + 1)),
        out_start=np.searchsorted(links.source[outgoing], np.arange(inputs + n + 1)),
        out_links=outgoing,
        parameters=parameters.array(),
        window_ptr=np.array(window_ptr, dtype=np.int64),
        window_index=np.concatenate(window_index),
    )
    return tables, np.concatenate(initial).astype(real), maxima


def _windows(neuron: RunningMaximum, source: Shape) -> list[NDArray[np.int64]]:
    """For each neuron of the layer, in plan order, its inputs, in plan order."""
    window = maximum_window(neuron)
    channels, rows, columns = output_shape(window, source)
    (k_y, k_x), (s_y, s_x), (p_y, p_x) = pool_window(window)
    place = np.empty(math.prod(source), dtype=np.int64)
    place[public_index(source)] = np.arange(place.size)
    place = place.reshape(source)
    found: list[NDArray[np.int64]] = []
    for y in range(rows):
        top, bottom = max(y * s_y - p_y, 0), y * s_y - p_y + k_y
        for x in range(columns):
            left, right = max(x * s_x - p_x, 0), x * s_x - p_x + k_x
            found.extend(place[c, top:bottom, left:right].ravel() for c in range(channels))
    return found
