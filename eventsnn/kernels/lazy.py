"""Neurons advanced one by one, each from its own last tick, in closed form.

Serves every model that is more than a plain integrate-and-fire sweep: leaks, floors,
refractory ticks, bursts, signed spikes; and layers of which only those neurons are visited
that a packet reaches (``touched``).

When can a neuron act without input? Between arrivals v follows v <- lambda v + b, an affine
map with 0 <= lambda <= 1, so v moves monotonically: towards v_inf = b / (1 - lambda), or
without bound for lambda = 1; lambda = 0 is there after one tick. It crosses the threshold
from below at most once, and only if the drift is upward and v_inf > theta (or reaches it at
once, for lambda = 0); the crossing time has a closed form. Floating point
may misjudge it by a relative 2^-40 or so; the prediction is shortened by 2^-20 of itself,
so a wake may be early, never late. At an early wake the neuron does not fire and predicts
again, at least one tick on. A floor only lifts v, so the flow starts from max(v, v_min).
A ceiling lies at the threshold or above, where every tick
is a visit, so it is applied at visits only. A held (refractory) neuron starts to move when
it is released. Arrivals need no prediction:
they are visits, and every visit predicts anew.
"""

from __future__ import annotations

import math
from typing import Any

from eventsnn.kernels.jit import jit
from eventsnn.kernels.tables import (
    KIND_ACCUMULATOR,
    KIND_BURST,
    KIND_SIGNED,
    NEVER,
    POOL_SIZE,
    RESET_SUBTRACT,
    RESET_VALUE,
)

__all__ = [
    "next_action",
    "next_actions",
    "potentials",
    "power",
    "reset_potential",
    "settle",
    "spikes",
    "visit",
]

_EARLY = 1.0 - 2.0**-20
_EPSILON = 2.0**-52


@jit
def power(base: float, n: int) -> float:
    """base ** n by squaring: exact where every product is, unlike a library's pow."""
    result = 1.0
    while n > 0:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result


@jit
def _closed(v: float, b: float, decay: float, n: int) -> float:
    """n times v <- decay v + b."""
    if decay == 1.0:
        return v + n * b
    to_n = power(decay, n)
    return v * to_n + b * (1.0 - to_n) / (1.0 - decay)


@jit
def _flow(v: float, b: float, decay: float, v_min: float, n: int) -> float:
    """v after n >= 1 ticks without arrivals, before the floor of the last of them."""
    if n > 1 and v < v_min:  # after a reset: one tick lifts v to the floor or above
        v = max(decay * v + b, v_min)
        n -= 1
    if n > 1:
        v = max(_closed(v, b, decay, n - 1), v_min)
    return decay * v + b


@jit
def next_action(
    kind: int,
    start: int,
    v: float,
    b: float,
    decay: float,
    v_min: float,
    threshold: float,
    negative: float,
    given: int,
) -> int:
    """The first tick after ``start`` at which a neuron may act by itself, or NEVER."""
    if kind == KIND_ACCUMULATOR:
        return NEVER
    takes_back = kind == KIND_SIGNED and given > 0
    if v >= threshold or (takes_back and v < -negative):
        return start + 1
    v = max(v, v_min)
    if decay == 1.0:
        if b > 0:
            ticks = (threshold - v) / b
        elif takes_back and b < 0:
            ticks = (v + negative) / -b
        else:
            return NEVER
    else:
        v_inf = b / (1.0 - decay)
        if decay == 0.0:
            return start + 1 if v_inf >= threshold else NEVER
        if v_inf <= threshold:
            return NEVER
        gap = v_inf - threshold + 4 * _EPSILON * abs(v_inf)
        ticks = math.log(gap / (v_inf - v)) / math.log(decay)
    if not ticks < 2.0**62:
        return NEVER
    return start + max(1, math.ceil(ticks * _EARLY))


@jit
def spikes(
    kind: int, v: float, threshold: float, negative: float, given: int, max_spikes: int
) -> float:
    """The amplitude that a neuron at potential v emits; 0 for none."""
    if kind != KIND_ACCUMULATOR and v >= threshold:
        if max_spikes == 1:
            return 1.0
        s = min(max(math.floor(v / threshold), 1.0), float(max_spikes))
        # the quotient may be rounded across an integer
        while s > 1 and v < s * threshold:
            s -= 1
        while s < max_spikes and v >= (s + 1) * threshold:
            s += 1
        return float(s)
    if kind == KIND_SIGNED and given > 0 and v < -negative:
        s, most = 1, min(given, max_spikes)
        while s < most and v < -negative - s * threshold:
            s += 1
        return float(-s)
    return 0.0


@jit
def reset_potential(
    kind: int, reset: int, v: float, s: float, threshold: float, amount: float
) -> float:
    """The potential after emitting ``s``."""
    if kind in (KIND_SIGNED, KIND_BURST):
        return v - s * threshold
    if reset == RESET_SUBTRACT:
        return v - amount
    if reset == RESET_VALUE:
        return amount
    return v


@jit
def potentials(layers: Any, state: Any, layer: int, tick: int, out: Any) -> None:
    """v at the end of ``tick`` if nothing arrives before; nothing changes."""
    this = layers.table[layer]
    period, bias_start = this.period, this.bias_start
    parameters, has_current = layers.parameters, state.layers[layer].has_current
    for i in range(this.neurons):
        g = this.lazy_start + i
        v = state.v[this.v_start + i]
        n = tick - max(state.neuron_last[g], state.held[g])
        if n > 0:
            p = i % period
            b = 0.0
            if bias_start >= 0:
                b += parameters[bias_start + i % this.bias_period]
            if has_current:
                b += state.current[this.v_start + i]
            v_min = parameters[this.v_min_start + p]
            decay = parameters[this.decay_start + p]
            v = max(_flow(v, b, decay, v_min, n), v_min)
        out[i] = v


@jit
def settle(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Bring every neuron to the end of ``tick``, in which nothing arrives and none acts."""
    this = layers.table[layer]
    size, start = this.neurons, this.v_start
    first = this.lazy_start
    potentials(layers, state, layer, tick, state.v[start : start + size])
    for g in range(first, first + size):
        if tick > state.held[g]:
            state.neuron_last[g] = max(state.neuron_last[g], tick)


@jit
def next_actions(layers: Any, state: Any, layer: int, out: Any) -> int:
    """When each neuron may first act by itself, into ``out``; returns the earliest."""
    this = layers.table[layer]
    period, bias_start = this.period, this.bias_start
    parameters, has_current = layers.parameters, state.layers[layer].has_current
    earliest = NEVER
    for i in range(this.neurons):
        g, p = this.lazy_start + i, i % period
        b = 0.0
        if bias_start >= 0:
            b += parameters[bias_start + i % this.bias_period]
        if has_current:
            b += state.current[this.v_start + i]
        out[i] = next_action(
            this.kind,
            max(state.neuron_last[g], state.held[g]),
            state.v[this.v_start + i],
            b,
            parameters[this.decay_start + p],
            parameters[this.v_min_start + p],
            parameters[this.threshold_start + p],
            parameters[this.negative_start + p],
            state.given[g],
        )
        earliest = min(earliest, out[i])
    return earliest


@jit
def visit(layers: Any, state: Any, pool: Any, layer: int, tick: int, count: int) -> int:
    """Advance, receive, clamp, fire: all neurons of a swept layer, or the touched ones.

    Emissions go to the pool. Returns the earliest tick at which the layer may act by
    itself; for touched layers that of each visited neuron is left in ``state.wanted``.

    One loop over plain arrays and numbers: handing the tables to a function costs more
    than a neuron does.
    """
    this = layers.table[layer]
    touched, kind = this.touched, this.kind
    period, bias_period = this.period, this.bias_period
    bias_start, max_spikes, reset = this.bias_start, this.max_spikes, this.reset
    threshold_start, reset_start = this.threshold_start, this.reset_start
    decay_start, v_min_start = this.decay_start, this.v_min_start
    negative_start, v_max_start = this.negative_start, this.v_max_start
    refractory_start = this.refractory_start
    lazy_start, v_start = this.lazy_start, this.v_start
    has_current, graded = state.layers[layer].has_current, pool.amplitude.size > 0
    parameters, potential, current = layers.parameters, state.v, state.current
    last, held, given, inbox = state.neuron_last, state.held, state.given, state.inbox
    tested = state.tested
    index, amplitude, listed, wanted = pool.index, pool.amplitude, state.touched, state.wanted
    if touched:
        listed[:count].sort()
    end = state.registers[POOL_SIZE]
    earliest = NEVER
    for k in range(count):
        i = int(listed[k]) if touched else k
        g, p = lazy_start + i, i % period
        threshold = parameters[threshold_start + p]
        negative = parameters[negative_start + p]
        decay, v_min = parameters[decay_start + p], parameters[v_min_start + p]
        b = 0.0
        if bias_start >= 0:
            b += parameters[bias_start + i % bias_period]
        if has_current:
            b += current[v_start + i]
        n = tick - max(last[g], held[g])
        if n > 0:
            v = max(_flow(potential[v_start + i], b, decay, v_min, n) + inbox[g], v_min)
            v = min(v, parameters[v_max_start + p])
            tested[i] = v
            s = spikes(kind, v, threshold, negative, given[g], max_spikes)
            if s != 0.0:
                v = reset_potential(kind, reset, v, s, threshold, parameters[reset_start + p])
                given[g] += int(s)
                held[g] = tick + int(parameters[refractory_start + p])
                index[end] = i
                if graded:
                    amplitude[end] = s
                end += 1
            potential[v_start + i] = v
            last[g] = tick
        inbox[g] = 0
        if touched or earliest > tick + 1:
            v = potential[v_start + i]
            start = max(last[g], held[g])
            action = next_action(kind, start, v, b, decay, v_min, threshold, negative, given[g])
            if touched:
                wanted[k] = action
            earliest = min(earliest, action)
    state.registers[POOL_SIZE] = end
    return int(earliest)
