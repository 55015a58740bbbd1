"""What a field of a description is: its role, its range, and what construction makes of it.

Whoever handles descriptions in general (files, broadcasting, scaling, rounding, slicing, printing)
walks the fields and asks for their roles; nobody lists the fields of a model a second time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eventsnn.errors import NetworkError, ShapeError

__all__ = [
    "PER_NEURON",
    "Role",
    "count",
    "decay_factor",
    "flag",
    "frozen_array",
    "frozen_csr",
    "matrix",
    "number",
    "part",
    "pixels",
    "positive_array",
    "potential",
    "ratio",
    "role_of",
    "settled",
    "sizes",
    "ticks",
    "weight",
]


class Role(Enum):
    """What the values of a field are.

    Values per neuron, which broadcast to the layer's shape: ``POTENTIAL`` in the unit of the
    membrane potential, ``RATIO`` without a unit, ``DECAY`` what stays
    of a value after a tick, ``TICKS`` whole numbers of ticks. Of a synapse:
    ``WEIGHT`` an array, ``MATRIX`` a sparse one. Of both: ``NUMBER`` one float, ``COUNT`` an
    int, ``FLAG`` a bool, ``PIXELS`` rows and columns, ``SIZES`` a
    shape, ``PART`` another description.
    """

    POTENTIAL = "potential"
    RATIO = "ratio"
    DECAY = "decay"
    TICKS = "ticks"
    WEIGHT = "weight"
    MATRIX = "matrix"
    NUMBER = "number"
    COUNT = "count"
    FLAG = "flag"
    PIXELS = "pixels"
    SIZES = "sizes"
    PART = "part"


_TIME_CONSTANT = "; a time constant tau gives exp(-dt / tau)"

#: Roles of values that broadcast to the layer's shape.
PER_NEURON = (Role.POTENTIAL, Role.RATIO, Role.DECAY, Role.TICKS)


def _field(role: Role, default: Any, factory: Any, **facts: Any) -> Any:
    metadata = {"role": role, **facts}
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def potential(
    *, default: Any = dataclasses.MISSING, positive: bool = False, least: float | None = None
) -> Any:
    """Values in the unit of the membrane potential; ``positive`` and ``least`` bound them."""
    return _field(
        Role.POTENTIAL, default, dataclasses.MISSING, positive=positive, low=least, high=None
    )


def ratio(*, default: Any = dataclasses.MISSING) -> Any:
    """Values without a unit."""
    return _field(Role.RATIO, default, dataclasses.MISSING, low=None, high=None)


def decay_factor(*, default: Any = dataclasses.MISSING) -> Any:
    """What stays of a value after a tick, in [0, 1]."""
    return _field(Role.DECAY, default, dataclasses.MISSING, low=0, high=1, hint=_TIME_CONSTANT)


def ticks(*, default: Any = dataclasses.MISSING) -> Any:
    """Whole numbers of ticks >= 0."""
    return _field(Role.TICKS, default, dataclasses.MISSING)


def weight(*, default: Any = dataclasses.MISSING) -> Any:
    """An array of weights or factors."""
    return _field(Role.WEIGHT, default, dataclasses.MISSING)


def matrix(*, default: Any = dataclasses.MISSING) -> Any:
    """A sparse matrix of weights."""
    return _field(Role.MATRIX, default, dataclasses.MISSING)


def number(*, default: Any = dataclasses.MISSING, positive: bool = False) -> Any:
    """One float."""
    return _field(Role.NUMBER, default, dataclasses.MISSING, positive=positive)


def count(*, default: Any = dataclasses.MISSING, least: int = 1, most: int | None = None) -> Any:
    """An int in least..most."""
    return _field(Role.COUNT, default, dataclasses.MISSING, least=least, most=most)


def flag(*, default: Any = dataclasses.MISSING) -> Any:
    """A bool."""
    return _field(Role.FLAG, default, dataclasses.MISSING)


def pixels(*, default: Any = dataclasses.MISSING, least: int = 0) -> Any:
    """Rows and columns, each at least ``least``; one int stands for both."""
    return _field(Role.PIXELS, default, dataclasses.MISSING, least=least)


def sizes(*, number: int) -> Any:
    """A shape of so many positive ints."""
    return _field(Role.SIZES, dataclasses.MISSING, dataclasses.MISSING, number=number)


def part(
    *,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
    expected: str,
) -> Any:
    """Another description; ``expected`` says in words which."""
    return _field(Role.PART, default, default_factory, expected=expected)


def role_of(field: dataclasses.Field[Any]) -> Role:
    """The role of a field of a description."""
    role: Role = field.metadata["role"]
    return role


def settled(value: Any, field: dataclasses.Field[Any], owner: str) -> Any:
    """``value`` as the field keeps it: frozen, of one type, and within its range.

    None stays where it is the default.

    Raises:
        NetworkError: a value of another type or out of range; names ``owner`` and field.
        ShapeError: the same, of arrays' shapes and pixels.
    """
    if value is None and field.default is None:
        return None
    what, facts = f"{owner}.{field.name}", field.metadata
    match role_of(field):
        case Role.POTENTIAL if facts["positive"]:
            return positive_array(value, what)
        case Role.POTENTIAL | Role.RATIO | Role.DECAY:
            return _bounded(value, what, facts["low"], facts["high"], facts.get("hint", ""))
        case Role.TICKS:
            whole = frozen_array(value, what)
            if np.any(whole < 0) or np.any(whole != np.floor(whole)):
                raise NetworkError(f"{what}: expected whole ticks >= 0, found {value!r}")
            return whole
        case Role.WEIGHT:
            return frozen_array(value, what)
        case Role.MATRIX:
            return frozen_csr(value, what)
        case Role.NUMBER:
            one = positive_array(value, what) if facts["positive"] else frozen_array(value, what)
            if one.ndim:
                raise NetworkError(f"{what}: expected one number, found shape {one.shape}")
            return float(one)
        case Role.COUNT:
            return _counted(value, what, facts["least"], facts["most"])
        case Role.FLAG:
            return bool(value)
        case Role.PIXELS:
            return _pair(value, what, facts["least"])
        case Role.SIZES:
            return _sizes(value, what, facts["number"])
        case Role.PART:
            return value


def _bounded(
    values: Any, what: str, low: float | None, high: float | None, hint: str
) -> NDArray[np.float64]:
    array = frozen_array(values, what)
    if (low is not None and np.any(array < low)) or (high is not None and np.any(array > high)):
        expected = f"values >= {low:g}" if high is None else f"values in [{low:g}, {high:g}]"
        found = f"{float(array.min()):g}"
        if high is not None:
            found += f"..{float(array.max()):g}"
        raise NetworkError(f"{what}: expected {expected}, found {found}{hint}")
    return array


def _counted(value: Any, what: str, least: int, most: int | None) -> int:
    fits = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not fits or value < least or (most is not None and value > most):
        expected = f"an int >= {least}" if most is None else f"an int in {least}..{most}"
        raise NetworkError(f"{what}: expected {expected}, found {value!r}")
    return int(value)


def _pair(value: Any, what: str, least: int) -> tuple[int, int]:
    both: Iterable[Any] = (value, value) if isinstance(value, int | np.integer) else value
    pair = tuple(both) if isinstance(both, Iterable) else ()
    if len(pair) != 2 or not all(isinstance(p, int | np.integer) and p >= least for p in pair):
        raise ShapeError(f"{what}: expected an int or two ints >= {least}, found {value!r}")
    return int(pair[0]), int(pair[1])


def _sizes(value: Any, what: str, number: int) -> tuple[int, ...]:
    shape = tuple(value) if isinstance(value, Iterable) else ()
    if len(shape) != number or not all(isinstance(n, int | np.integer) and n >= 1 for n in shape):
        raise ShapeError(f"{what}: expected (C, H, W), found {value!r}")
    return tuple(int(n) for n in shape)


def frozen_array(values: Any, what: str) -> NDArray[np.float64]:
    """Copy ``values`` to a read-only float64 array; NaN and infinities are refused.

    Raises:
        NetworkError: not numeric, or not finite. ``what`` names the parameter.
    """
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{what}: expected numbers, found {type(values).__name__}") from error
    bad = int(array.size - np.count_nonzero(np.isfinite(array)))
    if bad:
        raise NetworkError(
            f"{what}: {bad} of {array.size} values are NaN or infinite; "
            f"expected finite numbers, so check the training or the export"
        )
    array.flags.writeable = False
    return array


def frozen_csr(values: Any, what: str) -> Any:
    """Copy a SciPy sparse matrix to CSR with read-only float64 entries, in C order.

    Entries of one pair are added, as SciPy does.

    Raises:
        NetworkError: entries that are not finite numbers. ``what`` names the parameter.
    """
    frozen = sp.csr_array(values, dtype=np.float64, copy=True)
    frozen.sum_duplicates()
    frozen.data = frozen_array(frozen.data, what)
    return frozen


def positive_array(values: Any, what: str) -> NDArray[np.float64]:
    """As `frozen_array`, for thresholds.

    Raises:
        NetworkError: a value that is not positive.
    """
    array = frozen_array(values, what)
    if not np.all(array > 0):
        raise NetworkError(
            f"{what}: expected positive values, found {float(array.min()):g}; "
            f"a silent neuron with threshold <= 0 would fire in every tick"
        )
    return array
