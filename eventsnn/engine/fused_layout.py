"""The kernels' tables of a plan's fused layers, for parts of a given number of ticks.

Made once for a plan, a number of ticks and what is recorded, and shared by all workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.bit_counters import Counters
from eventsnn.engine.composed import Image
from eventsnn.engine.fused_layers import FusedLayer, FusedLayers
from eventsnn.engine.masks import Border, Place, Span, allocate, ceil_div, padded_channels
from eventsnn.engine.segments import Segments, Tiling
from eventsnn.kernels import fused_tables as f

__all__ = ["Drive", "FusedLayout", "Group", "Request", "Step", "lay_out"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Request:
    """What a layout is made for.

    Attributes:
        layers: positions of the layers that run fused.
        order: all layers, by component.
        components: of the layers in this order.
        ticks: of a part.
        emitting: nodes whose spikes leave as events: recorded ones, and those queued layers
            listen to.
        after, before: positions of layers whose potentials are recorded.
    """

    layers: frozenset[int]
    order: tuple[int, ...]
    components: tuple[int, ...]
    ticks: int
    emitting: frozenset[int]
    after: frozenset[int]
    before: frozenset[int]


@dataclass(frozen=True)
class Group:
    """Consecutive fused layers with the same types of numbers: one call.

    Attributes:
        family: number of `eventsnn.engine.fused_layers.Family`.
        begin, end: rows of the table of layers.
    """

    family: int
    begin: int
    end: int


@dataclass(frozen=True)
class Step:
    """A component in the order of execution, or several fused ones.

    Attributes:
        component: number; of fused layers the first one's.
        layers: positions.
        group: None where they are queued.
    """

    component: int
    layers: tuple[int, ...]
    group: Group | None


@dataclass(frozen=True)
class FusedLayout:
    """Tables, and how long the arrays are that go with them.

    Attributes:
        steps: all layers, in the order of execution.
        layers: the table of layers.
        plans: for the kernels, by family.
        rows: row of the table of layers, by position.
        places: of every node that has bits, by node.
        counters: see `eventsnn.engine.bit_counters`.
        mask_bytes: of all places.
        potentials, currents, records: rows, by family.
        drives: segments of links from inputs, by plan link, for analog values.
        scratch, runs, words: lengths of the scratch arrays.
        ticks: of a part.
    """

    steps: tuple[Step, ...]
    layers: Array
    plans: tuple[f.FusedPlan, ...]
    rows: Mapping[int, int]
    places: Mapping[int, Place]
    counters: Counters
    mask_bytes: int
    potentials: tuple[int, ...]
    currents: tuple[int, ...]
    records: tuple[int, ...]
    drives: Mapping[int, Drive]
    scratch: int
    runs: int
    words: int
    ticks: int


@dataclass(frozen=True)
class Drive:
    """A link from an input, for analog values.

    Attributes:
        layer: position of its target.
        segments: rows as `eventsnn.kernels.fused.fill_current` takes them.
        stop: segments of a block.
        place: of a tick of the input.
    """

    layer: int
    segments: Array
    stop: int
    place: Place


def lay_out(
    fused: FusedLayers,
    request: Request,
    inputs: int,
    images: tuple[Image, ...],
    fan_out: Mapping[int, Array],
    effective: Mapping[int, Array],
) -> FusedLayout:
    """Lay out ``request``; ``images`` by node, the fan-outs by plan link, in plan order."""
    chosen = {p: fused.layers[p] for p in request.order if p in request.layers}
    places, mask_bytes = _places(chosen, request, inputs, images)
    counters = Counters.of(chosen.values(), places, fan_out, effective)
    builder = _Tables(fused, request, inputs, places, counters)
    for layer in chosen.values():
        builder.add(layer)
    return builder.done(mask_bytes)


def _places(
    chosen: Mapping[int, FusedLayer], request: Request, inputs: int, images: tuple[Image, ...]
) -> tuple[dict[int, Place], int]:
    """A place for every node that has bits, and the bytes of all."""
    step = {inputs + p: n for n, p in enumerate(request.order)}
    borders = {inputs + p: Border() for p in chosen}
    history = dict.fromkeys(borders, 0)
    last = {node: step[node] for node in borders}
    for p, layer in chosen.items():
        for link in layer.links:
            borders[link.source] = borders.get(link.source, Border()) | link.border
            history[link.source] = max(history.get(link.source, 0), link.delay)
            last[link.source] = max(last.get(link.source, -1), step[inputs + p])
    found, spans = {}, []
    nodes = sorted(borders, key=lambda node: step.get(node, -1))
    for node in nodes:
        columns = borders[node].left + images[node][2] + borders[node].right
        if node - inputs in chosen:
            tiling = chosen[node - inputs].tiling
            tiles = tiling.tiles * tiling.pixels
            columns = max(columns, borders[node].left + tiles)
        bits = padded_channels(images[node][0])
        place = Place(images[node], bits, borders[node], columns, history[node], request.ticks)
        found[node] = place
        if history[node]:
            spans.append(Span(place.size, -1, len(step)))
        else:
            end = len(step) if node in request.emitting else last[node]
            spans.append(Span(place.size, step.get(node, -1), end))
    starts, size = allocate(spans)
    for node, start in zip(nodes, starts, strict=True):
        old = found[node]
        found[node] = Place(
            old.image, old.bits, old.border, old.columns, old.history, old.ticks, start
        )
    return found, size


class _Tables:
    """The kernels' tables, row by row."""

    def __init__(
        self,
        fused: FusedLayers,
        request: Request,
        inputs: int,
        places: dict[int, Place],
        counters: Counters,
    ) -> None:
        self._fused, self._request, self._inputs = fused, request, inputs
        self._places, self._counters = places, counters
        self._layers: list[Array] = []
        self._segments: list[Array] = []
        self._runs: list[tuple[int, int, int, int]] = []
        self._valid: list[Array] = []
        self._segment_count = self._valid_count = 0
        families = len(fused.families)
        self._potentials, self._currents, self._records = ([0] * families for _ in range(3))
        self._rows: dict[int, int] = {}
        self._order: list[int] = []
        self._drives: dict[int, Drive] = {}
        self._furthest = 0

    def add(self, layer: FusedLayer) -> None:
        """One layer."""
        tiling, node = layer.tiling, self._inputs + layer.position
        place, parameters = self._places[node], layer.parameters
        row = np.zeros(f.LAYER_COLUMNS, dtype=np.int64)
        row[f.SEGMENTS], row[f.RUNS_START] = self._segment_count, len(self._runs)
        row[f.SEGMENT_COUNT] = self._add_links(layer)
        row[f.RUNS_STOP] = len(self._runs)
        row[f.BLOCKS], row[f.ROWS], row[f.TILES] = tiling.blocks, tiling.image[1], tiling.tiles
        row[f.VALID] = self._valid_count
        self._valid.append(tiling.valid())
        self._valid_count += tiling.tiles
        for column, value in (
            (f.EACH, parameters.each),
            (f.THRESHOLD, parameters.threshold),
            (f.RESET, parameters.amount),
            (f.LOW, parameters.low),
            (f.HIGH, parameters.high),
            (f.DECAY, parameters.decay),
            (f.DRIVE, parameters.drive),
            (f.INITIAL, parameters.initial),
            (f.RESET_KIND, parameters.reset),
        ):
            row[column] = value
        family = layer.family
        row[f.POTENTIAL] = _taken(self._potentials, family, tiling.places)
        fed = any(link.source < self._inputs for link in layer.links)
        row[f.CURRENT] = _taken(self._currents, family, tiling.places) if fed else -1
        record = tiling.places * self._request.ticks
        for column, wanted in ((f.AFTER, self._request.after), (f.BEFORE, self._request.before)):
            kept = layer.position in wanted
            row[column] = _taken(self._records, family, record) if kept else -1
        row[f.OUT], row[f.OUT_ROW] = place.at(0, 0), place.line
        row[f.OUT_TILE] = tiling.pixels * tiling.bits // 8
        row[f.OUT_BLOCK], row[f.OUT_TICK] = tiling.lanes // 8, place.row_bytes
        row[f.NODE] = node
        row[f.COUNTERS_START], row[f.COUNTERS_STOP] = self._counters.of_node[node]
        row[f.CLEAR], row[f.CLEAR_STOP] = place.base, place.base + place.size
        row[f.KEPT], row[f.READ_OUT] = place.history > 0, layer.read_out
        self._rows[layer.position] = len(self._layers)
        self._order.append(layer.position)
        self._layers.append(row)

    def _add_links(self, layer: FusedLayer) -> int:
        """The segments of all links, block by block; how many a block has."""
        tables = []
        done = 0
        for link in layer.links:
            place = self._places[link.source]
            table = _placed(link.segments, place, link.delay, layer.tiling)
            self._see(table, place, layer.tiling)
            tables.append(table)
            self._runs.append((link.segments.kind, done, done + table.shape[1], link.source))
            if link.source < self._inputs:
                self._drives[link.link] = _drive(link.segments, place, layer)
            done += table.shape[1]
        whole = np.concatenate(
            [np.zeros((layer.tiling.blocks, 0, f.SEGMENT_COLUMNS), dtype=np.int64), *tables], axis=1
        )
        self._segments.append(whole.reshape(-1, f.SEGMENT_COLUMNS))
        self._segment_count += len(self._segments[-1])
        return done

    def _see(self, table: Array, place: Place, tiling: Tiling) -> None:
        """Note the furthest byte that is looked at; nothing may lie before the first one."""
        if not table.size:
            return
        most = table[..., f.BASE] + (tiling.image[1] - 1) * table[..., f.ROW_STEP]
        most += (tiling.tiles - 1) * table[..., f.TILE_STEP]
        ticks = ceil_div(self._request.ticks, 4) * 4 - 1
        self._furthest = max(self._furthest, int(most.max()) + ticks * place.row_bytes + 8)
        assert int(table[..., f.BASE].min()) >= 0

    def done(self, mask_bytes: int) -> FusedLayout:
        """All tables."""

        def joined(pieces: list[Array], columns: int) -> Array:
            return np.concatenate([np.zeros((0, columns), dtype=np.int64), *pieces])

        layers = np.array(self._layers, dtype=np.int64).reshape(-1, f.LAYER_COLUMNS)
        segments = joined(self._segments, f.SEGMENT_COLUMNS)
        runs = np.array(self._runs, dtype=np.int64).reshape(-1, f.RUN_COLUMNS)
        valid = np.concatenate([np.zeros(0, dtype=np.uint64), *self._valid])
        plans = [
            f.FusedPlan(
                layers,
                segments,
                runs,
                family.weights,
                family.amplitudes,
                family.parameters,
                valid,
                self._counters.table,
                self._counters.row_class,
                self._counters.classes,
                self._counters.planes,
            )
            for family in self._fused.families
        ]
        links = layers[:, f.RUNS_STOP] - layers[:, f.RUNS_START]
        return FusedLayout(
            steps=tuple(self._steps()),
            layers=layers,
            plans=tuple(plans),
            rows=self._rows,
            places=self._places,
            counters=self._counters,
            mask_bytes=max(mask_bytes, self._furthest) + 64,
            potentials=tuple(self._potentials),
            currents=tuple(self._currents),
            records=tuple(self._records),
            drives=self._drives,
            scratch=int(layers[:, f.SEGMENT_COUNT].max(initial=0)),
            runs=int(links.max(initial=0)),
            words=max((p.row_bytes // 8 for p in self._places.values()), default=0)
            * self._request.ticks,
            ticks=self._request.ticks,
        )

    def _steps(self) -> list[Step]:
        """Neighbors of one family are one step, and so are the layers of a queued component."""
        found: list[Step] = []
        request = self._request
        for position, component in zip(request.order, request.components, strict=True):
            before = found[-1] if found else None
            if position not in self._rows:
                if before is not None and before.group is None and before.component == component:
                    found[-1] = Step(component, (*before.layers, position), None)
                else:
                    found.append(Step(component, (position,), None))
                continue
            family, row = self._fused.layers[position].family, self._rows[position]
            if before is not None and before.group is not None and before.group.family == family:
                group = Group(family, before.group.begin, row + 1)
                found[-1] = Step(before.component, (*before.layers, position), group)
            else:
                found.append(Step(component, (position,), Group(family, row, row + 1)))
        return found


def _taken(counts: list[int], family: int, rows: int) -> int:
    first = counts[family]
    counts[family] += rows
    return first


def _placed(segments: Segments, place: Place, delay: int, tiling: Tiling) -> Array:
    """(blocks, n, SEGMENT_COLUMNS) in bytes of the masks."""
    table = np.zeros((tiling.blocks, segments.count, f.SEGMENT_COLUMNS), dtype=np.int64)
    bit = (place.border.left * place.bits + segments.bit) // 8
    row = (segments.row + place.border.top) * place.line
    base = place.base + row + (place.history - delay) * place.row_bytes + bit
    # one that keeps no bit may look anywhere
    table[..., f.BASE] = np.where(segments.keep == 0, place.base, base)
    table[..., f.ROW_STEP] = segments.row_step * place.line
    table[..., f.TILE_STEP] = segments.bit_step // 8
    table[..., f.TICK_STEP] = place.row_bytes
    table[..., f.KEEP], table[..., f.FIRST] = segments.keep, segments.first
    table[..., f.RIGHT], table[..., f.LEFT] = segments.right, segments.left
    return table


def _drive(segments: Segments, of: Place, layer: FusedLayer) -> Drive:
    place = Place(of.image, of.bits, of.border, of.columns, 0, 1)
    # a single tick, and rows without any between them
    line = place.row_bytes
    table = _placed(segments, place, 0, layer.tiling)
    bit = (place.border.left * place.bits + segments.bit) // 8
    base = (segments.row + place.border.top) * line + bit
    table[..., f.BASE] = np.where(segments.keep == 0, 0, base)
    table[..., f.ROW_STEP] = segments.row_step * line
    return Drive(
        layer.position,
        np.ascontiguousarray(table.reshape(-1, f.SEGMENT_COLUMNS)),
        segments.count,
        place,
    )
