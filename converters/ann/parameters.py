"""Fields of operations: arrays that nobody changes, pairs of whole numbers, equality."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsnn import NetworkError, ShapeError

__all__ = ["Array", "Pair", "Parameters", "as_pair", "bias", "frozen", "whole"]

Array = NDArray[np.floating[Any]]
Pair = tuple[int, int]


def as_pair(value: int | Pair, what: str, least: int) -> Pair:
    """An int or two, each at least ``least``, as a pair."""
    values = (value, value) if isinstance(value, int | np.integer) else tuple(value)
    if len(values) != 2 or not all(isinstance(v, int | np.integer) and v >= least for v in values):
        raise ShapeError(f"{what}: expected an int or two ints >= {least}, found {value!r}")
    return int(values[0]), int(values[1])


def frozen(values: ArrayLike, what: str, ndim: int) -> Array:
    """A read-only copy; float32 and float64 are kept, other numbers become one of them."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise NetworkError(f"{what}: expected float32 or float64 numbers, found {array.dtype}")
    if array.ndim != ndim or 0 in array.shape:
        raise ShapeError(f"{what}: expected {ndim} dimensions, none empty, found {array.shape}")
    array = np.array(array, dtype=np.result_type(array.dtype, np.float32), order="C")
    array.flags.writeable = False
    return array


class Parameters:
    """Base of the operations: ``==`` compares arrays by type, shape and value."""

    __hash__ = None  # type: ignore[assignment]  # array fields have no cheap hash

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert dataclasses.is_dataclass(self)
        assert dataclasses.is_dataclass(other)
        return all(
            _equal(getattr(self, field.name), getattr(other, field.name))
            for field in dataclasses.fields(self)
        )


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


def whole(values: ArrayLike, what: str, size: int) -> NDArray[np.int32]:
    """A read-only copy of ``size`` whole numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.shape != (size,):
        raise ShapeError(
            f"{what}: expected {size} whole numbers, found {array.dtype} of shape {array.shape}"
        )
    array = np.array(array, dtype=np.int32)
    array.flags.writeable = False
    return array


def bias(values: ArrayLike, what: str, size: int) -> Array:
    """A read-only vector of ``size`` numbers."""
    array = frozen(values, what, 1)
    if array.size != size:
        raise ShapeError(f"{what}: expected shape ({size},), found {array.shape}")
    return array
