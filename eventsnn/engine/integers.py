"""Layers in whole numbers run in integers, as narrow as their sums are proven to fit.

A layer whose weights, bias, threshold, reset, clamps and first potentials are all whole
numbers never leaves them: its sums in integers are those in exact real numbers. The proof is
that of `eventsnn.fixed_point`: a potential at rest, and on top of it all of a tick that pulls
one way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.composed import Composed, Window
from eventsnn.engine.parameters import Parameters
from eventsnn.engine.segments import Numbers
from eventsnn.kernels import fused_tables as f

__all__ = ["number_type"]

Array = NDArray[Any]


def number_type(of: Parameters, ops: Sequence[Composed], ticks: int) -> Numbers | None:
    """The narrowest integers that hold a layer in a run of ``ticks``; None for real numbers."""
    values = [of.bias, of.v0, of.threshold, of.amount, of.low, of.high, *(op.weight for op in ops)]
    if of.decay is not None or not all(_is_whole(one) for one in values if one is not None):
        return None
    if of.reset == f.RESET_SUBTRACT and np.any(of.amount < 0):
        return None  # a reset that adds
    low, high = _extent(of, ops, ticks)
    for name in ("int16", "int32"):
        bounds = np.iinfo(name)
        # the largest one is the threshold of those that never fire
        if low >= bounds.min and high < bounds.max:
            gathered = [op.weight for op in ops if isinstance(op, Window)]
            small = all(one.min() >= -128 and one.max() <= 127 for one in gathered)
            return Numbers(name, "int8" if small else name)
    return None


def _is_whole(values: Array) -> bool:
    return bool(np.all(values == np.floor(values)))


def _extent(of: Parameters, ops: Sequence[Composed], ticks: int) -> tuple[float, float]:
    """The least and the largest value of a potential and of any partial sum of a tick."""
    down, up = np.zeros_like(of.bias[:, :1, :1]), np.zeros_like(of.bias[:, :1, :1])
    for op in ops:
        axes = tuple(range(1, op.weight.ndim))
        down = down + np.minimum(op.weight, 0).sum(axis=axes)[:, None, None]
        up = up + np.maximum(op.weight, 0).sum(axis=axes)[:, None, None]
    down, up = down + np.minimum(of.bias, 0), up + np.maximum(of.bias, 0)
    # where a potential may stand after a reset, or at first
    after: list[Array] = [of.v0]
    if of.threshold is not None:
        after.append(
            of.amount if of.reset == f.RESET_VALUE else np.asarray(of.threshold - of.amount)
        )
    least = np.minimum.reduce(np.broadcast_arrays(*after))
    most = of.v0 if of.threshold is None else np.maximum(of.v0, of.threshold)
    if of.reset == f.RESET_VALUE:
        most = np.maximum(most, of.amount)  # without a spike it is below the threshold
    elif of.high is None:
        most = most + ticks * np.maximum(up, 0)
    else:
        most = np.maximum(most, of.high)
    drift = ticks * np.minimum(down, 0)
    least = least + drift if of.low is None else np.minimum(least, of.low)
    return float(np.min(least + np.minimum(down, 0))), float(np.max(most + np.maximum(up, 0)))
