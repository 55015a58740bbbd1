"""Bring a layer's potentials to a tick: v <- v + n b, and read them without committing."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.cuba import cuba_potentials
from eventsnn.kernels.drive import add_drive
from eventsnn.kernels.jit import jit
from eventsnn.kernels.lazy import potentials
from eventsnn.kernels.tables import KIND_CUBA, KIND_MAXIMUM, KIND_RELAY
from eventsnn.kernels.words import drives, reading_start, restarts

__all__ = ["advance", "is_recorded", "potential_at", "record_until", "record_visit"]


@jit
def advance(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Add the drive of every tick since the last advance."""
    last = state.last[layer]
    state.last[layer] = tick
    if restarts(layers, layer, last, tick):
        last = reading_start(layers, layer, tick) - 1
        _forget(layers, state, layer)
    n = drives(layers, layer, last, tick)
    if n > 0:
        start = layers.v_start[layer]
        add_drive(layers, state, layer, n, state.v[start : start + layers.size[layer]])


@jit
def _forget(layers: Any, state: Any, layer: int) -> None:
    """Nothing heard so far: a new reading begins."""
    start, stop = layers.v_start[layer], layers.v_start[layer + 1]
    state.v[start:stop] = 0
    if layers.kind[layer] == KIND_MAXIMUM:
        first = layers.output_start[layer]
        state.maximum[first : first + layers.size[layer]] = 0


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
        if restarts(layers, layer, state.last[layer], tick):
            out[:size] = 0
        return
    if layers.kind[layer] == KIND_CUBA:
        cuba_potentials(layers, state, layer, tick, out)
        return
    if layers.lazy_start[layer] >= 0:
        potentials(layers, state, layer, tick, out)
        return
    last = state.last[layer]
    start = layers.v_start[layer]
    out[:size] = state.v[start : start + size]
    if restarts(layers, layer, last, tick):
        last = reading_start(layers, layer, tick) - 1
        out[:size] = 0
    n = drives(layers, layer, last, tick)
    add_drive(layers, state, layer, n, out)


@jit
def record_until(layers: Any, state: Any, layer: int, end: int) -> None:
    """Fill the record of a layer for all ticks before ``end`` not recorded so far.

    The layer did not act in them: the potential before the reset is that after it.
    """
    after, before = state.record_start[layer], state.tested_start[layer]
    if after < 0 and before < 0:
        return
    size = layers.size[layer]
    done = state.recorded[layer]
    while done < state.record_ticks.size and state.record_ticks[done] < end:
        for first in (after, before):
            if first >= 0:
                row = first + done * size
                tick = state.record_ticks[done]
                potential_at(layers, state, layer, tick, state.record[row : row + size])
        done += 1
    state.recorded[layer] = done


@jit
def is_recorded(state: Any, layer: int, tick: int) -> bool:
    """Whether the layer's potential of ``tick`` is kept; earlier ticks are done."""
    if state.record_start[layer] < 0 and state.tested_start[layer] < 0:
        return False
    done = state.recorded[layer]
    return bool(done < state.record_ticks.size and state.record_ticks[done] == tick)


@jit
def record_visit(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Record the tick in which the layer has just acted; ``state.tested`` is before it."""
    size, done = layers.size[layer], state.recorded[layer]
    if state.record_start[layer] >= 0:
        row = state.record_start[layer] + done * size
        potential_at(layers, state, layer, tick, state.record[row : row + size])
    if state.tested_start[layer] >= 0:
        row = state.tested_start[layer] + done * size
        if layers.kind[layer] == KIND_RELAY or layers.kind[layer] == KIND_MAXIMUM:
            potential_at(layers, state, layer, tick, state.record[row : row + size])  # no test
        else:
            state.record[row : row + size] = state.tested[:size]
    state.recorded[layer] = done + 1
