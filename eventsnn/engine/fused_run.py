"""One worker's fused layers: its arrays, its parts, its borders to the queue.

A run is cut into parts of at most `PART` ticks, and where a current changes, so that memory
does not grow with the length of a run. Within a part every layer runs all its ticks before the
next one starts; potentials, and the last ticks of sources of delayed links, are kept between.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.fused_layout import Drive, FusedLayout, Group
from eventsnn.engine.masks import Place
from eventsnn.engine.plan import Plan
from eventsnn.engine.state import ensure_emissions, ensure_spikes
from eventsnn.engine.tallies import Tallies
from eventsnn.kernels import fused_tables as f
from eventsnn.kernels import tables as t
from eventsnn.kernels.borders import emit_bits, set_bits
from eventsnn.kernels.count_bits import count_bits
from eventsnn.kernels.fused import fill_current, run_layers
from eventsnn.kernels.lanes import aligned, row_type
from eventsnn.signals.currents import Currents
from eventsnn.signals.samples import Sample

__all__ = ["PART", "FusedRun", "parts"]

Array = NDArray[Any]

#: Ticks of a part: longer ones gain little, and shorter ones scan the same weights more often.
PART = 128


def parts(changes: set[int], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut the ticks ``begin`` to ``end - 1`` in parts, and at the ``changes`` of currents."""
    cuts = {c for c in changes if begin < c < end} | {end}
    for stop in sorted(cuts):
        while begin < stop:
            yield begin, min(begin + PART, stop)
            begin = min(begin + PART, stop)


class FusedRun:
    """The arrays of one worker, used again for each of its samples."""

    def __init__(self, plan: Plan, layout: FusedLayout, emitting: frozenset[int]) -> None:
        fused = plan.fused
        self._plan, self._fused, self._layout = plan, fused, layout
        self.emitting, self.steps = emitting, layout.steps
        masks = aligned(np.zeros(layout.mask_bytes, dtype=np.uint8))
        active = np.zeros(len(plan.nodes), dtype=np.uint8)
        counters = len(layout.counters.table)
        counted = np.zeros((counters, layout.ticks), dtype=np.int64)
        scratch = aligned(np.zeros(max(1, layout.scratch), dtype=np.int64))
        todo = np.zeros((max(1, layout.runs), f.RUN_COLUMNS), dtype=np.int64)
        sums = aligned(np.zeros(max(1, layout.words), dtype=np.int64))
        self._arrays = [
            f.FusedArrays(
                masks,
                _rows(family.numbers.potential, family.numbers.lanes, layout.potentials[k]),
                _rows(family.numbers.potential, family.numbers.lanes, layout.currents[k]),
                _rows(family.numbers.potential, family.numbers.lanes, layout.records[k]),
                active,
                counted,
                scratch,
                todo,
                sums,
            )
            for k, family in enumerate(fused.families)
        ]
        self._masks, self._active, self._counted = masks, active, counted
        self._kept = [place for place in layout.places.values() if place.history]
        self._converted: dict[int, int] = {}
        self._begin = self._ticks = 0
        self._changes: set[int] = set()
        self.tallies = Tallies.of(plan, layout)
        positions = layout.rows
        self._fed = sorted({drive.layer for drive in layout.drives.values()})
        self._inputs = [node for node in range(plan.inputs) if node in layout.places]
        self._neurons = sum(plan.columns.neurons[position] for position in positions)
        self._read_outs = [p for p in positions if fused.layers[p].read_out]
        columns = layout.layers[:, f.AFTER], layout.layers[:, f.BEFORE]
        self._recorded = [
            p for p, row in positions.items() if columns[0][row] >= 0 or columns[1][row] >= 0
        ]

    def reset(self, sample: Sample, points: tuple[int, ...]) -> set[int]:
        """Before the first tick of a sample; returns the ticks at which a current changes."""
        for place in self._kept:
            self._masks[place.base : place.base + place.size] = 0
        self._converted = {}
        self.tallies.reset(points)
        self._changes = set()
        for link in self._layout.drives:
            value = sample[self._plan.nodes[self._plan.columns.source[link]]]
            if isinstance(value, Currents):
                delay = self._plan.columns.delay[link]
                self._changes |= {start + delay for start in value.start}
        return self._changes

    def begin(self, sample: Sample, state: t.State, pool: t.Pool, begin: int, end: int) -> None:
        """Before the first layer of a part; ``pool`` holds the events of the inputs."""
        self._begin, self._ticks = begin, end - begin
        plan = self._plan
        for node in self._inputs:
            if isinstance(sample[plan.nodes[node]], Currents):
                self._active[node] = 0
                self._counted[slice(*self._layout.counters.of_node[node])] = 0
            else:
                self.take_events(node, state, pool)
        self._set_currents(sample)

    def take_events(self, node: int, state: t.State, pool: t.Pool) -> None:
        """Turn the events of an input or a queued layer into bits, and count them."""
        place = self._layout.places.get(node)
        if place is None:
            return
        whole = self._masks[place.base : place.base + place.size]
        whole.reshape(place.rows, place.stride, place.row_bytes)[:, place.history :] = 0
        emission = int(state.nodes[node]["emission_head"])
        if node in self._converted:
            emission = int(pool.emissions[self._converted[node]]["next"])
        channels, _, width = place.image
        last = set_bits(
            pool,
            emission,
            self._begin + self._ticks,
            self._masks,
            place.at(0, 0) - self._begin * place.row_bytes,
            place.line,
            place.row_bytes,
            place.bits,
            channels,
            width,
        )
        if last >= 0:
            self._converted[node] = int(last)
        self._active[node] = last >= 0 or place.history > 0
        counters = self._layout.counters
        for c in range(*counters.of_node[node]):
            arrays = self._arrays[0]
            count_bits(
                self._masks,
                counters.table[c],
                counters.row_class,
                counters.classes,
                counters.planes,
                self._ticks,
                arrays.sums,
                self._counted[c],
            )

    def run(self, group: Group, *, last: bool) -> None:
        """Run a group of layers; ``last`` part of the run."""
        run_layers(
            self._layout.plans[group.family],
            self._arrays[group.family],
            group.begin,
            group.end,
            self._ticks,
            self._begin == 0,
            not last,
        )

    def give_events(self, node: int, state: t.State, pool: t.Pool) -> t.Pool:
        """Turn the bits of a fused layer into events; returns the grown pool."""
        place = self._layout.places[node]
        counted = self._counted[self._layout.counters.spikes[node], : self._ticks]
        emissions = int(state.registers[t.EMISSIONS])
        pool = ensure_spikes(
            pool,
            int(state.registers[t.POOL_SIZE]) + int(counted.sum()),
            emissions,
            graded=bool(state.nodes.graded.any()),
        )
        pool = ensure_emissions(pool, emissions + self._ticks)
        channels, height, width = place.image
        border = place.border.left * place.bits
        emit_bits(
            state,
            pool,
            node,
            self._begin,
            self._ticks,
            self._masks,
            place.at(0, 0) - border // 8,
            place.line,
            place.row_bytes,
            height,
            place.bits,
            channels,
            border,
            width,
        )
        return pool

    def end(self, state: t.State) -> None:
        """After the last layer of a part: counts, records, and what the next part needs."""
        self.tallies.add(self._counted, self._begin, self._ticks)
        self._record(state)
        for place in self._kept:
            whole = self._masks[place.base : place.base + place.size]
            ticks = whole.reshape(place.rows, place.stride, place.row_bytes)
            ticks[:, : place.history] = ticks[:, self._ticks : self._ticks + place.history].copy()

    def finish(self, state: t.State, ticks: int) -> None:
        """Write what the run has come to where queued layers have it."""
        plan = self._plan
        self.tallies.write(state)
        state.registers[t.UPDATES] += self._neurons * ticks
        for position in self._read_outs:
            table = plan.layers.table[position]
            neurons = plan.columns.neurons[position]
            rows = self._potentials(position)
            start = int(table["v_start"])
            state.v[start : start + neurons] = self._in_plan_order(position, rows)

    def _potentials(self, position: int) -> Array:
        layer, row = self._fused.layers[position], self._layout.rows[position]
        first = int(self._layout.layers[row, f.POTENTIAL])
        rows = self._arrays[layer.family].potential[first : first + layer.tiling.places]
        return np.asarray(rows["lane"])

    def _in_plan_order(self, position: int, rows: Array) -> Array:
        """(..., places, lanes) -> (..., neurons), channels last."""
        images = self._fused.layers[position].tiling.to_image(rows)
        return np.moveaxis(images, -3, -1).reshape(*rows.shape[:-2], math.prod(images.shape[-3:]))

    def _record(self, state: t.State) -> None:
        """Copy the recorded ticks of this part."""
        if not self._recorded:
            return
        begin, end = np.searchsorted(
            state.record_ticks, [self._begin, self._begin + self._ticks]
        ).tolist()
        kept = state.record_ticks[begin:end] - self._begin
        for position in self._recorded:
            table = self._layout.layers[self._layout.rows[position]]
            layer = self._fused.layers[position]
            for column, starts in (
                (f.AFTER, state.layers.record_start),
                (f.BEFORE, state.layers.tested_start),
            ):
                first = int(table[column])
                if first < 0:
                    continue
                places = layer.tiling.places
                record = self._arrays[layer.family].record["lane"]
                some = record[first : first + places * self._ticks]
                some = some.reshape(self._ticks, places, -1)[kept]
                size = self._plan.columns.neurons[position]
                to = int(starts[position]) + begin * size
                state.record[to : to + kept.size * size] = self._in_plan_order(
                    position, some
                ).ravel()
            state.layers.recorded[position] = end

    def _set_currents(self, sample: Sample) -> None:
        """The drive of layers behind inputs, where it begins or changes in this tick."""
        layout, plan = self._layout, self._plan
        if self._begin and self._begin not in self._changes:
            return
        for position in self._fed:
            layer = self._fused.layers[position]
            arrays = self._arrays[layer.family]
            family = self._fused.families[layer.family]
            row = layout.rows[position]
            first = int(layout.layers[row, f.CURRENT])
            tiling, parameters = layer.tiling, layer.parameters
            to = arrays.current["lane"][first : first + tiling.places]
            lanes = family.parameters["lane"]
            if parameters.each:
                to[:] = lanes[parameters.drive : parameters.drive + tiling.places]
            else:
                bias = lanes[parameters.drive : parameters.drive + tiling.blocks]
                to.reshape(tiling.blocks, -1, tiling.lanes)[:] = bias[:, None]
            for link in layer.links:
                value = sample.get(plan.nodes[link.source])
                if isinstance(value, Currents):
                    tick = self._begin - link.delay
                    if tick >= value.start[0]:
                        drive = layout.drives[link.link]
                        self._add_current(drive, value.at(tick), layer.family)

    def _add_current(self, drive: Drive, image: Array, family: int) -> None:
        arrays = self._arrays[family]
        values = _laid_out(drive.place, image, arrays.current["lane"].dtype)
        fill_current(
            self._layout.plans[family],
            drive.segments,
            values,
            arrays.current,
            self._layout.rows[drive.layer],
            0,
            drive.stop,
        )


def _rows(dtype: str, lanes: int, count: int) -> Array:
    values = np.zeros((max(1, count), lanes), dtype=dtype)
    return aligned(values).view(row_type(dtype, lanes)).ravel()


def _laid_out(place: Place, image: Array, dtype: Any) -> Array:
    """The values of an image where its bits would be."""
    channels, height, width = place.image
    per_row = place.row_bytes * 8
    values = np.zeros((place.rows, per_row), dtype=dtype)
    inner = np.zeros((height, width, place.bits), dtype=dtype)
    inner[..., :channels] = np.reshape(image, place.image).transpose(1, 2, 0)
    start = place.border.left * place.bits
    values[place.border.top : place.border.top + height, start : start + width * place.bits] = (
        inner.reshape(height, -1)
    )
    return np.append(values.ravel(), np.zeros(64 * place.bits, dtype=dtype))
