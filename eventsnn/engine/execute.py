"""Run samples through a plan and collect what came out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.counting import count_operations, operations_after
from eventsnn.engine.inputs import Sample
from eventsnn.engine.layout import public_index, to_plan, to_public
from eventsnn.engine.plan import Plan
from eventsnn.engine.state import (
    ensure_emissions,
    ensure_heap,
    ensure_spikes,
    make_pool,
    make_state,
    reset_state,
)
from eventsnn.kernels import tables as t
from eventsnn.kernels.advance import potential_at, record_until
from eventsnn.kernels.deliver import deliver
from eventsnn.kernels.loop import feed, run
from eventsnn.neurons import Accumulator
from eventsnn.run import Queue, Record, Run
from eventsnn.spikes import Spikes

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


class _Worker:
    """One thread's arrays; the growing ones keep their size from sample to sample."""

    def __init__(self, plan: Plan, record: Record, ticks: int) -> None:
        self._plan = plan
        self._record = record
        self._ticks = ticks
        self._state = make_state(plan, record, ticks)
        self._pool = make_pool(plan)

    def run(self, sample: Sample, number: int) -> Run:
        """Run one sample from tick 0; ``number`` is its place in the batch."""
        plan, state = self._plan, self._state
        reset_state(plan, state, number)
        self._load(sample)
        for component in range(plan.components):
            self._feed(component)
            while (status := self._loop(component)) != t.DONE:
                self._grow(status)
        for layer in range(plan.layers.kind.size):
            record_until(plan.layers, state, layer, self._ticks)
        return self._collect(sample)

    def _load(self, sample: Sample) -> None:
        """Input spikes become emissions of the input nodes, images become currents."""
        plan, state, ticks = self._plan, self._state, self._ticks
        trains: list[tuple[int, NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        for node in range(plan.inputs):
            value = sample[plan.nodes[node]]
            if isinstance(value, Spikes):
                kept = value.tick < ticks
                place = np.empty(math.prod(value.shape), dtype=np.int64)
                place[public_index(value.shape)] = np.arange(place.size)
                tick, index = value.tick[kept], place[value.index[kept]]
                order = np.lexsort((index, tick))
                amplitude = value.amplitude[kept][order]
                trains.append((node, tick[order], index[order], amplitude))
                state.graded[node] = bool(np.any(amplitude != 1))
            else:
                self._load_image(node, to_plan(value, plan.shape(node)))
        spikes = sum(tick.size for _, tick, _, _ in trains)
        self._pool = ensure_spikes(self._pool, spikes, graded=bool(state.graded.any()))
        for node, tick, index, amplitude in trains:
            self._load_train(node, tick, index, amplitude)

    def _load_image(self, node: int, image: NDArray[np.float64]) -> None:
        """The first product is computed once and added in every tick."""
        plan, state = self._plan, self._state
        index = np.flatnonzero(image).astype(np.int32)
        amplitude = image[index].astype(plan.precision)
        for link in np.flatnonzero(plan.links.source == node):
            layer = plan.links.target[link]
            state.has_current[layer] = True
            start = plan.layers.v_start[layer]
            state.registers[t.TOUCHED] = 0
            deliver(
                plan.layers,
                plan.links,
                plan.stages,
                state,
                int(link),
                state.current,
                start,
                index,
                amplitude,
                True,
                0,
                index.size,
            )

    def _load_train(
        self, node: int, tick: NDArray[Any], index: NDArray[Any], amplitude: NDArray[Any]
    ) -> None:
        state = self._state
        begin = int(state.registers[t.POOL_SIZE])
        first = int(state.registers[t.EMISSIONS])
        at, starts = np.unique(tick, return_index=True)
        count = at.size
        self._pool = pool = ensure_emissions(self._pool, first + count)
        pool.index[begin : begin + tick.size] = index
        if pool.amplitude.size:
            pool.amplitude[begin : begin + tick.size] = amplitude
        stops = np.append(starts[1:], tick.size)
        pool.emission_tick[first : first + count] = at
        pool.emission_start[first : first + count] = begin + starts
        pool.emission_stop[first : first + count] = begin + stops[:count]
        pool.emission_next[first : first + count] = np.arange(first + 1, first + count + 1)
        if count:
            pool.emission_next[first + count - 1] = -1
            state.emission_head[node] = first
            state.emission_tail[node] = first + count - 1
        state.emission_count[node] = count
        state.registers[t.POOL_SIZE] = begin + tick.size
        state.registers[t.EMISSIONS] = first + count
        whole = amplitude == np.floor(amplitude)
        state.spikes[node] = int(np.where(whole, np.abs(amplitude), 1).sum())

    def _feed(self, component: int) -> None:
        plan, state = self._plan, self._state
        target = plan.layers.component[plan.links.target] == component
        arriving = int(state.emission_count[plan.links.source[target]].sum())
        needed = int(state.registers[t.HEAP_SIZE]) + arriving + plan.layers.kind.size
        needed += int(plan.layers.size[plan.layers.touched].sum())
        self._pool = ensure_heap(self._pool, needed)
        feed(plan.layers, plan.links, state, self._pool, plan.inputs, component)

    def _loop(self, component: int) -> int:
        plan = self._plan
        return run(
            plan.layers,
            plan.links,
            plan.stages,
            self._state,
            self._pool,
            plan.inputs,
            component,
            self._ticks,
        )

    def _grow(self, status: int) -> None:
        plan, state, pool = self._plan, self._state, self._pool
        if status == t.GROW_POOL:
            needed = int(state.registers[t.POOL_SIZE]) + int(plan.layers.size.max())
            pool = ensure_spikes(pool, needed, graded=bool(state.graded.any()))
        elif status == t.GROW_HEAP:
            wakes = int(plan.layers.size.max())
            pool = ensure_heap(pool, 2 * pool.heap_tick.size + plan.links.source.size + wakes)
        else:
            pool = ensure_emissions(pool, 2 * pool.emission_tick.size)
        self._pool = pool

    def _collect(self, sample: Sample) -> Run:
        network, state = self._plan.network, self._state
        return Run(
            ticks=self._ticks,
            output=self._output(),
            counts=count_operations(self._plan, state, self._pool, sample, self._ticks),
            queue=Queue(
                packets=int(state.registers[t.PACKETS]),
                wakes=int(state.registers[t.WAKES]),
                pops=int(state.registers[t.POPS]),
                neuron_updates=int(state.registers[t.UPDATES]),
            ),
            spikes={name: self._spikes(name) for name in self._record.spikes},
            potentials={
                name: self._potentials(network.positions[name]) for name in self._record.potentials
            },
            after=(
                operations_after(self._plan, state, self._pool, self._record.operations_after)
                if self._record.operations_after
                else None
            ),
        )

    def _spikes(self, name: str) -> Spikes:
        plan, state, pool = self._plan, self._state, self._pool
        node = plan.nodes.index(name)
        ticks, indices, amplitudes = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0)]
        emission = int(state.emission_head[node])
        while emission >= 0:
            span = slice(pool.emission_start[emission], pool.emission_stop[emission])
            indices.append(pool.index[span])
            ticks.append(np.full(indices[-1].size, pool.emission_tick[emission]))
            graded = pool.amplitude.size > 0
            amplitudes.append(
                pool.amplitude[span].astype(np.float64) if graded else np.ones(indices[-1].size)
            )
            emission = int(pool.emission_next[emission])
        shape = plan.shape(node)
        index = public_index(shape)[np.concatenate(indices)]
        return Spikes(shape, np.concatenate(ticks), index, np.concatenate(amplitudes))

    def _potentials(self, layer: int) -> NDArray[np.float64]:
        plan, state = self._plan, self._state
        start, size = int(state.record_start[layer]), int(plan.layers.size[layer])
        rows = state.record[start : start + self._ticks * size].reshape(self._ticks, size)
        return to_public(rows.astype(np.float64), plan.shape(plan.inputs + layer))

    def _output(self) -> NDArray[np.float64]:
        plan = self._plan
        layer = plan.network.layer(plan.network.output)
        if not isinstance(layer.neuron, Accumulator):
            return self._spikes(layer.name).counts()
        position = plan.network.positions[layer.name]
        v = np.zeros(layer.size, dtype=plan.precision)
        potential_at(plan.layers, self._state, position, self._ticks - 1, v)
        return to_public(v.astype(np.float64), layer.shape)
