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
    """Arrays for one worker, to be reset before each sample."""
    real = np.dtype(plan.precision)
    links = plan.links.table.size
    size = int(plan.layers.table.neurons.max())
    words = plan.links.table.source[plan.links.table.in_words]
    spoken = int(plan.layers.node_size[words].max(initial=0))
    state = t.State(
        v=np.zeros(plan.v_initial.size, dtype=real),
        maximum=np.zeros(plan.maxima, dtype=real),
        current=np.zeros(plan.v_initial.size, dtype=real),
        layers=t.rows(len(plan.layers.table), t.LAYER_STATE),
        nodes=t.rows(len(plan.nodes), t.NODE_STATE),
        links=t.rows(links, t.LINK_STATE),
        neuron_last=np.zeros(plan.lazy, dtype=np.int64),
        neuron_wake=np.zeros(plan.lazy, dtype=np.int64),
        held=np.zeros(plan.lazy, dtype=np.int64),
        given=np.zeros(plan.lazy, dtype=np.int64),
        synaptic=np.zeros(plan.lazy, dtype=real),
        inbox=np.zeros(plan.lazy, dtype=real),
        stamp=np.zeros(plan.lazy, dtype=np.int64),
        touched=np.zeros(size if plan.lazy else 0, dtype=np.int32),
        wanted=np.zeros(size if plan.lazy else 0, dtype=np.int64),
        fired=np.zeros((size + 7) // 8 * 8, dtype=np.uint8),
        word=np.zeros(spoken, dtype=real),
        spoke=np.zeros((spoken + 7) // 8 * 8, dtype=np.uint8),
        word_index=np.zeros(spoken, dtype=np.int32),
        word_amplitude=np.zeros(spoken, dtype=real),
        scratch=np.zeros(plan.wiring.scratch, dtype=real),
        scratch_index=np.zeros(plan.wiring.scratch, dtype=np.int32),
        scratch_amplitude=np.zeros(plan.wiring.scratch, dtype=real),
        registers=np.zeros(t.REGISTERS, dtype=np.int64),
        synops=np.zeros((links, 4), dtype=np.int64),
        tested=np.zeros(size, dtype=real),
        record=np.zeros(0, dtype=real),
        record_ticks=np.zeros(0, dtype=np.int64),
    )
    return _with_rows(plan, state, record, ticks)


def _with_rows(plan: Plan, state: t.State, record: Record, ticks: int) -> t.State:
    """Room for the potentials to record, one row per layer and recorded tick.

    Says in the rows of ``state.layers`` where each layer's potentials go.
    """
    watched = record.potentials or record.potentials_before_reset
    kept = record.kept_ticks(ticks) if watched else np.zeros(0, dtype=np.int64)
    end = 0
    for starts, names in (
        (state.layers.record_start, record.potentials),
        (state.layers.tested_start, record.potentials_before_reset),
    ):
        starts[:] = -1
        for layer in range(starts.size):
            if plan.nodes[plan.inputs + layer] in names:
                starts[layer] = end
                end += kept.size * int(plan.layers.table.neurons[layer])
    return state._replace(record=np.zeros(end, dtype=plan.precision), record_ticks=kept)


def with_more_rows(plan: Plan, state: t.State, record: Record, ticks: int) -> t.State:
    """Room for a longer run; what was recorded so far is kept."""
    longer = _with_rows(plan, state._replace(layers=state.layers.copy()), record, ticks)
    for what in ("record_start", "tested_start"):
        for layer in np.flatnonzero(state.layers[what] >= 0).tolist():
            length = state.record_ticks.size * int(plan.layers.table.neurons[layer])
            old, new = int(state.layers[what][layer]), int(longer.layers[what][layer])
            longer.record[new : new + length] = state.record[old : old + length]
    return longer


def reset_state(plan: Plan, state: t.State, sample: int) -> None:
    """Back to the state before tick 0; ``current`` is cleared, records start over.

    ``sample`` is the number of the sample in its batch, which tells its noise.
    """
    for number, layer in enumerate(plan.network.layers):
        position = plan.network.positions[layer.name]
        if plan.columns.noisy[position]:
            state.layers.noise_key[position] = stream(plan.seed, sample, number)
    state.v[:] = plan.v_initial
    state.nodes.graded[:] = plan.graded
    for array in (
        state.maximum,
        state.current,
        state.layers.has_current,
        state.registers,
        state.synops,
        state.nodes.spikes,
        state.nodes.emission_count,
        state.layers.recorded,
        state.given,
        state.inbox,
        state.synaptic,
        state.links.fed_analog,
    ):
        array[...] = 0
    for array in (
        state.layers.last,
        state.nodes.emission_head,
        state.nodes.emission_tail,
        state.neuron_last,
        state.held,
        state.stamp,
        state.links.analog,
        state.links.fed,
        state.links.heard,
    ):
        array[...] = -1
    for array in (state.layers.wake, state.neuron_wake):
        array[...] = t.NEVER


def reset_pool(pool: t.Pool) -> t.Pool:
    """Without the images of the sample before; what lies in the other arrays is not read."""
    names = ("analog", "pixel", "pixel_value")
    return pool._replace(**{name: getattr(pool, name)[:0].copy() for name in names})


def make_pool(plan: Plan) -> t.Pool:
    """Empty growing arrays."""
    return t.Pool(
        analog=t.rows(0, t.ANALOG),
        pixel=np.zeros(0, dtype=np.int32),
        pixel_value=np.zeros(0, dtype=plan.precision),
        index=np.zeros(_FIRST_CAPACITY, dtype=np.int32),
        amplitude=np.zeros(0, dtype=plan.precision),
        emissions=t.rows(_FIRST_CAPACITY, t.emission_row(plan.precision)),
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
            span = slice(pool.emissions.start[k], pool.emissions.stop[k])
            amplitude[span] = pool.emissions.amplitude[k]
    return pool._replace(index=index, amplitude=_extended(amplitude, index.size))


def ensure_emissions(pool: t.Pool, needed: int) -> t.Pool:
    """Room for ``needed`` emissions."""
    return pool._replace(emissions=_extended(pool.emissions, needed))


def ensure_heap(pool: t.Pool, needed: int) -> t.Pool:
    """Room for ``needed`` queue entries."""
    names = ("heap_tick", "heap_order", "heap_payload")
    return pool._replace(**{name: _extended(getattr(pool, name), needed) for name in names})


def _extended(array: NDArray[Any], needed: int) -> NDArray[Any]:
    """At least ``needed`` long; doubling keeps the number of copies logarithmic."""
    if array.size >= needed:
        return array
    longer: NDArray[Any] = np.zeros(max(needed, 2 * array.size), array.dtype).view(type(array))
    longer[: array.size] = array
    return longer
