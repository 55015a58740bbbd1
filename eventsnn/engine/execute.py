"""Run samples through a plan, or go on with one that was run before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.collect import collect
from eventsnn.engine.fused_choice import FusedChoice
from eventsnn.engine.fused_layers import LONGEST_RUN
from eventsnn.engine.fused_run import FusedRun, parts
from eventsnn.engine.load import load
from eventsnn.engine.plan import Plan
from eventsnn.engine.state import (
    ensure_emissions,
    ensure_heap,
    ensure_spikes,
    make_pool,
    make_state,
    reset_pool,
    reset_state,
    with_more_rows,
)
from eventsnn.errors import InputError
from eventsnn.kernels import tables as t
from eventsnn.kernels.advance import record_until
from eventsnn.kernels.feed import feed
from eventsnn.kernels.heap import restore
from eventsnn.kernels.loop import run
from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.signals.samples import Sample, later_sample

__all__ = ["run_chunk"]


def run_chunk(
    plan: Plan, samples: Sequence[Sample], ticks: int, record: Record, first: int = 0
) -> list[Run]:
    """Run samples one after the other on this thread.

    ``first`` is the number of the first of them in the batch. A plain function of picklable
    arguments, so that any executor can call it.
    """
    worker = _Worker(plan, record, ticks)
    return [worker.run(sample, number) for number, sample in enumerate(samples, first)]


@dataclass(frozen=True)
class _Snapshot:
    """Everything that a run needs to go on: nobody changes these arrays any more."""

    plan: Plan
    record: Record
    sample: Sample
    ticks: int
    state: t.State
    pool: t.Pool


def _resume(snapshot: _Snapshot, ticks: int, inputs: Any) -> Run:
    """`eventsnn.Run.resume`."""
    if not isinstance(ticks, int | np.integer) or isinstance(ticks, bool) or ticks < 1:
        raise InputError(f"resume: ticks must be an int >= 1, found {ticks!r}")
    sample = snapshot.sample
    if inputs is not None:
        sample = later_sample(snapshot.plan.network, inputs, snapshot.ticks)
    worker = _Worker(snapshot.plan, snapshot.record, snapshot.ticks)
    return worker.resume(snapshot, sample, snapshot.ticks + int(ticks))


class _Worker:
    """One thread's arrays; the growing ones keep their size from sample to sample."""

    def __init__(self, plan: Plan, record: Record, ticks: int) -> None:
        if record.resumable or ticks > LONGEST_RUN:  # the state to go on from is the queue's
            plan = plan.queued
        self._plan = plan
        self._record = record
        self._ticks = ticks
        self._state = make_state(plan, record, ticks)
        self._pool = make_pool(plan)
        self._choice = FusedChoice(plan, record, ticks)
        self._fused: FusedRun | None = None

    def run(self, sample: Sample, number: int) -> Run:
        """Run one sample from tick 0; ``number`` is its place in the batch."""
        reset_state(self._plan, self._state, number)
        self._pool = reset_pool(self._pool)
        self._fused = self._choice.of(sample)
        if self._fused is None:
            self._run_between(sample, 0, self._ticks)
            return self._finish(sample)
        changes = self._fused.reset(sample, (self._ticks, *self._record.operations_after))
        for begin, end in parts(changes, 0, self._ticks):
            self._run_part(self._fused, sample, begin, end)
        self._fused.finish(self._state, self._ticks)
        return self._finish(sample)

    def resume(self, snapshot: _Snapshot, sample: Sample, end: int) -> Run:
        """Go on from where a run ended, until ``end``."""
        self._state = _copy(snapshot.state)
        self._pool = _copy(snapshot.pool)
        self._state = with_more_rows(self._plan, self._state, self._record, end)
        self._ticks = end
        self._run_between(sample, snapshot.ticks, end)
        return self._finish(sample)

    def _run_between(self, sample: Sample, begin: int, end: int) -> None:
        plan, state = self._plan, self._state
        self._pool = load(plan, state, self._pool, sample, begin, end)
        waiting = self._take_queue()
        for component in range(plan.components):
            self._run_queued(component, waiting, begin, end)
        for layer in range(plan.layers.table.size):
            record_until(plan.layers, state, layer, end)

    def _run_queued(self, component: int, waiting: NDArray[np.int64], begin: int, end: int) -> None:
        self._feed(component, waiting, fresh=begin == 0)
        while (status := self._loop(component, end)) != t.DONE:
            self._grow(status)

    def _run_part(self, fused: FusedRun, sample: Sample, begin: int, end: int) -> None:
        """Some ticks of a run with fused layers: in the order of components, each in its way."""
        plan, state = self._plan, self._state
        self._pool = load(plan, state, self._pool, sample, begin, end)
        waiting = self._take_queue()
        fused.begin(sample, state, self._pool, begin, end)
        for step in fused.steps:
            if step.group is None:
                self._run_queued(step.component, waiting, begin, end)
                for layer in step.layers:
                    fused.take_events(plan.inputs + layer, state, self._pool)
                    record_until(plan.layers, state, layer, end)
                continue
            fused.run(step.group, last=end == self._ticks)
            for layer in step.layers:
                if plan.inputs + layer in fused.emitting:
                    self._pool = fused.give_events(plan.inputs + layer, state, self._pool)
        fused.end(state)

    def _finish(self, sample: Sample) -> Run:
        plan, state, pool, record = self._plan, self._state, self._pool, self._record
        tallies = None if self._fused is None else self._fused.tallies
        done = collect(plan, state, pool, record, self._ticks, tallies)
        if not record.resumable:
            return done
        snapshot = _Snapshot(plan, record, sample, self._ticks, _copy(state), _copy(pool))
        return replace(done, continuation=partial(_resume, snapshot))

    def _take_queue(self) -> NDArray[np.int64]:
        """Empty the queue: (tick, order, payload) of what waits for ticks to come.

        While a component runs, the queue may hold nothing of those behind it.
        """
        size = int(self._state.registers[t.HEAP_SIZE])
        self._state.registers[t.HEAP_SIZE] = 0
        pool = self._pool
        return np.stack([pool.heap_tick, pool.heap_order, pool.heap_payload])[:, :size].copy()

    def _feed(self, component: int, waiting: NDArray[np.int64], *, fresh: bool) -> None:
        plan, state = self._plan, self._state
        target = plan.layers.table.component[plan.links.table.target] == component
        arriving = int(state.nodes.emission_count[plan.links.table.source[target]].sum())
        arriving += self._pool.analog.size * int(np.count_nonzero(target))
        mine = waiting[:, plan.layers.table.component[waiting[1] >> 32] == component]
        size = int(state.registers[t.HEAP_SIZE])
        needed = size + arriving + mine.shape[1] + plan.layers.table.size
        needed += int(plan.layers.table.neurons[plan.layers.table.touched].sum())
        self._pool = pool = ensure_heap(self._pool, needed)
        restore(pool.heap_tick, pool.heap_order, pool.heap_payload, state.registers, mine)
        feed(plan.layers, plan.links, state, pool, plan.inputs, component, fresh)

    def _loop(self, component: int, end: int) -> int:
        plan = self._plan
        return run(
            plan.layers,
            plan.links,
            plan.wiring.stages,
            self._state,
            self._pool,
            plan.inputs,
            component,
            end,
        )

    def _grow(self, status: int) -> None:
        plan, state, pool = self._plan, self._state, self._pool
        if status == t.GROW_POOL:
            most = int((plan.layers.table.neurons * np.maximum(plan.layers.table.phases, 1)).max())
            needed = int(state.registers[t.POOL_SIZE]) + most
            emissions = int(state.registers[t.EMISSIONS])
            pool = ensure_spikes(pool, needed, emissions, graded=bool(state.nodes.graded.any()))
        elif status == t.GROW_HEAP:
            wakes = int(plan.layers.table.neurons.max())
            pool = ensure_heap(pool, 2 * pool.heap_tick.size + plan.links.table.size + wakes)
        else:
            pool = ensure_emissions(pool, 2 * pool.emissions.size)
        self._pool = pool


def _copy(arrays: Any) -> Any:
    return type(arrays)(*(array.copy() for array in arrays))
