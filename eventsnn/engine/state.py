"""The arrays that a running sample changes: made once per worker, reset per sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.plan import Plan
from eventsnn.kernels import tables as t
from eventsnn.noise import stream
from eventsnn.run import Record

__all__ = [
    "ensure_emissions",
    "ensure_heap",
    "ensure_spikes",
    "make_pool",
    "make_state",
    "reset_state",
]

_FIRST_CAPACITY = 1024


def make_state(plan: Plan, record: Record, ticks: int) -> t.State:
    """Arrays for one worker."""
    real = np.dtype(plan.precision)
    layers, nodes = plan.layers.kind.size, len(plan.nodes)
    record_start = np.full(layers, -1, dtype=np.int64)
    recorded = 0
    for layer in range(layers):
        if plan.nodes[plan.inputs + layer] in record.potentials:
            record_start[layer] = recorded
            recorded += ticks * int(plan.layers.size[layer])
    size = int(plan.layers.size.max())
    return t.State(
        v=plan.v_initial.copy(),
        maximum=np.zeros(plan.maxima, dtype=real),
        current=np.zeros(plan.v_initial.size, dtype=real),
        has_current=np.zeros(layers, dtype=np.bool_),
        graded=plan.graded.copy(),
        last=np.full(layers, -1, dtype=np.int64),
        wake=np.full(layers, t.NEVER, dtype=np.int64),
        neuron_last=np.full(plan.lazy, -1, dtype=np.int64),
        neuron_wake=np.full(plan.lazy, t.NEVER, dtype=np.int64),
        held=np.full(plan.lazy, -1, dtype=np.int64),
        given=np.zeros(plan.lazy, dtype=np.int64),
        inbox=np.zeros(plan.lazy, dtype=real),
        stamp=np.full(plan.lazy, -1, dtype=np.int64),
        touched=np.zeros(size if plan.lazy else 0, dtype=np.int32),
        wanted=np.zeros(size if plan.lazy else 0, dtype=np.int64),
        fired=np.zeros((size + 7) // 8 * 8, dtype=np.uint8),
        scratch=np.zeros(plan.scratch, dtype=real),
        scratch_index=np.zeros(plan.scratch, dtype=np.int32),
        scratch_amplitude=np.zeros(plan.scratch, dtype=real),
        registers=np.zeros(t.REGISTERS, dtype=np.int64),
        synops=np.zeros((plan.links.source.size, 3), dtype=np.int64),
        spikes=np.zeros(nodes, dtype=np.int64),
        emission_head=np.full(nodes, -1, dtype=np.int64),
        emission_tail=np.full(nodes, -1, dtype=np.int64),
        emission_count=np.zeros(nodes, dtype=np.int64),
        noise_key=np.zeros(layers, dtype=np.int64),
        record=np.zeros(recorded, dtype=real),
        record_start=record_start,
        recorded=np.zeros(layers, dtype=np.int64),
    )


def reset_state(plan: Plan, state: t.State, sample: int) -> None:
    """Back to the state before tick 0; ``current`` is cleared, records start over.

    ``sample`` is the number of the sample in its batch, which tells its noise.
    """
    for number, layer in enumerate(plan.network.layers):
        position = plan.network.positions[layer.name]
        state.noise_key[position] = stream(plan.seed, sample, number)
    state.v[:] = plan.v_initial
    state.graded[:] = plan.graded
    for array in (
        state.maximum,
        state.current,
        state.has_current,
        state.registers,
        state.synops,
        state.spikes,
        state.emission_count,
        state.recorded,
        state.given,
        state.inbox,
    ):
        array[...] = 0
    for array in (
        state.last,
        state.emission_head,
        state.emission_tail,
        state.neuron_last,
        state.held,
        state.stamp,
    ):
        array[...] = -1
    for array in (state.wake, state.neuron_wake):
        array[...] = t.NEVER


def make_pool(plan: Plan) -> t.Pool:
    """Empty growing arrays."""
    return t.Pool(
        index=np.zeros(_FIRST_CAPACITY, dtype=np.int32),
        amplitude=np.zeros(0, dtype=plan.precision),
        emission_tick=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        emission_start=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        emission_stop=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        emission_next=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        heap_tick=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        heap_order=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        heap_payload=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
    )


def ensure_spikes(pool: t.Pool, needed: int, *, graded: bool) -> t.Pool:
    """Room for ``needed`` spikes, with amplitudes when some may differ from 1."""
    index = _extended(pool.index, needed)
    if not graded:
        return pool._replace(index=index, amplitude=pool.amplitude[:0])
    return pool._replace(index=index, amplitude=_extended(pool.amplitude, index.size))


def ensure_emissions(pool: t.Pool, needed: int) -> t.Pool:
    """Room for ``needed`` emissions."""
    names = ("emission_tick", "emission_start", "emission_stop", "emission_next")
    return pool._replace(**{name: _extended(getattr(pool, name), needed) for name in names})


def ensure_heap(pool: t.Pool, needed: int) -> t.Pool:
    """Room for ``needed`` queue entries."""
    names = ("heap_tick", "heap_order", "heap_payload")
    return pool._replace(**{name: _extended(getattr(pool, name), needed) for name in names})


def _extended(array: NDArray[Any], needed: int) -> NDArray[Any]:
    """At least ``needed`` long; doubling keeps the number of copies logarithmic."""
    if array.size >= needed:
        return array
    longer = np.zeros(max(needed, 2 * array.size), dtype=array.dtype)
    longer[: array.size] = array
    return longer
