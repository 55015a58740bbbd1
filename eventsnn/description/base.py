"""What all description objects share: immutable array fields, equality by value."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, dataclass_transform

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eventsnn.description.fields import (
    count,
    decay_factor,
    flag,
    matrix,
    number,
    part,
    pixels,
    potential,
    ratio,
    settled,
    sizes,
    ticks,
    weight,
)

__all__ = ["Description", "Pair", "Shape", "Values", "described", "pair"]

D = TypeVar("D")

#: (C, H, W) for images, (N,) for vectors.
Shape = tuple[int, ...]

#: Rows and columns.
Pair = tuple[int, int]

#: A number or an array of numbers; stored as a read-only float64 array.
Values = float | NDArray[np.floating[Any]]


@dataclass_transform(
    eq_default=False,
    frozen_default=True,
    field_specifiers=(
        potential,
        ratio,
        decay_factor,
        ticks,
        weight,
        matrix,
        number,
        count,
        flag,
        pixels,
        sizes,
        part,
    ),
)
def described(cls: type[D]) -> type[D]:
    """A frozen dataclass that is compared by `Description`."""
    return dataclasses.dataclass(frozen=True, eq=False)(cls)


class Description:
    """Base of the frozen dataclasses: ``==`` compares fields, arrays elementwise.

    ``dataclasses.dataclass(eq=True)`` cannot compare array fields, hence this base;
    subclasses are declared by `described`. A field that says its role, see
    `eventsnn.description.fields`, is checked and frozen on construction; what concerns several
    fields is for ``_check``.
    """

    def __post_init__(self) -> None:
        assert dataclasses.is_dataclass(self)
        for field in dataclasses.fields(self):
            if "role" in field.metadata:
                value = settled(getattr(self, field.name), field, type(self).__name__)
                object.__setattr__(self, field.name, value)
        self._check()

    def _check(self) -> None:
        """Refuse fields that do not go together."""

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
    if sp.issparse(a) or sp.issparse(b):
        return (
            sp.issparse(a)
            and sp.issparse(b)
            and a.shape == b.shape
            and np.array_equal(a.indptr, b.indptr)
            and np.array_equal(a.indices, b.indices)
            and np.array_equal(a.data, b.data)
        )
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    return bool(a == b)


def pair(value: int | Pair | None) -> Pair:
    """A field that construction has already normalized to a pair."""
    assert isinstance(value, tuple)
    return value
