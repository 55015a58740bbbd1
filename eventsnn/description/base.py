"""What all description objects share: immutable array fields, equality by value."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eventsnn.errors import NetworkError

__all__ = ["Description", "Shape", "Values", "frozen_array", "frozen_csr", "positive_array"]

#: (C, H, W) for images, (N,) for vectors.
Shape = tuple[int, ...]

#: A number or an array of numbers; stored as a read-only float64 array.
Values = float | NDArray[np.floating[Any]]


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


def frozen_csr(matrix: Any, what: str) -> Any:
    """Copy a SciPy sparse ``matrix`` to CSR with read-only float64 entries, in C order.

    Raises:
        NetworkError: entries that are not finite numbers. ``what`` names the parameter.
    """
    frozen = sp.csr_array(matrix, dtype=np.float64, copy=True)
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


class Description:
    """Base of the frozen dataclasses: ``==`` compares fields, arrays elementwise.

    ``dataclasses.dataclass(eq=True)`` cannot compare array fields, hence this base;
    subclasses are declared with ``eq=False``.
    """

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
