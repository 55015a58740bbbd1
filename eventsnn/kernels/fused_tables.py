"""The flat arrays of fused layers, and the small integers in them.

Two kinds of numbers meet in them: *potentials* (float32, float64, int32 or int16), the type of
all rows but the weights, and *weights* (the same, or int8). The layers of one call share both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["FusedArrays", "FusedPlan"]

# columns of `FusedPlan.layers`
(
    SEGMENTS,  # first row of `FusedPlan.segments`
    SEGMENT_COUNT,  # for each block
    RUNS_START,  # into `FusedPlan.runs`: the links, in the order of addition
    RUNS_STOP,
    BLOCKS,  # of channels
    ROWS,  # of the image
    TILES,  # of an image row
    VALID,  # first of the words of lanes inside the image, one for each tile
    # rows of `FusedPlan.parameters`: one for each block, or for each block, row and tile
    EACH,  # 1: one for each block, row and tile
    THRESHOLD,
    RESET,
    LOW,  # -1: no clamp
    HIGH,
    DECAY,  # -1: no leak
    DRIVE,  # bias; without one, zeros
    INITIAL,
    RESET_KIND,
    # first rows of `FusedArrays`
    POTENTIAL,
    CURRENT,  # -1: no input
    AFTER,  # rows of record, tick by tick; -1: not recorded
    BEFORE,  # the same before the reset
    # where the bits go, in bytes
    OUT,
    OUT_ROW,
    OUT_TILE,
    OUT_BLOCK,
    OUT_TICK,
    NODE,
    COUNTERS_START,
    COUNTERS_STOP,
    CLEAR,  # first byte of the node's place
    CLEAR_STOP,
    KEPT,  # 1: the place is the node's alone, and keeps ticks for delayed links
    READ_OUT,  # 1: its potential is wanted after the last tick
) = range(33)
LAYER_COLUMNS = 33

# columns of `FusedPlan.segments`; places and steps in bytes of the masks
BASE, ROW_STEP, TILE_STEP, TICK_STEP, KEEP, FIRST, RIGHT, LEFT = range(8)
SEGMENT_COLUMNS = 8  # one cache line

# columns of `FusedPlan.runs`
RUN_KIND, RUN_START, RUN_STOP, RUN_SOURCE = range(4)
RUN_COLUMNS = 4
GATHER, LANE = 0, 1

# columns of `FusedPlan.counters`
COUNTER_BASE, COUNTER_LINE, COUNTER_ROWS, COUNTER_WORDS, COUNTER_REPEAT, COUNTER_CLASS = range(6)
COUNTER_COLUMNS = 6
# columns of `FusedPlan.classes`
PLANE_START, PLANE_DIGITS, PLANE_FACTOR = range(3)
CLASS_COLUMNS = 3

# reset kinds, as in `eventsnn.kernels.tables`
RESET_SUBTRACT, RESET_VALUE, RESET_NONE = 0, 1, 2


class FusedPlan(NamedTuple):
    """What a run of fused layers reads; the same for all workers.

    Attributes:
        layers: int64 (layers, LAYER_COLUMNS), in the order of execution.
        segments: int64 (segments, SEGMENT_COLUMNS), by layer, block, link.
        runs: int64 (runs, RUN_COLUMNS): segments of one kind and link, numbered within a block.
        weights: rows; behind the 64 of a gather segment one of zeros.
        amplitudes: rows, of lane segments.
        parameters: rows.
        valid: uint64.
        counters: int64 (counters, COUNTER_COLUMNS), by node.
        row_class: int64, per counter and image row its class, -1: counts nothing.
        classes: int64 (classes, CLASS_COLUMNS).
        planes: uint64, bits of fan-outs, each plane repeated for as many ticks as its counter says.
    """

    layers: Any
    segments: Any
    runs: Any
    weights: Any
    amplitudes: Any
    parameters: Any
    valid: Any
    counters: Any
    row_class: Any
    classes: Any
    planes: Any


class FusedArrays(NamedTuple):
    """What a run of fused layers changes; one set for each worker.

    Attributes:
        masks: uint8, bits of all nodes.
        potential: rows, after the last tick.
        current: rows, drive of layers behind analog inputs, bias included.
        record: rows of recorded potentials.
        active: uint8, per node: whether it has spikes in this part.
        counted: int64 (counters, ticks): fan-outs of the spikes of each tick.
        scratch: int64, at least as many as a layer has segments.
        todo: int64 (runs, RUN_COLUMNS), scratch.
        sums: int64, scratch of the counters.
    """

    masks: Any
    potential: Any
    current: Any
    record: Any
    active: Any
    counted: Any
    scratch: Any
    todo: Any
    sums: Any
