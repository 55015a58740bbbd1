"""Threshold tests and resets: which neurons of a layer emit what in this tick."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eventsnn.kernels.jit import jit
from eventsnn.kernels.tables import (
    KIND_ACCUMULATOR,
    KIND_IF,
    KIND_PHASE_IF,
    KIND_RELAY,
    NEVER,
    POOL_SIZE,
    RESET_SUBTRACT,
    RESET_VALUE,
)
from eventsnn.kernels.words import say

__all__ = ["compact", "fire", "next_crossing"]


_EARLY = 1.0 - 2.0**-20


@jit
def _threshold(layers: Any, state: Any, layer: int) -> bool:
    """Mark the neurons with v >= threshold, reset them; whether any would fire again."""
    this = layers.table[layer]
    start, size, period = this.v_start, this.neurons, this.period
    t, r = this.threshold_start, this.reset_start
    threshold = layers.parameters[t : t + period]
    reset = layers.parameters[r : r + period]
    kind = this.reset
    again = np.uint8(0)
    for block in range(0, size, period):
        v = state.v[start + block : start + block + period]
        fired = state.fired[block : block + period]
        if kind == RESET_SUBTRACT:
            for i in range(period):
                s = v[i] >= threshold[i]
                fired[i] = s
                v[i] = v[i] - reset[i] if s else v[i]
                again |= np.uint8(v[i] >= threshold[i])
        elif kind == RESET_VALUE:
            for i in range(period):
                s = v[i] >= threshold[i]
                fired[i] = s
                v[i] = reset[i] if s else v[i]
                again |= np.uint8(v[i] >= threshold[i])
        else:
            for i in range(period):
                s = np.uint8(v[i] >= threshold[i])
                fired[i] = s
                again |= s
    return bool(again != 0)


@jit
def compact(fired: Any, size: int, index: Any, end: int) -> int:
    """Append the set bytes of a mask to ``index``; eight silent neurons cost one test."""
    whole = (size + 7) // 8 * 8
    fired[size:whole] = 0
    words = fired[:whole].view(np.uint64)
    for k in range(words.size):
        if words[k] != 0:
            for i in range(8 * k, 8 * k + 8):
                if fired[i]:
                    index[end] = i
                    end += 1
    return end


@jit
def fire(layers: Any, state: Any, pool: Any, layer: int, tick: int) -> int:
    """Append the layer's emissions to the pool.

    The caller has made sure that the pool has room for the whole layer. Returns the first
    tick at which the layer may act without input.
    """
    this = layers.table[layer]
    end = state.registers[POOL_SIZE]
    begin = end
    earliest = NEVER
    start, size = this.v_start, this.neurons
    kind = this.kind
    if kind == KIND_IF:
        again = _threshold(layers, state, layer)
        end = compact(state.fired, size, pool.index, end)
        if pool.amplitude.size:
            pool.amplitude[begin:end] = 1
        if again:
            earliest = tick + 1
        elif end > begin and (state.layers[layer].has_current or this.bias_start >= 0):
            earliest = tick + 1  # a busy layer: the visit costs less than the prediction
        else:
            earliest = next_crossing(layers, state, layer, tick)
    elif kind == KIND_PHASE_IF:
        left = say(layers, state, layer, tick % this.phases)
        end = compact(state.fired, size, pool.index, end)
        if left or state.layers[layer].has_current or this.bias_start >= 0:
            earliest = tick + 1
    elif kind == KIND_RELAY:
        v = state.v[start : start + size]
        for i in range(size):
            if v[i] != 0:
                pool.index[end] = i
                pool.amplitude[end] = v[i]
                v[i] = 0
                end += 1
    elif kind != KIND_ACCUMULATOR:  # max pooling
        first = this.output_start
        for w in range(size):
            window = this.window_start + w
            largest = state.v[start + layers.window_index[layers.window_ptr[window]]]
            for j in range(layers.window_ptr[window] + 1, layers.window_ptr[window + 1]):
                largest = max(largest, state.v[start + layers.window_index[j]])
            change = largest - state.maximum[first + w]
            if change != 0:
                state.maximum[first + w] = largest
                pool.index[end] = w
                if pool.amplitude.size:
                    pool.amplitude[end] = change
                end += 1
    state.registers[POOL_SIZE] = end
    return earliest


@jit
def next_crossing(layers: Any, state: Any, layer: int, tick: int) -> int:
    """The first tick after ``tick`` at which a neuron of a plain layer may cross.

    v grows by b in every tick: ceil((threshold - v) / b) of them, shortened by 2^-20
    against rounding, so the wake may be early, never late.
    """
    this = layers.table[layer]
    start, size, period = this.v_start, this.neurons, this.period
    driven = state.layers[layer].has_current or this.bias_start >= 0
    if not driven and tick >= 0:
        return NEVER
    earliest = NEVER
    for i in range(size):
        v = state.v[start + i]
        threshold = layers.parameters[this.threshold_start + i % period]
        if v >= threshold:
            return tick + 1
        b = np.float64(0)
        if this.bias_start >= 0:
            b += layers.parameters[this.bias_start + i % this.bias_period]
        if state.layers[layer].has_current:
            b += state.current[start + i]
        if b > 0:
            ticks = (threshold - v) / b * _EARLY
            if ticks <= 1:
                return tick + 1
            if ticks < 2.0**62:
                earliest = min(earliest, tick + math.ceil(ticks))
    return earliest
