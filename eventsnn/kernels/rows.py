"""Add several weight rows to a run of potentials at a time.

``out[o + i] += scale * (w[a + i] + w[b + i] + ...)`` for i < n; ``scale`` is the amplitude that
the spikes share, 1 or a power of two, so it rounds nothing. The potential is read and written
once for eight rows instead of eight times; memory traffic is what a spike costs. The sum
of the rows is formed first, in the order given.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import jit

__all__ = ["add1", "add2", "add4", "add8"]


@jit
def add1(out: Any, o: int, w: Any, a: int, n: int, scale: float) -> None:
    """One row."""
    y = out[o : o + n]
    w0 = w[a : a + n]
    for i in range(n):
        y[i] += scale * w0[i]


@jit
def add2(out: Any, o: int, w: Any, a: int, b: int, n: int, scale: float) -> None:
    """Two rows."""
    y = out[o : o + n]
    w0 = w[a : a + n]
    w1 = w[b : b + n]
    for i in range(n):
        y[i] += scale * (w0[i] + w1[i])


@jit
def add4(out: Any, o: int, w: Any, a: int, b: int, c: int, d: int, n: int, scale: float) -> None:
    """Four rows."""
    y = out[o : o + n]
    w0 = w[a : a + n]
    w1 = w[b : b + n]
    w2 = w[c : c + n]
    w3 = w[d : d + n]
    for i in range(n):
        y[i] += scale * ((w0[i] + w1[i]) + (w2[i] + w3[i]))


@jit
def add8(
    out: Any,
    o: int,
    w: Any,
    a: int,
    b: int,
    c: int,
    d: int,
    e: int,
    f: int,
    g: int,
    h: int,
    n: int,
    scale: float,
) -> None:
    """Eight rows."""
    y = out[o : o + n]
    w0 = w[a : a + n]
    w1 = w[b : b + n]
    w2 = w[c : c + n]
    w3 = w[d : d + n]
    w4 = w[e : e + n]
    w5 = w[f : f + n]
    w6 = w[g : g + n]
    w7 = w[h : h + n]
    for i in range(n):
        y[i] += scale * (((w0[i] + w1[i]) + (w2[i] + w3[i])) + ((w4[i] + w5[i]) + (w6[i] + w7[i])))
