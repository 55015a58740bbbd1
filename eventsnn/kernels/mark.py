"""Which neurons of a touched layer a packet reaches: the targets of its last stage."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import jit
from eventsnn.kernels.tables import (
    CONV_C_IN,
    CONV_C_OUT,
    CONV_CONTIGUOUS,
    CONV_GROUP_IN,
    CONV_GROUP_OUT,
    CONV_STEP_X,
    CONV_STEP_Y,
    CONV_TAPS_X,
    CONV_TAPS_Y,
    CONV_WIDTH_IN,
    CONV_WIDTH_OUT,
    ONE,
    SPARSE_COLUMNS,
    SPARSE_ROWS,
    STAGE_CONV,
    STAGE_DENSE,
    STAGE_KIND,
    STAGE_TARGETS,
    TOUCHED,
    VISITS,
    ZERO,
)

__all__ = ["mark", "mark_run"]


@jit
def mark_run(layers: Any, state: Any, layer: int, first: int, n: int) -> None:
    """Put neurons ``first`` to ``first + n - 1`` on the list of this visit, each once."""
    stamp, touched = state.stamp, state.touched
    visit, end = state.registers[VISITS], state.registers[TOUCHED]
    start = layers.table[layer].lazy_start
    for i in range(first, first + n):
        if stamp[start + i] != visit:
            stamp[start + i] = visit
            touched[end] = i
            end += 1
    state.registers[TOUCHED] = end


@jit
def mark(
    layers: Any, stages: Any, state: Any, layer: int, stage: int, index: Any, start: int, stop: int
) -> None:
    """Put every target of the spikes ``index[start:stop]`` of a stage on the list."""
    p = stages.table[stage]
    if p[STAGE_KIND] == STAGE_DENSE:
        if stop > start:
            mark_run(layers, state, layer, ZERO, p[STAGE_TARGETS])
    elif p[STAGE_KIND] == STAGE_CONV:
        for k in range(start, stop):
            _mark_conv(layers, stages, state, layer, p, index[k])
    else:
        for k in range(start, stop):
            row = p[SPARSE_ROWS] + index[k]
            for j in range(stages.row_ptr[row], stages.row_ptr[row + 1]):
                mark_run(layers, state, layer, stages.columns[p[SPARSE_COLUMNS] + j], ONE)


@jit
def _mark_conv(layers: Any, stages: Any, state: Any, layer: int, p: Any, source: int) -> None:
    """The same runs as `eventsnn.kernels.conv` adds to."""
    pixel = source // p[CONV_C_IN]
    channel = source - pixel * p[CONV_C_IN]
    y = pixel // p[CONV_WIDTH_IN]
    x = pixel - y * p[CONV_WIDTH_IN]
    ty = p[CONV_TAPS_Y] + 3 * y
    tx = p[CONV_TAPS_X] + 3 * x
    target_x = stages.taps[tx + 2]
    n_columns = stages.taps[tx + 1] - stages.taps[tx]
    for row in range(stages.taps[ty + 1] - stages.taps[ty]):
        target_y = stages.taps[ty + 2] + row * p[CONV_STEP_Y]
        o = (target_y * p[CONV_WIDTH_OUT] + target_x) * p[CONV_C_OUT]
        if p[CONV_CONTIGUOUS]:
            mark_run(layers, state, layer, o, n_columns * p[CONV_C_OUT])
        else:
            o += channel // p[CONV_GROUP_IN] * p[CONV_GROUP_OUT]
            for t in range(n_columns):
                first = o + t * p[CONV_STEP_X] * p[CONV_C_OUT]
                mark_run(layers, state, layer, first, p[CONV_GROUP_OUT])
