"""Bring a layer's potentials to a tick: v <- v + n b, and read them without committing."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import jit
from eventsnn.kernels.lazy import potentials
from eventsnn.kernels.tables import KIND_MAXIMUM, KIND_RELAY

__all__ = ["advance", "potential_at", "record_until"]


@jit
def advance(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Add the drive of every tick since the last advance.

    The drive is the bias and, for layers fed by a constant image, its current, which is
    laid out like the potentials.
    """
    n = tick - state.last[layer]
    state.last[layer] = tick
    start, size = layers.v_start[layer], layers.size[layer]
    if state.has_current[layer]:
        v = state.v[start : start + size]
        current = state.current[start : start + size]
        for i in range(size):
            v[i] += n * current[i]
    if layers.bias_start[layer] >= 0:
        period = layers.bias_period[layer]
        b = layers.bias_start[layer]
        bias = layers.parameters[b : b + period]
        for block in range(start, start + size, period):
            v = state.v[block : block + period]
            for i in range(period):
                v[i] += n * bias[i]


@jit
def potential_at(layers: Any, state: Any, layer: int, tick: int, out: Any) -> None:
    """Write the potential at the end of ``tick``, if nothing arrives before, to ``out``."""
    size = layers.size[layer]
    if layers.kind[layer] == KIND_RELAY:
        out[:size] = 0
        return
    if layers.kind[layer] == KIND_MAXIMUM:
        first = layers.output_start[layer]
        out[:size] = state.maximum[first : first + size]
        return
    if layers.lazy_start[layer] >= 0:
        potentials(layers, state, layer, tick, out)
        return
    n = tick - state.last[layer]
    start = layers.v_start[layer]
    out[:size] = state.v[start : start + size]
    if state.has_current[layer]:
        for i in range(size):
            out[i] += n * state.current[start + i]
    if layers.bias_start[layer] >= 0:
        period = layers.bias_period[layer]
        for block in range(0, size, period):
            for i in range(period):
                out[block + i] += n * layers.parameters[layers.bias_start[layer] + i]


@jit
def record_until(layers: Any, state: Any, layer: int, end: int) -> None:
    """Fill the record of a layer for all ticks before ``end`` not recorded so far."""
    first = state.record_start[layer]
    if first < 0:
        return
    size = layers.size[layer]
    for tick in range(state.recorded[layer], end):
        row = first + tick * size
        potential_at(layers, state, layer, tick, state.record[row : row + size])
    state.recorded[layer] = max(end, state.recorded[layer])
