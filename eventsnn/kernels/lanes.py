"""A vector of numbers that stays in registers: the compiled one, or its slow twin.

The number of lanes comes with the type of an array of *rows*: ``row_type(np.float32, 32)`` is a
structured dtype of one field of 32 floats, and ``load(rows, i)`` gives row ``i`` as lanes. So a
kernel is specialised by the dtype of its arguments, which Numba's on-disk cache handles; no
closure, no literal, nothing built at run time.

`eventsnn.kernels.lanes_llvm` has the operations in LLVM's vectors,
`eventsnn.kernels.lanes_numpy` the same in NumPy, for ``NUMBA_DISABLE_JIT=1``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eventsnn.kernels.jit import COMPILED

if COMPILED:
    from eventsnn.kernels.lanes_llvm import (
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
else:
    from eventsnn.kernels.lanes_numpy import (
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

__all__ = [
    "add",
    "aligned",
    "aligned_empty",
    "at_least",
    "bits_of",
    "choose",
    "count_ones",
    "first_one",
    "load",
    "load_near",
    "lower",
    "moved",
    "product",
    "put",
    "row_type",
    "spread",
    "store",
    "sub",
    "upper",
    "without_first",
    "word",
    "zero",
]


def row_type(dtype: Any, count: int) -> np.dtype[Any]:
    """The dtype of an array whose elements are rows of ``count`` numbers."""
    return np.dtype([("lane", dtype, (count,))])


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
    """An array that starts at a cache line; a vector that straddles two costs twice."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    found: np.ndarray[Any, Any] = raw[start : start + size].view(dtype).reshape(shape)
    return found


def aligned(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy that starts at a cache line."""
    copy = aligned_empty(values.shape, values.dtype)
    copy[...] = values
    return copy
