"""Whole layers of burst and signed neurons: tested together, answered one by one.

The same as `eventsnn.kernels.lazy.visit` for a layer of which every neuron is visited, and
faster: what all neurons do in a tick (drive, arrivals, test) runs through whole arrays, and
only those that act are looked at by themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsnn.kernels.drive import add_drive
from eventsnn.kernels.fire import compact
from eventsnn.kernels.jit import jit
from eventsnn.kernels.lazy import next_actions, spikes
from eventsnn.kernels.tables import KIND_SIGNED, POOL_SIZE

__all__ = ["burst_visit"]


@jit
def _receive(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Drive since the last visit, and what has arrived; the potentials are then tested."""
    this = layers.table[layer]
    size, start, first = this.neurons, this.v_start, this.lazy_start
    v, inbox = state.v[start : start + size], state.inbox[first : first + size]
    ticks = tick - state.neuron_last[first]  # of all: they are visited together
    state.neuron_last[first : first + size] = tick
    add_drive(layers, state, layer, ticks, v)
    tested = state.tested[:size]
    for i in range(size):
        v[i] += inbox[i]
        tested[i] = v[i]
        inbox[i] = 0


@jit
def _mark(layers: Any, state: Any, layer: int) -> None:
    """Mark the neurons that emit."""
    this = layers.table[layer]
    size, period, start = this.neurons, this.period, this.v_start
    t, n, first = (
        this.threshold_start,
        this.negative_start,
        this.lazy_start,
    )
    threshold = layers.parameters[t : t + period]
    negative = layers.parameters[n : n + period]
    signed = this.kind == KIND_SIGNED
    for block in range(0, size, period):
        v = state.v[start + block : start + block + period]
        fired = state.fired[block : block + period]
        for i in range(period):
            fired[i] = v[i] >= threshold[i]
        if signed:
            given = state.given[first + block : first + block + period]
            for i in range(period):
                fired[i] |= np.uint8(v[i] < -negative[i]) & np.uint8(given[i] > 0)


@jit
def burst_visit(layers: Any, state: Any, pool: Any, layer: int, tick: int) -> int:
    """Advance, receive and fire; emissions go to the pool.

    Returns the earliest tick at which the layer may act by itself.
    """
    this = layers.table[layer]
    _receive(layers, state, layer, tick)
    _mark(layers, state, layer)
    begin = state.registers[POOL_SIZE]
    end = compact(state.fired, this.neurons, pool.index, begin)
    state.registers[POOL_SIZE] = end
    kind, max_spikes, period = this.kind, this.max_spikes, this.period
    start, first = this.v_start, this.lazy_start
    t, n = this.threshold_start, this.negative_start
    v, given, parameters = state.v, state.given, layers.parameters
    for k in range(begin, end):
        i = int(pool.index[k])
        threshold, negative = parameters[t + i % period], parameters[n + i % period]
        s = spikes(kind, v[start + i], threshold, negative, given[first + i], max_spikes)
        v[start + i] -= s * threshold
        given[first + i] += int(s)
        pool.amplitude[k] = s
    if end > begin and (state.layers[layer].has_current or this.bias_start >= 0):
        return int(tick + 1)  # a busy layer: the visit costs less than the prediction
    return int(next_actions(layers, state, layer, state.wanted))
