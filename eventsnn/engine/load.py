"""Inputs into a worker's arrays: spikes become emissions, images analog values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.layout import public_index, to_plan
from eventsnn.engine.plan import Plan
from eventsnn.engine.state import ensure_emissions, ensure_spikes
from eventsnn.kernels import tables as t
from eventsnn.signals.currents import Currents
from eventsnn.signals.samples import Sample
from eventsnn.signals.spikes import Spikes

__all__ = ["load"]


def load(plan: Plan, state: t.State, pool: t.Pool, sample: Sample, begin: int, end: int) -> t.Pool:
    """Append what enters in ticks ``begin`` to ``end - 1``; returns the grown pool."""
    trains: list[tuple[int, NDArray[Any], NDArray[Any], NDArray[Any]]] = []
    for node in range(plan.inputs):
        value = sample[plan.nodes[node]]
        if isinstance(value, Currents):
            pool = _add_values(plan, pool, node, value, begin, end)
            continue
        kept = (value.tick >= begin) & (value.tick < end)
        place = np.empty(math.prod(value.shape), dtype=np.int64)
        place[public_index(value.shape)] = np.arange(place.size)
        tick, index = value.tick[kept], place[value.index[kept]]
        order = np.lexsort((index, tick))
        trains.append((node, tick[order], index[order], value.amplitude[kept][order]))
        state.nodes.graded[node] |= _is_graded(value)
    spikes = int(state.registers[t.POOL_SIZE]) + sum(tick.size for _, tick, _, _ in trains)
    emissions = int(state.registers[t.EMISSIONS])
    pool = ensure_spikes(pool, spikes, emissions, graded=bool(state.nodes.graded.any()))
    for node, tick, index, amplitude in trains:
        if tick.size:
            pool = _add_train(state, pool, node, tick, index, amplitude)
    return pool


def _is_graded(spikes: Spikes) -> bool:
    """Whether not all spikes of a tick share an amplitude of 2^-n, n >= 0: one addition each."""
    mantissa, exponent = np.frexp(spikes.amplitude)
    same = (np.diff(spikes.amplitude) == 0) | (np.diff(spikes.tick) > 0)
    return not bool(np.all(same) and np.all(mantissa == 0.5) and np.all(exponent <= 1))


def _add_values(
    plan: Plan, pool: t.Pool, node: int, currents: Currents, begin: int, end: int
) -> t.Pool:
    """One analog value for each start within the ticks; zeros need no product."""
    for start, image in zip(currents.start, currents.values, strict=True):
        if not begin <= start < end:
            continue
        flat = to_plan(image, plan.shape(node))
        index = np.flatnonzero(flat)
        first = pool.pixel.size
        value = np.array([(node, start, first, first + index.size)], dtype=t.ANALOG)
        pool = pool._replace(
            analog=np.append(pool.analog, value).view(np.recarray),
            pixel=np.append(pool.pixel, index.astype(np.int32)),
            pixel_value=np.append(pool.pixel_value, flat[index].astype(plan.precision)),
        )
    return pool


def _add_train(
    state: t.State,
    pool: t.Pool,
    node: int,
    tick: NDArray[Any],
    index: NDArray[Any],
    amplitude: NDArray[Any],
) -> t.Pool:
    begin = int(state.registers[t.POOL_SIZE])
    first = int(state.registers[t.EMISSIONS])
    at, starts = np.unique(tick, return_index=True)
    count = at.size
    pool = ensure_emissions(pool, first + count)
    pool.index[begin : begin + tick.size] = index
    if pool.amplitude.size:
        pool.amplitude[begin : begin + tick.size] = amplitude
    stops = np.append(starts[1:], tick.size)
    pool.emissions.tick[first : first + count] = at
    pool.emissions.start[first : first + count] = begin + starts
    pool.emissions.stop[first : first + count] = begin + stops
    pool.emissions.amplitude[first : first + count] = amplitude[starts]
    pool.emissions.next[first : first + count - 1] = np.arange(first + 1, first + count)
    pool.emissions.next[first + count - 1] = -1
    if state.nodes.emission_head[node] < 0:
        state.nodes.emission_head[node] = first
    else:
        pool.emissions.next[state.nodes.emission_tail[node]] = first
    state.nodes.emission_tail[node] = first + count - 1
    state.nodes.emission_count[node] += count
    state.registers[t.POOL_SIZE] = begin + tick.size
    state.registers[t.EMISSIONS] = first + count
    whole = amplitude == np.floor(amplitude)
    state.nodes.spikes[node] += int(np.where(whole, np.abs(amplitude), 1).sum())
    return pool
