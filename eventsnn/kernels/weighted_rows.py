"""Add weight rows, each with an amplitude of its own, to a run of potentials.

``out[o + i] += s_k w[row_k + i] + ...`` for i < n, four rows at a time: as in
`eventsnn.kernels.rows`, what a spike costs is reading and writing the potential.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import jit

__all__ = ["add_weighted"]


@jit
def add_weighted(
    out: Any,
    o: int,
    w: Any,
    first: int,
    stride: int,
    index: Any,
    amplitude: Any,
    start: int,
    stop: int,
    n: int,
) -> None:
    """The rows ``first + stride index[k]`` for ``start <= k < stop``, scaled."""
    y = out[o : o + n]
    k = start
    while k + 4 <= stop:
        s0, s1, s2, s3 = amplitude[k], amplitude[k + 1], amplitude[k + 2], amplitude[k + 3]
        a = first + stride * index[k]
        w0 = w[a : a + n]
        a = first + stride * index[k + 1]
        w1 = w[a : a + n]
        a = first + stride * index[k + 2]
        w2 = w[a : a + n]
        a = first + stride * index[k + 3]
        w3 = w[a : a + n]
        for i in range(n):
            y[i] += (s0 * w0[i] + s1 * w1[i]) + (s2 * w2[i] + s3 * w3[i])
        k += 4
    if k + 2 <= stop:
        s0, s1 = amplitude[k], amplitude[k + 1]
        a = first + stride * index[k]
        w0 = w[a : a + n]
        a = first + stride * index[k + 1]
        w1 = w[a : a + n]
        for i in range(n):
            y[i] += s0 * w0[i] + s1 * w1[i]
        k += 2
    if k < stop:
        s0 = amplitude[k]
        a = first + stride * index[k]
        w0 = w[a : a + n]
        for i in range(n):
            y[i] += s0 * w0[i]
