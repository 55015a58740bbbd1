"""A vector of numbers that stays in registers: the compiled one, or its slow twin.

The number of lanes comes with the type of an array of *rows*: ``row_type(np.float32, 32)`` is a
structured dtype of one field of 32 floats, and ``load(rows, i)`` gives row ``i`` as lanes. So a
kernel is specialised by the dtype of its arguments, which Numba's on-disk cache handles; no
closure, no literal, nothing built at run time.

`eventsnn.kernels.lanes_llvm` has the operations in LLVM's vectors,
`eventsnn.kernels.lanes_numpy` the same in NumPy, for ``NUMBA_DISABLE_JIT=1``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

if numba.config.DISABLE_JIT:
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
else:
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

__all__ = [
    "add",
    "aligned",
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


def aligned(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy that starts at a cache line; a vector that straddles two costs twice."""
    raw = np.empty(values.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    copy: np.ndarray[Any, Any] = (
        raw[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    )
    copy[...] = values
    return copy
