"""Feed-forward layers over all ticks in one pass: potentials in registers, spikes as bits.

Masks. The spikes of a node are bits ``masks[y][tick][x][channel]``, channels last, with a zero
border around the image as wide as its consumers' windows reach, and channels padded with zeros
to 8, 16, 32 or a multiple of 64. A kernel row of a convolution is then a run of adjacent bits.

Tiles. The kernel works on a row of lanes: a block of output channels or, where a layer has
fewer channels than that, all channels of several neighboring pixels. The weights of such a
tile are those of the larger window that its pixels see together, zero where a pixel does not see
an input. So one set bit adds one row of weights, whatever the number of channels.

Segments. All that a tile does in a tick is a list of segments, 64 bits of a source each:
*gather*: each set bit adds the row of weights with its number; *lane*: the bits select lanes of
one row (identity and strided shortcuts, depthwise taps, pools). Kernel size, stride, dilation,
groups, padding and dense layers differ in their lists only.

Ticks. Four ticks are summed at a time, in as many accumulators, two bits of each per turn: as
many turns as the fullest of the four words needs, and a word without bits left reads the row
of zeros behind its 64 rows. That shares one mispredicted branch among four ticks and gives four
independent chains of additions. Then the four tests and resets follow one another.

Order of additions. The sum of a tick is drive + w1 + w2 + ... in the order of the segments:
links as declared, within a link row, column, channel of the source. Lanes, tiles, parts and
threads change nothing in it; docs/semantics.md says so, and the oracle can add the same way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsnn.kernels import fused_tables as f
from eventsnn.kernels.count_bits import count_bits
from eventsnn.kernels.jit import entry_point, jit
from eventsnn.kernels.lanes import (
    add,
    at_least,
    bits_of,
    choose,
    count_ones,
    first_one,
    load,
    load_near,
    lower,
    moved,
    product,
    put,
    spread,
    store,
    sub,
    upper,
    without_first,
    word,
    zero,
)

__all__ = ["fill_current", "run_layers"]


@jit
def _active_runs(runs: Any, start: int, stop: int, active: Any, todo: Any) -> int:
    """Copy the runs of links whose source has spikes; returns how many."""
    count = 0
    for r in range(start, stop):
        if active[runs[r, f.RUN_SOURCE]]:
            for column in range(f.RUN_COLUMNS):
                todo[count, column] = runs[r, column]
            count += 1
    return count


@jit
def _run_layer(
    layer: Any,
    segments: Any,
    todo: Any,
    links: int,
    weights: Any,
    amplitudes: Any,
    parameters: Any,
    valid: Any,
    masks: Any,
    potentials: Any,
    current: Any,
    record: Any,
    spot: Any,
    ticks: int,
    fresh: bool,
    keep: bool,
) -> None:
    """Run one layer for ``ticks`` ticks, from its first potentials if ``fresh``."""
    count, blocks = layer[f.SEGMENT_COUNT], layer[f.BLOCKS]
    rows, tiles, each = layer[f.ROWS], layer[f.TILES], layer[f.EACH]
    clamps, leaks, kind = layer[f.LOW] >= 0, layer[f.DECAY] >= 0, layer[f.RESET_KIND]
    tick_step = layer[f.OUT_TICK]
    after, before = layer[f.AFTER], layer[f.BEFORE]
    everywhere = blocks * rows * tiles
    for block in range(blocks):
        first = layer[f.SEGMENTS] + block * count
        mine = segments[first : first + count]
        for y in range(rows):
            for x in range(tiles):
                place = (block * rows + y) * tiles + x
                p = place if each else block
                theta = load(parameters, layer[f.THRESHOLD] + p)
                amount = load(parameters, layer[f.RESET] + p)
                low = load(parameters, layer[f.LOW] + p) if clamps else theta
                high = load(parameters, layer[f.HIGH] + p) if clamps else theta
                decay = load(parameters, layer[f.DECAY] + p) if leaks else theta
                if layer[f.CURRENT] >= 0:
                    drive = load(current, layer[f.CURRENT] + place)
                else:
                    drive = load(parameters, layer[f.DRIVE] + p)
                if fresh:
                    potential = load(parameters, layer[f.INITIAL] + p)
                else:
                    potential = load(potentials, layer[f.POTENTIAL] + place)
                inside = bits_of(valid[layer[f.VALID] + x], theta)
                at = layer[f.OUT] + y * layer[f.OUT_ROW] + x * layer[f.OUT_TILE]
                at += block * layer[f.OUT_BLOCK]
                for s in range(count):
                    spot[s] = mine[s, f.BASE] + y * mine[s, f.ROW_STEP] + x * mine[s, f.TILE_STEP]
                for tick in range(0, ticks, 4):
                    a = b = c = d = drive
                    for link in range(links):
                        start, stop = todo[link, f.RUN_START], todo[link, f.RUN_STOP]
                        if todo[link, f.RUN_KIND] == f.GATHER:
                            for s in range(start, stop):
                                step, from_ = mine[s, f.TICK_STEP], spot[s]
                                kept, row = mine[s, f.KEEP], mine[s, f.FIRST]
                                spot[s] = from_ + 4 * step
                                p0 = word(masks, from_, kept)
                                p1 = word(masks, from_ + step, kept)
                                p2 = word(masks, from_ + 2 * step, kept)
                                p3 = word(masks, from_ + 3 * step, kept)
                                most = max(
                                    count_ones(p0), count_ones(p1), count_ones(p2), count_ones(p3)
                                )
                                for _ in range((most + 1) >> 1):
                                    a = add(a, load_near(weights, row, first_one(p0), a))
                                    b = add(b, load_near(weights, row, first_one(p1), a))
                                    c = add(c, load_near(weights, row, first_one(p2), a))
                                    d = add(d, load_near(weights, row, first_one(p3), a))
                                    p0, p1 = without_first(p0), without_first(p1)
                                    p2, p3 = without_first(p2), without_first(p3)
                                    a = add(a, load_near(weights, row, first_one(p0), a))
                                    b = add(b, load_near(weights, row, first_one(p1), a))
                                    c = add(c, load_near(weights, row, first_one(p2), a))
                                    d = add(d, load_near(weights, row, first_one(p3), a))
                                    p0, p1 = without_first(p0), without_first(p1)
                                    p2, p3 = without_first(p2), without_first(p3)
                        else:
                            for s in range(start, stop):
                                step, from_ = mine[s, f.TICK_STEP], spot[s]
                                kept = mine[s, f.KEEP]
                                right, left = mine[s, f.RIGHT], mine[s, f.LEFT]
                                spot[s] = from_ + 4 * step
                                w = load_near(amplitudes, mine[s, f.FIRST], 0, a)
                                p0 = moved(word(masks, from_, kept), right, left)
                                p1 = moved(word(masks, from_ + step, kept), right, left)
                                p2 = moved(word(masks, from_ + 2 * step, kept), right, left)
                                p3 = moved(word(masks, from_ + 3 * step, kept), right, left)
                                a = add(a, choose(bits_of(p0, w), w, zero(w)))
                                b = add(b, choose(bits_of(p1, w), w, zero(w)))
                                c = add(c, choose(bits_of(p2, w), w, zero(w)))
                                d = add(d, choose(bits_of(p3, w), w, zero(w)))
                    for k in range(4):  # of constant length: unrolled, and nothing is moved
                        if tick + k < ticks:
                            if leaks:
                                potential = product(potential, decay)
                            potential = add(potential, a)
                            if clamps:
                                potential = lower(upper(potential, low), high)
                            if before >= 0:
                                store(record, before + (tick + k) * everywhere + place, potential)
                            fired = at_least(potential, theta)
                            if kind == f.RESET_SUBTRACT:
                                potential = choose(fired, sub(potential, amount), potential)
                            elif kind == f.RESET_VALUE:
                                potential = choose(fired, amount, potential)
                            if after >= 0:
                                store(record, after + (tick + k) * everywhere + place, potential)
                            put(masks, at, bits_of(fired & inside, theta), theta)
                            at += tick_step
                        a = b
                        b = c
                        c = d
                if keep:
                    store(potentials, layer[f.POTENTIAL] + place, potential)


@entry_point
def run_layers(
    plan: Any, arrays: Any, begin: int, end: int, ticks: int, fresh: bool, keep: bool
) -> None:
    """Run the layers ``begin`` to ``end - 1`` one after the other, each for ``ticks`` ticks.

    ``keep`` writes the potentials back after the last tick, with which a later call goes on.
    Counts the spikes of each layer as its bits are written, and notes whether there were any.
    """
    layers, segments, runs = plan.layers, plan.segments, plan.runs
    weights, amplitudes, parameters = plan.weights, plan.amplitudes, plan.parameters
    valid, counters, row_class = plan.valid, plan.counters, plan.row_class
    classes, planes = plan.classes, plan.planes
    masks, potentials, current = arrays.masks, arrays.potential, arrays.current
    record, active, counted = arrays.record, arrays.active, arrays.counted
    spot, todo, sums = arrays.scratch, arrays.todo, arrays.sums
    for l in range(begin, end):
        layer = layers[l]
        if fresh or not layer[f.KEPT]:
            masks[layer[f.CLEAR] : layer[f.CLEAR_STOP]] = 0
        links = _active_runs(runs, layer[f.RUNS_START], layer[f.RUNS_STOP], active, todo)
        _run_layer(
            layer,
            segments,
            todo,
            links,
            weights,
            amplitudes,
            parameters,
            valid,
            masks,
            potentials,
            current,
            record,
            spot,
            ticks,
            fresh,
            keep or layer[f.READ_OUT] > 0,
        )
        spikes: Any = np.int64(0)
        for c in range(layer[f.COUNTERS_START], layer[f.COUNTERS_STOP]):
            spikes = count_bits(
                masks, counters[c], row_class, classes, planes, ticks, sums, counted[c]
            )
        # the last counter of a node counts each spike once
        active[layer[f.NODE]] = layer[f.KEPT] or spikes > 0


@entry_point
def fill_current(
    plan: Any, segments: Any, values: Any, current: Any, l: int, start: int, stop: int
) -> None:
    """Add the products of analog values to the drive of layer ``l``: one link of it.

    ``values`` are laid out as the bits of a tick would be, borders included; ``segments``
    (blocks x count rows, as `FusedPlan.segments`, the places of their first bits in bytes of such
    bits), of which those from ``start`` to ``stop`` of each block are the link's. The order of
    additions is that of spikes.
    """
    layer, weights = plan.layers[l], plan.weights
    rows, tiles, blocks = layer[f.ROWS], layer[f.TILES], layer[f.BLOCKS]
    count = segments.shape[0] // blocks
    for block in range(blocks):
        mine = segments[block * count : block * count + count]
        for y in range(rows):
            for x in range(tiles):
                place = layer[f.CURRENT] + (block * rows + y) * tiles + x
                drive = load(current, place)
                for s in range(start, stop):
                    at = mine[s, f.BASE] + y * mine[s, f.ROW_STEP] + x * mine[s, f.TILE_STEP]
                    row = mine[s, f.FIRST]
                    bits: Any = np.uint64(mine[s, f.KEEP])
                    while bits:
                        k = first_one(bits)
                        w = load_near(weights, row, k, drive)
                        drive = add(drive, product(w, spread(values[8 * at + k], w)))
                        bits = without_first(bits)
                store(current, place, drive)
