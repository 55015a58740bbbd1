"""Bring a layer's potentials to a tick: v <- v + n b, and read them without committing."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.cuba import cuba_potentials
from eventsnn.kernels.drive import add_drive
from eventsnn.kernels.jit import entry_point, jit
from eventsnn.kernels.lazy import potentials
from eventsnn.kernels.tables import KIND_CUBA, KIND_MAXIMUM, KIND_RELAY
from eventsnn.kernels.words import drives, reading_start, restarts

__all__ = ["advance", "is_recorded", "potential_at", "record_until", "record_visit"]


@jit
def advance(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Add the drive of every tick since the last advance."""
    this = layers.table[layer]
    last = state.layers[layer].last
    state.layers[layer].last = tick
    if restarts(layers, layer, last, tick):
        last = reading_start(layers, layer, tick) - 1
        _forget(layers, state, layer)
    n = drives(layers, layer, last, tick)
    if n > 0:
        start = this.v_start
        add_drive(layers, state, layer, n, state.v[start : start + this.neurons])


@jit
def _forget(layers: Any, state: Any, layer: int) -> None:
    """Nothing heard so far: a new reading begins."""
    this = layers.table[layer]
    start, stop = this.v_start, this.v_stop
    state.v[start:stop] = 0
    if this.kind == KIND_MAXIMUM:
        first = this.output_start
        state.maximum[first : first + this.neurons] = 0


@entry_point
def potential_at(layers: Any, state: Any, layer: int, tick: int, out: Any) -> None:
    """Write the potential at the end of ``tick``, if nothing arrives before, to ``out``."""
    this = layers.table[layer]
    size = this.neurons
    if this.kind == KIND_RELAY:
        out[:size] = 0
        return
    if this.kind == KIND_MAXIMUM:
        first = this.output_start
        out[:size] = state.maximum[first : first + size]
        if restarts(layers, layer, state.layers[layer].last, tick):
            out[:size] = 0
        return
    if this.kind == KIND_CUBA:
        cuba_potentials(layers, state, layer, tick, out)
        return
    if this.lazy_start >= 0:
        potentials(layers, state, layer, tick, out)
        return
    last = state.layers[layer].last
    start = this.v_start
    out[:size] = state.v[start : start + size]
    if restarts(layers, layer, last, tick):
        last = reading_start(layers, layer, tick) - 1
        out[:size] = 0
    n = drives(layers, layer, last, tick)
    add_drive(layers, state, layer, n, out)


@entry_point
def record_until(layers: Any, state: Any, layer: int, end: int) -> None:
    """Fill the record of a layer for all ticks before ``end`` not recorded so far.

    The layer did not act in them: the potential before the reset is that after it.
    """
    after, before = state.layers[layer].record_start, state.layers[layer].tested_start
    if after < 0 and before < 0:
        return
    size = layers.table[layer].neurons
    done = state.layers[layer].recorded
    while done < state.record_ticks.size and state.record_ticks[done] < end:
        for first in (after, before):
            if first >= 0:
                row = first + done * size
                tick = state.record_ticks[done]
                potential_at(layers, state, layer, tick, state.record[row : row + size])
        done += 1
    state.layers[layer].recorded = done


@jit
def is_recorded(state: Any, layer: int, tick: int) -> bool:
    """Whether the layer's potential of ``tick`` is kept; earlier ticks are done."""
    if state.layers[layer].record_start < 0 and state.layers[layer].tested_start < 0:
        return False
    done = state.layers[layer].recorded
    return bool(done < state.record_ticks.size and state.record_ticks[done] == tick)


@jit
def record_visit(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Record the tick in which the layer has just acted; ``state.tested`` is before it."""
    this = layers.table[layer]
    size, done = this.neurons, state.layers[layer].recorded
    if state.layers[layer].record_start >= 0:
        row = state.layers[layer].record_start + done * size
        potential_at(layers, state, layer, tick, state.record[row : row + size])
    if state.layers[layer].tested_start >= 0:
        row = state.layers[layer].tested_start + done * size
        if this.kind in (KIND_RELAY, KIND_MAXIMUM):
            potential_at(layers, state, layer, tick, state.record[row : row + size])  # no test
        else:
            state.record[row : row + size] = state.tested[:size]
    state.layers[layer].recorded = done + 1
