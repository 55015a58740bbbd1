"""Neurons with a synaptic current, advanced one by one in closed form.

Without arrivals I <- alpha I + d and v <- lambda v + b + g I, n times, give

    I_n = alpha^n I_0 + d G(n)
    v_n = lambda^n v_0 + b S(n) + g (I_0 M(n) + d W(n))

with S(n) = 1 + lambda + ... + lambda^(n-1), G(n) the same of alpha, M(n) the sum of
lambda^(n-k) alpha^k over k = 1..n, and W(n) = (S(n) - M(n)) / (1 - alpha). Each is a
quotient of exact numbers where the decays are dyadic.

When can a neuron act without input? From now on I lies between I_0 and its limit
d / (1 - alpha), so g I <= c, the larger of both times g, and v lies below the flow of
v <- lambda v + b + c from the same v. That flow is monotone and predicted as any other
(`eventsnn.kernels.lazy`); v cannot cross before it. Such a wake is early, often by much:
the neuron then predicts again, with the current that is left.
"""

from __future__ import annotations

import math
from typing import Any

from eventsnn.kernels.jit import jit
from eventsnn.kernels.lazy import next_action, power, reset_potential
from eventsnn.kernels.tables import KIND_IF, NEVER, POOL_SIZE, ZERO

__all__ = ["cuba_next_actions", "cuba_potentials", "cuba_settle", "cuba_visit"]


@jit
def _geometric(base: float, to_n: float, n: int) -> float:
    """1 + base + ... + base^(n-1), with ``to_n`` = base^n."""
    return float(n) if base == 1.0 else (1.0 - to_n) / (1.0 - base)


@jit
def _current_after(i: float, drive: float, alpha: float, n: int) -> float:
    to_n = power(alpha, n)
    return to_n * i + drive * (1.0 - to_n) / (1.0 - alpha)


@jit
def _potential_after(
    v: float, i: float, drive: float, b: float, gain: float, alpha: float, decay: float, n: int
) -> float:
    a_n, l_n = power(alpha, n), power(decay, n)
    sums = _geometric(decay, l_n, n)
    mixed = n * a_n if alpha == decay else alpha * (a_n - l_n) / (alpha - decay)
    driven = drive * (sums - mixed) / (1.0 - alpha)
    return l_n * v + b * sums + gain * (i * mixed + driven)


@jit
def _next(
    start: int,
    v: float,
    i: float,
    drive: float,
    b: float,
    gain: float,
    alpha: float,
    decay: float,
    threshold: float,
) -> int:
    most = max(gain * i, gain * drive / (1.0 - alpha))
    return int(
        next_action(KIND_IF + ZERO, start, v, b + most, decay, -math.inf, threshold, 0.0, ZERO)
    )


@jit
def cuba_potentials(layers: Any, state: Any, layer: int, tick: int, out: Any) -> None:
    """v at the end of ``tick`` if nothing arrives before; nothing changes."""
    this = layers.table[layer]
    parameters, period = layers.parameters, this.period
    for k in range(this.neurons):
        g, p = this.lazy_start + k, k % period
        v = state.v[this.v_start + k]
        start = max(state.neuron_last[g], state.held[g])
        if tick > start:
            alpha = parameters[this.synaptic_decay_start + p]
            drive = state.current[this.v_start + k]
            i = state.synaptic[g]
            if start > state.neuron_last[g]:
                i = _current_after(i, drive, alpha, start - state.neuron_last[g])
            b = 0.0
            if this.bias_start >= 0:
                b += parameters[this.bias_start + k % this.bias_period]
            gain = parameters[this.gain_start + p]
            decay = parameters[this.decay_start + p]
            v = _potential_after(v, i, drive, b, gain, alpha, decay, tick - start)
        out[k] = v


@jit
def cuba_settle(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Bring every neuron to the end of ``tick``, in which nothing arrives and none acts."""
    this = layers.table[layer]
    size, start = this.neurons, this.v_start
    cuba_potentials(layers, state, layer, tick, state.v[start : start + size])
    for k in range(size):
        g = this.lazy_start + k
        n = tick - state.neuron_last[g]
        if n > 0:
            alpha = layers.parameters[this.synaptic_decay_start + k % this.period]
            drive = state.current[start + k]
            state.synaptic[g] = _current_after(state.synaptic[g], drive, alpha, n)
            state.neuron_last[g] = tick


@jit
def cuba_next_actions(layers: Any, state: Any, layer: int, out: Any) -> int:
    """When each neuron may first act by itself, into ``out``; returns the earliest."""
    this = layers.table[layer]
    parameters, period = layers.parameters, this.period
    earliest = NEVER
    for k in range(this.neurons):
        g, p = this.lazy_start + k, k % period
        b = 0.0
        if this.bias_start >= 0:
            b += parameters[this.bias_start + k % this.bias_period]
        out[k] = _next(
            max(state.neuron_last[g], state.held[g]),
            state.v[this.v_start + k],
            state.synaptic[g],
            state.current[this.v_start + k],
            b,
            parameters[this.gain_start + p],
            parameters[this.synaptic_decay_start + p],
            parameters[this.decay_start + p],
            parameters[this.threshold_start + p],
        )
        earliest = min(earliest, out[k])
    return int(earliest)


@jit
def cuba_visit(layers: Any, state: Any, pool: Any, layer: int, tick: int, count: int) -> int:
    """As `eventsnn.kernels.lazy.visit`; a held neuron's current goes on and receives."""
    this = layers.table[layer]
    touched, reset = this.touched, this.reset
    period, bias_period = this.period, this.bias_period
    bias_start, reset_start = this.bias_start, this.reset_start
    threshold_start, decay_start = this.threshold_start, this.decay_start
    alpha_start, gain_start = this.synaptic_decay_start, this.gain_start
    refractory_start = this.refractory_start
    lazy_start, v_start = this.lazy_start, this.v_start
    graded = pool.amplitude.size > 0
    parameters, potential, current = layers.parameters, state.v, state.current
    last, held, inbox, synaptic = state.neuron_last, state.held, state.inbox, state.synaptic
    tested, index, amplitude = state.tested, pool.index, pool.amplitude
    listed, wanted = state.touched, state.wanted
    if touched:
        listed[:count].sort()
    end = state.registers[POOL_SIZE]
    earliest = NEVER
    for k in range(count):
        j = int(listed[k]) if touched else k
        g, p = lazy_start + j, j % period
        threshold, decay = parameters[threshold_start + p], parameters[decay_start + p]
        alpha, gain = parameters[alpha_start + p], parameters[gain_start + p]
        drive = current[v_start + j]
        b = 0.0
        if bias_start >= 0:
            b += parameters[bias_start + j % bias_period]
        i, v = synaptic[g], potential[v_start + j]
        start = max(last[g], held[g])
        if tick > start:
            before = _current_after(i, drive, alpha, start - last[g]) if start > last[g] else i
            v = _potential_after(v, before, drive, b, gain, alpha, decay, tick - start)
            v += gain * inbox[g]
            tested[j] = v
            if v >= threshold:
                v = reset_potential(
                    KIND_IF + ZERO, reset, v, 1.0, threshold, parameters[reset_start + p]
                )
                held[g] = tick + int(parameters[refractory_start + p])
                index[end] = j
                if graded:
                    amplitude[end] = 1.0
                end += 1
            potential[v_start + j] = v
        synaptic[g] = _current_after(i, drive, alpha, tick - last[g]) + inbox[g]
        last[g] = tick
        inbox[g] = 0
        if touched or earliest > tick + 1:
            action = _next(
                max(tick, held[g]),
                potential[v_start + j],
                synaptic[g],
                drive,
                b,
                gain,
                alpha,
                decay,
                threshold,
            )
            if touched:
                wanted[k] = action
            earliest = min(earliest, action)
    state.registers[POOL_SIZE] = end
    return int(earliest)
