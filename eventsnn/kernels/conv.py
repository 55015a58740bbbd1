"""Scatter the spikes of an image through a convolution.

Images are channels last. The spikes come sorted, so they are walked pixel by pixel; a
pixel's targets are, for each valid kernel row, one contiguous run of
(valid kernel columns x output channels), because the kernel's columns are stored in the
order of the targets (flipped, and grouped by the pixel's phase under a stride). Which
rows and columns are valid is looked up per image row and column, so borders are exact
and nothing is written outside the image.

Weights are laid out ``[c_in][row][column][c_out / groups]``, rows and columns permuted.
``columns`` of the table ``p`` are named in `eventsnn.kernels.tables`.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import entry_point
from eventsnn.kernels.rows import add1, add2, add4, add8
from eventsnn.kernels.tables import (
    CONV_C_IN,
    CONV_C_OUT,
    CONV_CONTIGUOUS,
    CONV_GROUP_IN,
    CONV_GROUP_OUT,
    CONV_KERNEL_X,
    CONV_KERNEL_Y,
    CONV_STEP_X,
    CONV_STEP_Y,
    CONV_TAPS_X,
    CONV_TAPS_Y,
    CONV_WIDTH_IN,
    CONV_WIDTH_OUT,
    STAGE_WEIGHTS,
)
from eventsnn.kernels.weighted_rows import add_weighted

__all__ = ["conv_graded", "conv_uniform"]


@entry_point
def conv_uniform(
    out: Any,
    out_start: int,
    weights: Any,
    taps: Any,
    p: Any,
    index: Any,
    scale: float,
    start: int,
    stop: int,
) -> None:
    """Spikes of one amplitude, ``scale``: ``index[start:stop]``, sorted."""
    channels, width = p[CONV_C_IN], p[CONV_WIDTH_IN]
    c_out, width_out = p[CONV_C_OUT], p[CONV_WIDTH_OUT]
    kernel_x = p[CONV_KERNEL_X]
    group_in, group_out = p[CONV_GROUP_IN], p[CONV_GROUP_OUT]
    per_row = kernel_x * group_out
    per_channel = p[CONV_KERNEL_Y] * per_row
    first_weight = p[STAGE_WEIGHTS]
    i = start
    while i < stop:
        pixel = index[i] // channels
        base = pixel * channels
        j = i + 1
        while j < stop and index[j] < base + channels:
            j += 1
        y = pixel // width
        x = pixel - y * width
        # (first tap, end tap, first target) of this image row and column
        ty = p[CONV_TAPS_Y] + 3 * y
        tx = p[CONV_TAPS_X] + 3 * x
        row_from, row_to, target_y = taps[ty], taps[ty + 1], taps[ty + 2]
        column, target_x = taps[tx], taps[tx + 2]
        n_columns = taps[tx + 1] - column
        for row in range(row_from, row_to):
            target_row = target_y + (row - row_from) * p[CONV_STEP_Y]
            o = out_start + (target_row * width_out + target_x) * c_out
            a = first_weight + row * per_row + column * group_out
            if p[CONV_CONTIGUOUS]:
                n = n_columns * c_out
                k = i
                while k + 8 <= j:
                    add8(
                        out,
                        o,
                        weights,
                        a + (index[k] - base) * per_channel,
                        a + (index[k + 1] - base) * per_channel,
                        a + (index[k + 2] - base) * per_channel,
                        a + (index[k + 3] - base) * per_channel,
                        a + (index[k + 4] - base) * per_channel,
                        a + (index[k + 5] - base) * per_channel,
                        a + (index[k + 6] - base) * per_channel,
                        a + (index[k + 7] - base) * per_channel,
                        n,
                        scale,
                    )
                    k += 8
                if k + 4 <= j:
                    add4(
                        out,
                        o,
                        weights,
                        a + (index[k] - base) * per_channel,
                        a + (index[k + 1] - base) * per_channel,
                        a + (index[k + 2] - base) * per_channel,
                        a + (index[k + 3] - base) * per_channel,
                        n,
                        scale,
                    )
                    k += 4
                if k + 2 <= j:
                    add2(
                        out,
                        o,
                        weights,
                        a + (index[k] - base) * per_channel,
                        a + (index[k + 1] - base) * per_channel,
                        n,
                        scale,
                    )
                    k += 2
                if k < j:
                    add1(out, o, weights, a + (index[k] - base) * per_channel, n, scale)
            else:
                for k in range(i, j):
                    channel = index[k] - base
                    b = a + channel * per_channel
                    d = o + channel // group_in * group_out
                    for t in range(n_columns):
                        add1(
                            out,
                            d + t * p[CONV_STEP_X] * c_out,
                            weights,
                            b + t * group_out,
                            group_out,
                            scale,
                        )
        i = j


@entry_point
def conv_graded(
    out: Any,
    out_start: int,
    weights: Any,
    taps: Any,
    p: Any,
    index: Any,
    amplitude: Any,
    start: int,
    stop: int,
) -> None:
    """Spikes with amplitudes of their own: the same walk, four rows at a time."""
    channels, width = p[CONV_C_IN], p[CONV_WIDTH_IN]
    c_out, width_out = p[CONV_C_OUT], p[CONV_WIDTH_OUT]
    group_in, group_out = p[CONV_GROUP_IN], p[CONV_GROUP_OUT]
    per_row = p[CONV_KERNEL_X] * group_out
    per_channel = p[CONV_KERNEL_Y] * per_row
    i = start
    while i < stop:
        pixel = index[i] // channels
        base = pixel * channels
        j = i + 1
        while j < stop and index[j] < base + channels:
            j += 1
        y = pixel // width
        x = pixel - y * width
        ty = p[CONV_TAPS_Y] + 3 * y
        tx = p[CONV_TAPS_X] + 3 * x
        row_from, row_to, target_y = taps[ty], taps[ty + 1], taps[ty + 2]
        column, target_x = taps[tx], taps[tx + 2]
        n_columns = taps[tx + 1] - column
        for row in range(row_from, row_to):
            target_row = target_y + (row - row_from) * p[CONV_STEP_Y]
            o = out_start + (target_row * width_out + target_x) * c_out
            a = p[STAGE_WEIGHTS] + row * per_row + column * group_out
            if p[CONV_CONTIGUOUS]:
                add_weighted(
                    out,
                    o,
                    weights,
                    a - base * per_channel,
                    per_channel,
                    index,
                    amplitude,
                    i,
                    j,
                    n_columns * c_out,
                )
            else:
                for k in range(i, j):
                    channel = index[k] - base
                    b = a + channel * per_channel
                    d = o + channel // group_in * group_out
                    for t in range(n_columns):
                        add1(
                            out,
                            d + t * p[CONV_STEP_X] * c_out,
                            weights,
                            b + t * group_out,
                            group_out,
                            amplitude[k],
                        )
        i = j
