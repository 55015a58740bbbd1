"""Labels in the forms that people have them in -> the class of each sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import DataError

__all__ = ["as_labels", "check_classes"]


def as_labels(y: Any, samples: int, name: str = "labels y") -> NDArray[np.int64]:
    """Class of each sample, (samples,), int64.

    Taken where they mean one thing only: integers, bools and whole floats, of shape (samples,)
    or (samples, 1); one-hot rows (samples, classes) of zeros and a single one. Anything else is
    refused with the line that would make it labels.

    Args:
        y: an array, a list, or a tensor.
        samples: how many there are.
        name: of the data, for messages.

    Raises:
        DataError: text, fractions, NaN, negative numbers, several labels a sample, another
            number of labels.
    """
    array = np.asarray(y)
    if array.dtype.kind in "USO":
        raise DataError(
            f"{name}: labels must be integers from 0, found {_kind(array)}; number them: "
            f"y = np.unique(y, return_inverse=True)[1], in the order that the network was "
            f"trained with"
        )
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name}: labels must be integers, found {array.dtype}; use y.astype(int)")
    if array.ndim == 0 or len(array) != samples:
        raise DataError(
            f"{name}: expected one label for each of the {samples} samples, found shape "
            f"{array.shape}; use those of the same samples, in the same order"
        )
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 2 and _is_one_hot(array):
        array = array.argmax(axis=1)
    if array.ndim != 1:
        remedy = "y.ravel()" if array.size == samples else "y.argmax(1)"
        raise DataError(
            f"{name}: expected one label for each sample, found shape {array.shape}; if these are "
            f"scores or one-hot rows, use {remedy}; several labels a sample cannot be compared "
            f"with one answer"
        )
    if array.dtype.kind == "f" and (
        not np.all(np.isfinite(array)) or np.any(array != np.rint(array))
    ):
        raise DataError(
            f"{name}: labels must be integers, found fractions or NaN in {array.dtype}; if they "
            f"are whole, use np.rint(y).astype(int)"
        )
    labels = array.astype(np.int64)
    if labels.size and int(labels.min()) < 0:
        remedy = "y = (y > 0).astype(int)" if set(np.unique(labels)) <= {-1, 1} else "y - y.min()"
        raise DataError(
            f"{name}: labels must be >= 0, found {int(labels.min())}; use {remedy} if the network "
            f"was trained so"
        )
    return labels


def check_classes(labels: NDArray[np.int64], outputs: int, name: str = "labels y") -> None:
    """Refuse labels that a network with so many outputs cannot answer; one output has two answers.

    Raises:
        DataError: a label beyond the last class.
    """
    classes = max(outputs, 2)
    if not labels.size or int(labels.max()) < classes:
        return
    low, high = int(labels.min()), int(labels.max())
    remedy = "use the data that it was trained on"
    if low == 1 and high == classes:
        remedy = "labels that start at 1 become such by y - 1"
    raise DataError(
        f"{name}: labels go from {low} up to {high}, but the network has {outputs} outputs "
        f"(labels 0..{classes - 1}); {remedy}"
    )


def _is_one_hot(rows: NDArray[Any]) -> bool:
    ones = rows == 1
    return bool(np.all(ones | (rows == 0)) and np.all(ones.sum(axis=1) == 1))


def _kind(array: NDArray[Any]) -> str:
    return "text" if array.dtype.kind in "US" else "objects"
