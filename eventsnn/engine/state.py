"""The arrays that a running sample changes: made once per worker, reset per sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.plan import Plan
from eventsnn.kernels import tables as t
from eventsnn.noise import stream
from eventsnn.record import Record

__all__ = [
    "ensure_emissions",
    "ensure_heap",
    "ensure_spikes",
    "make_pool",
    "make_state",
    "reset_pool",
    "reset_state",
    "with_more_rows",
]

_FIRST_CAPACITY = 1024


def make_state(plan: Plan, record: Record, ticks: int) -> t.State:
    """Arrays for one worker."""
    real = np.dtype(plan.precision)
    layers, nodes, links = plan.layers.kind.size, len(plan.nodes), plan.links.source.size
    rows = _rows(plan, record, ticks)
    size = int(plan.layers.size.max())
    words = plan.links.source[plan.links.in_words]
    spoken = int(plan.layers.node_size[words].max(initial=0))
    return t.State(
        v=plan.v_initial.copy(),
        maximum=np.zeros(plan.maxima, dtype=real),
        current=np.zeros(plan.v_initial.size, dtype=real),
        has_current=np.zeros(layers, dtype=np.bool_),
        analog=np.full(links, -1, dtype=np.int64),
        fed=np.full(links, -1, dtype=np.int64),
        fed_analog=np.zeros(links, dtype=np.int64),
        graded=plan.graded.copy(),
        last=np.full(layers, -1, dtype=np.int64),
        wake=np.full(layers, t.NEVER, dtype=np.int64),
        neuron_last=np.full(plan.lazy, -1, dtype=np.int64),
        neuron_wake=np.full(plan.lazy, t.NEVER, dtype=np.int64),
        held=np.full(plan.lazy, -1, dtype=np.int64),
        given=np.zeros(plan.lazy, dtype=np.int64),
        synaptic=np.zeros(plan.lazy, dtype=real),
        inbox=np.zeros(plan.lazy, dtype=real),
        stamp=np.full(plan.lazy, -1, dtype=np.int64),
        touched=np.zeros(size if plan.lazy else 0, dtype=np.int32),
        wanted=np.zeros(size if plan.lazy else 0, dtype=np.int64),
        fired=np.zeros((size + 7) // 8 * 8, dtype=np.uint8),
        heard=np.full(links, -1, dtype=np.int64),
        word=np.zeros(spoken, dtype=real),
        spoke=np.zeros((spoken + 7) // 8 * 8, dtype=np.uint8),
        word_index=np.zeros(spoken, dtype=np.int32),
        word_amplitude=np.zeros(spoken, dtype=real),
        scratch=np.zeros(plan.wiring.scratch, dtype=real),
        scratch_index=np.zeros(plan.wiring.scratch, dtype=np.int32),
        scratch_amplitude=np.zeros(plan.wiring.scratch, dtype=real),
        registers=np.zeros(t.REGISTERS, dtype=np.int64),
        synops=np.zeros((links, 4), dtype=np.int64),
        spikes=np.zeros(nodes, dtype=np.int64),
        emission_head=np.full(nodes, -1, dtype=np.int64),
        emission_tail=np.full(nodes, -1, dtype=np.int64),
        emission_count=np.zeros(nodes, dtype=np.int64),
        noise_key=np.zeros(layers, dtype=np.int64),
        tested=np.zeros(size, dtype=real),
        recorded=np.zeros(layers, dtype=np.int64),
        **rows,
    )


def _rows(plan: Plan, record: Record, ticks: int) -> dict[str, NDArray[Any]]:
    """Room for the potentials to record, one row per layer and recorded tick."""
    watched = record.potentials or record.potentials_before_reset
    kept = record.kept_ticks(ticks) if watched else np.zeros(0, dtype=np.int64)
    layers = plan.layers.kind.size
    starts = {}
    end = 0
    for what, names in (
        ("record_start", record.potentials),
        ("tested_start", record.potentials_before_reset),
    ):
        starts[what] = np.full(layers, -1, dtype=np.int64)
        for layer in range(layers):
            if plan.nodes[plan.inputs + layer] in names:
                starts[what][layer] = end
                end += kept.size * int(plan.layers.size[layer])
    return {"record": np.zeros(end, dtype=plan.precision), "record_ticks": kept, **starts}


def with_more_rows(plan: Plan, state: t.State, record: Record, ticks: int) -> t.State:
    """Room for a longer run; what was recorded so far is kept."""
    rows = _rows(plan, record, ticks)
    for what in ("record_start", "tested_start"):
        for layer in np.flatnonzero(rows[what] >= 0).tolist():
            length = state.record_ticks.size * int(plan.layers.size[layer])
            old, new = int(getattr(state, what)[layer]), int(rows[what][layer])
            rows["record"][new : new + length] = state.record[old : old + length]
    return state._replace(**rows)


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
        state.synaptic,
        state.fed_analog,
    ):
        array[...] = 0
    for array in (
        state.last,
        state.emission_head,
        state.emission_tail,
        state.neuron_last,
        state.held,
        state.stamp,
        state.analog,
        state.fed,
        state.heard,
    ):
        array[...] = -1
    for array in (state.wake, state.neuron_wake):
        array[...] = t.NEVER


def reset_pool(pool: t.Pool) -> t.Pool:
    """Without the images of the sample before; what lies in the other arrays is not read."""
    names = ("analog_node", "analog_tick", "analog_start", "analog_stop", "pixel", "pixel_value")
    return pool._replace(**{name: getattr(pool, name)[:0].copy() for name in names})


def make_pool(plan: Plan) -> t.Pool:
    """Empty growing arrays."""
    return t.Pool(
        analog_node=np.zeros(0, dtype=np.int64),
        analog_tick=np.zeros(0, dtype=np.int64),
        analog_start=np.zeros(0, dtype=np.int64),
        analog_stop=np.zeros(0, dtype=np.int64),
        pixel=np.zeros(0, dtype=np.int32),
        pixel_value=np.zeros(0, dtype=plan.precision),
        index=np.zeros(_FIRST_CAPACITY, dtype=np.int32),
        amplitude=np.zeros(0, dtype=plan.precision),
        emission_tick=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        emission_start=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        emission_stop=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        emission_amplitude=np.zeros(_FIRST_CAPACITY, dtype=plan.precision),
        emission_next=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        heap_tick=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        heap_order=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
        heap_payload=np.zeros(_FIRST_CAPACITY, dtype=np.int64),
    )


def ensure_spikes(pool: t.Pool, needed: int, emissions: int, *, graded: bool) -> t.Pool:
    """Room for ``needed`` spikes, with amplitudes when those of an emission may differ.

    The first ``emissions`` are in the pool already; some may still wait for their delivery.
    """
    index = _extended(pool.index, needed)
    if not graded:
        return pool._replace(index=index, amplitude=pool.amplitude[:0])
    amplitude = pool.amplitude
    if not amplitude.size:  # so far the spikes of an emission shared theirs
        amplitude = np.ones(index.size, dtype=amplitude.dtype)
        for k in range(emissions):
            span = slice(pool.emission_start[k], pool.emission_stop[k])
            amplitude[span] = pool.emission_amplitude[k]
    return pool._replace(index=index, amplitude=_extended(amplitude, index.size))


def ensure_emissions(pool: t.Pool, needed: int) -> t.Pool:
    """Room for ``needed`` emissions."""
    names = (
        "emission_tick",
        "emission_start",
        "emission_stop",
        "emission_amplitude",
        "emission_next",
    )
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
