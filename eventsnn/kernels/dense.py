"""Scatter spikes through a dense matrix and through a sparse one, row by row."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import jit
from eventsnn.kernels.rows import add1, add2, add4, add8
from eventsnn.kernels.tables import SPARSE_COLUMNS, SPARSE_ROWS, STAGE_TARGETS, STAGE_WEIGHTS
from eventsnn.kernels.weighted_rows import add_weighted

__all__ = ["dense_graded", "dense_uniform", "sparse_graded", "sparse_uniform"]


@jit
def dense_uniform(
    out: Any,
    out_start: int,
    weights: Any,
    p: Any,
    index: Any,
    scale: float,
    start: int,
    stop: int,
) -> None:
    """Weights ``[in][out]``; spikes of one amplitude, eight rows at a time."""
    n, a = p[STAGE_TARGETS], p[STAGE_WEIGHTS]
    k = start
    while k + 8 <= stop:
        add8(
            out,
            out_start,
            weights,
            a + index[k] * n,
            a + index[k + 1] * n,
            a + index[k + 2] * n,
            a + index[k + 3] * n,
            a + index[k + 4] * n,
            a + index[k + 5] * n,
            a + index[k + 6] * n,
            a + index[k + 7] * n,
            n,
            scale,
        )
        k += 8
    if k + 4 <= stop:
        add4(
            out,
            out_start,
            weights,
            a + index[k] * n,
            a + index[k + 1] * n,
            a + index[k + 2] * n,
            a + index[k + 3] * n,
            n,
            scale,
        )
        k += 4
    if k + 2 <= stop:
        add2(out, out_start, weights, a + index[k] * n, a + index[k + 1] * n, n, scale)
        k += 2
    if k < stop:
        add1(out, out_start, weights, a + index[k] * n, n, scale)


@jit
def dense_graded(
    out: Any,
    out_start: int,
    weights: Any,
    p: Any,
    index: Any,
    amplitude: Any,
    start: int,
    stop: int,
) -> None:
    """The same with amplitudes."""
    n, a = p[STAGE_TARGETS], p[STAGE_WEIGHTS]
    add_weighted(out, out_start, weights, a, n, index, amplitude, start, stop, n)


@jit
def sparse_uniform(
    out: Any,
    out_start: int,
    weights: Any,
    row_ptr: Any,
    columns: Any,
    p: Any,
    index: Any,
    scale: float,
    start: int,
    stop: int,
) -> None:
    """Row per source: pools, shortcuts and the user's own sparse matrices."""
    r, c, w = p[SPARSE_ROWS], p[SPARSE_COLUMNS], p[STAGE_WEIGHTS]
    for k in range(start, stop):
        for j in range(row_ptr[r + index[k]], row_ptr[r + index[k] + 1]):
            out[out_start + columns[c + j]] += scale * weights[w + j]


@jit
def sparse_graded(
    out: Any,
    out_start: int,
    weights: Any,
    row_ptr: Any,
    columns: Any,
    p: Any,
    index: Any,
    amplitude: Any,
    start: int,
    stop: int,
) -> None:
    """The same with amplitudes."""
    r, c, w = p[SPARSE_ROWS], p[SPARSE_COLUMNS], p[STAGE_WEIGHTS]
    for k in range(start, stop):
        for j in range(row_ptr[r + index[k]], row_ptr[r + index[k] + 1]):
            out[out_start + columns[c + j]] += amplitude[k] * weights[w + j]
