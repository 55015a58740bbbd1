"""What a tensor holds while a model runs: for each element, a function of one node's element."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.intake.pytorch.piecewise import IDENTITY, Piecewise, TooManyPieces, constant

__all__ = ["CONSTANT", "LOST", "Forms", "Value", "constants", "joined", "lost"]

#: In place of a node: the element is ``shift``, whatever the image.
CONSTANT = -1
#: In place of a node: the element comes from an operation that was refused.
LOST = -2

#: Different functions of elements that one operation may make.
_MOST_FORMS = 2**14

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Value:
    """``element[i] = scale f(node[index[i]]) + shift``, ``f`` the function called ``form``.

    Fields are one number for all elements, or one for each in C order.

    Attributes:
        shape: the batch axis included.
        node: number of a node, or `CONSTANT` or `LOST`.
        index: flat, in the node's batch of values; None for all of them in order.
        scale, shift: of float64.
        form: which of the `Forms`; 0 is the identity.
        name: what the user called the last function applied.
    """

    shape: tuple[int, ...]
    node: int | Ints
    index: Ints | None = None
    scale: float | Floats = 1.0
    shift: float | Floats = 0.0
    form: int | Ints = 0
    name: str = ""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def is_lost(self) -> bool:
        """Whether an element comes from an operation that was refused."""
        return bool(np.any(np.asarray(self.node) == LOST))

    def is_whole(self, size: int) -> bool:
        """Whether these are all values of one node of ``size`` numbers, in order."""
        return self.index is None and not isinstance(self.node, np.ndarray) and self.size == size

    def reshaped(self, shape: Sequence[int]) -> Value:
        """The same elements in the same order."""
        return replace(self, shape=tuple(shape))

    def columns(self) -> tuple[Ints, Ints, Floats, Floats, Ints]:
        """node, index, scale, shift and form of each element."""
        n = self.size
        index = np.arange(n) if self.index is None else self.index
        return (
            np.broadcast_to(np.asarray(self.node, dtype=np.int64), n),
            index,
            np.broadcast_to(np.asarray(self.scale, dtype=np.float64), n),
            np.broadcast_to(np.asarray(self.shift, dtype=np.float64), n),
            np.broadcast_to(np.asarray(self.form, dtype=np.int64), n),
        )

    def taken(self, positions: Ints, shape: Sequence[int] | None = None) -> Value:
        """The elements at ``positions``, of its shape unless another is given."""
        flat = positions.ravel()

        def of(field_: Any) -> Any:
            return field_[flat] if isinstance(field_, np.ndarray) else field_

        return Value(
            tuple(positions.shape if shape is None else shape),
            of(self.node),
            flat.copy() if self.index is None else self.index[flat],
            of(self.scale),
            of(self.shift),
            of(self.form),
            self.name,
        )

    def broadcast(self, shape: Sequence[int]) -> Value:
        """Repeated along axes, as PyTorch does."""
        if tuple(shape) == self.shape:
            return self
        positions = np.arange(self.size).reshape(self.shape)
        return self.taken(np.broadcast_to(positions, tuple(shape)))

    def affine(self, factor: Any, shift: Any, name: str) -> Value:
        """``factor x + shift`` with constants that broadcast to the shape."""
        a, b = (_number_or_each(values, self.shape) for values in (factor, shift))
        return replace(
            self, scale=_simplest(self.scale * a), shift=_simplest(self.shift * a + b), name=name
        )


def constants(values: Any) -> Value:
    """Elements that do not depend on the image."""
    array = np.asarray(values, dtype=np.float64)
    each = array.ravel()
    same = each.size > 0 and bool(np.all(each == each[0]))
    shift: Any = float(each[0]) if same else each
    return Value(array.shape, CONSTANT, None, 0.0, shift)


def lost(shape: Sequence[int]) -> Value:
    """The result of an operation that was refused."""
    return Value(tuple(shape), LOST)


def joined(values: Sequence[Value]) -> Value:
    """The elements of all values one after the other, as a vector."""
    if len(values) == 1:
        return values[0].reshaped((values[0].size,))
    columns = [np.concatenate(parts) for parts in zip(*(v.columns() for v in values), strict=True)]
    node, index, scale, shift, form = columns
    name = next((v.name for v in values if v.name), "")
    return Value(
        (len(node),),
        _simplest(node),
        index,
        _simplest(scale),
        _simplest(shift),
        _simplest(form),
        name,
    )


def _number_or_each(values: Any, shape: tuple[int, ...]) -> Any:
    array = np.asarray(values, dtype=np.float64)
    if array.size == 1:
        return float(array.ravel()[0])
    return np.broadcast_to(array, shape).ravel()


def _simplest(values: Any) -> Any:
    """One number where all are equal."""
    if not isinstance(values, np.ndarray) or values.size == 0:
        return values
    return values[0].item() if np.all(values == values[0]) else values


@dataclass
class Forms:
    """The functions met so far, by number."""

    known: list[Piecewise] = field(default_factory=lambda: [IDENTITY])
    numbers: dict[bytes, int] = field(default_factory=lambda: {IDENTITY.key: 0})

    def __getitem__(self, number: int) -> Piecewise:
        return self.known[number]

    def number(self, function: Piecewise) -> int:
        """Of a function, which is added if it is new."""
        key = function.key
        if key not in self.numbers:
            self.numbers[key] = len(self.known)
            self.known.append(function)
        return self.numbers[key]

    def mapped(self, values: Sequence[Value], rule: Callable[..., Piecewise], name: str) -> Value:
        """``rule`` of the functions of ``values``, element by element.

        Args:
            values: of one shape; where two depend on the image, on the same elements of it.
            rule: of as many functions as there are values.
            name: of what is done.

        Raises:
            TooManyPieces: see `Piecewise`; or too many different functions.
            ValueError: two values depend on different elements.
        """
        base = _common_base(values)
        rows = []
        for value in values:
            rows += [
                np.atleast_1d(np.asarray(part, dtype=np.float64))
                for part in (
                    value.form if value.node is not CONSTANT else 0,
                    value.scale,
                    value.shift,
                )
            ]
        length = max(len(row) for row in rows)
        table = np.stack([np.broadcast_to(row, length) for row in rows], axis=1)
        if length == 1:
            unique, which = table, np.zeros(1, dtype=np.int64)
        else:
            unique, which = np.unique(table, axis=0, return_inverse=True)
        if len(unique) > _MOST_FORMS:
            raise TooManyPieces
        results = []
        for row in unique:
            functions = [
                self[int(row[3 * i])].affine(row[3 * i + 1], row[3 * i + 2])
                if row[3 * i + 1] != 0
                else constant(row[3 * i + 2])
                for i in range(len(values))
            ]
            results.append(rule(*functions))
        forms, scales, shifts = zip(*(self._split(result) for result in results), strict=True)
        which = which.ravel()
        form, scale, shift = (
            _simplest(np.asarray(part)[which]) for part in (forms, scales, shifts)
        )
        return replace(base, form=form, scale=scale, shift=shift, name=name)

    def _split(self, function: Piecewise) -> tuple[int, float, float]:
        """A straight line is kept as scale and shift; anything else as a function."""
        if not function.knots.size:
            slope, intercept = float(function.slopes[0]), float(function.intercepts[0])
            return 0, slope, intercept
        return self.number(function), 1.0, 0.0


def _common_base(values: Sequence[Value]) -> Value:
    """The value whose elements all others are functions of.

    Raises:
        ValueError: there is none.
    """
    moving = [value for value in values if not _is_constant(value)]
    if not moving:
        return values[0]
    first = moving[0]
    for other in moving[1:]:
        same = _same(first.node, other.node) and (
            (first.index is None and other.index is None)
            or np.array_equal(first.columns()[1], other.columns()[1])
        )
        if not same:
            raise ValueError("different elements")
    return first


def _is_constant(value: Value) -> bool:
    return not isinstance(value.node, np.ndarray) and value.node == CONSTANT


def _same(a: Any, b: Any) -> bool:
    return a is b or bool(np.array_equal(np.asarray(a), np.asarray(b)))
