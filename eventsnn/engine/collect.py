"""A worker's arrays after a run -> a `Run`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.neurons import ReadOut
from eventsnn.engine.counting import count_operations, operations_after
from eventsnn.engine.layout import public_index, to_public
from eventsnn.engine.plan import Plan
from eventsnn.engine.tallies import Tallies
from eventsnn.kernels import tables as t
from eventsnn.kernels.advance import potential_at
from eventsnn.record import Record
from eventsnn.run import Queue, Run
from eventsnn.signals.spikes import Spikes

__all__ = ["collect"]


def collect(
    plan: Plan,
    state: t.State,
    pool: t.Pool,
    record: Record,
    ticks: int,
    tallies: Tallies | None,
) -> Run:
    """What came out of ``ticks`` ticks; the ``tallies`` are those of fused layers."""
    return Run(
        ticks=ticks,
        output=_output(plan, state, pool, ticks, tallies),
        counts=count_operations(plan, state, pool, ticks, tallies),
        queue=Queue(
            packets=int(state.registers[t.PACKETS]),
            wakes=int(state.registers[t.WAKES]),
            currents=int(state.registers[t.CURRENTS]),
            pops=int(state.registers[t.POPS]),
            neuron_updates=int(state.registers[t.UPDATES]),
        ),
        spikes={name: _kept(_spikes(plan, state, pool, name), record) for name in record.spikes},
        potentials={
            name: _potentials(plan, state, state.layers.record_start, name)
            for name in record.potentials
        },
        potentials_before_reset={
            name: _potentials(plan, state, state.layers.tested_start, name)
            for name in record.potentials_before_reset
        },
        after=(
            operations_after(plan, state, pool, record.operations_after, tallies)
            if record.operations_after
            else None
        ),
    )


def _spikes(plan: Plan, state: t.State, pool: t.Pool, name: str) -> Spikes:
    node = plan.nodes.index(name)
    ticks, indices, amplitudes = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0)]
    number = int(state.nodes.emission_head[node])
    while number >= 0:
        emission = pool.emissions[number]
        span = slice(emission.start, emission.stop)
        indices.append(pool.index[span])
        ticks.append(np.full(indices[-1].size, emission.tick))
        amplitudes.append(
            pool.amplitude[span].astype(np.float64)
            if state.nodes.graded[node]
            else np.full(indices[-1].size, emission.amplitude, dtype=np.float64)
        )
        number = int(emission.next)
    shape = plan.shape(node)
    index = public_index(shape)[np.concatenate(indices)]
    return Spikes(shape, np.concatenate(ticks), index, np.concatenate(amplitudes))


def _kept(spikes: Spikes, record: Record) -> Spikes:
    if record.ticks is None:
        return spikes
    kept = np.isin(spikes.tick, np.fromiter(record.ticks, dtype=np.int64))
    return Spikes(spikes.shape, spikes.tick[kept], spikes.index[kept], spikes.amplitude[kept])


def _potentials(
    plan: Plan, state: t.State, starts: NDArray[np.int64], name: str
) -> NDArray[np.float64]:
    layer = plan.network.positions[name]
    start, size = int(starts[layer]), int(plan.layers.table.neurons[layer])
    rows = state.record[start : start + state.record_ticks.size * size].reshape(-1, size)
    return to_public(rows.astype(np.float64), plan.shape(plan.inputs + layer))


def _output(
    plan: Plan, state: t.State, pool: t.Pool, ticks: int, tallies: Tallies | None
) -> NDArray[np.float64]:
    layer = plan.network.layer(plan.network.output)
    if not isinstance(layer.neuron, ReadOut):
        return _spikes(plan, state, pool, layer.name).counts()
    position = plan.network.positions[layer.name]
    start = int(plan.layers.table["v_start"][position])
    v = state.v[start : start + layer.size]
    if tallies is None or plan.inputs + position not in tallies.nodes:
        v = np.zeros(layer.size, dtype=plan.precision)
        potential_at(plan.layers, state, position, ticks - 1, v)
    return to_public(v.astype(np.float64), layer.shape)
