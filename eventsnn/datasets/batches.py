"""Data as PyTorch's users hold it: loaders of batches, data sets of samples, generators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import InputError

__all__ = ["images_and_labels"]

Array = NDArray[Any]


def images_and_labels(data: Any, shape: tuple[int, ...]) -> tuple[Any, Array | None]:
    """Samples as one array or what can be sliced, and the labels that lie beside them.

    Args:
        data: an array or what has ``shape``, which is returned as it is (tensors as arrays); or
            an iterable, or anything with a length and items, of samples, batches, or pairs
            (x, y) of them, as a PyTorch ``DataLoader`` or ``Dataset``. Those are gathered in
            memory.
        shape: of one sample. Values of this shape are samples, those with one more axis batches.

    Returns:
        The samples, and the labels or None.

    Raises:
        InputError: samples of another shape, none at all, or labels beside some only.
    """
    if isinstance(data, np.ndarray) or hasattr(data, "shape"):
        return (data if _is_sliceable(data) else _array(data)), None
    if _is_sliceable(data) or (isinstance(data, list | tuple) and not data):
        return data, None
    images: list[Array] = []
    labels: list[Array] = []
    for item in _items(data):
        pair = isinstance(item, tuple | list) and len(item) == 2
        x = _array(item[0] if pair else item)
        batch = _as_batch(x, shape)
        images.append(batch)
        if pair:
            labels.append(np.atleast_1d(_array(item[1])).reshape(len(batch), -1))
    if not images:
        raise InputError("data: expected samples, found none")
    if labels and len(labels) != len(images):
        raise InputError(f"data: {len(labels)} of {len(images)} items have labels; expected all")
    beside = np.concatenate(labels) if labels else None
    if beside is not None and beside.shape[1] == 1:
        beside = beside[:, 0]
    return np.concatenate(images), beside


def _is_sliceable(data: Any) -> bool:
    """Whether slices are what the simulator takes: arrays, or lists of recordings."""
    if isinstance(data, np.ndarray):
        return True
    try:
        part = data[0:1]
    except (TypeError, KeyError, IndexError, NotImplementedError, ValueError, AttributeError):
        return False
    first = part[0] if isinstance(part, list | tuple) and part else part
    return isinstance(part, np.ndarray) or type(first).__module__.startswith("eventsnn.")


def _items(data: Any) -> Iterator[Any]:
    if isinstance(data, Iterable):
        return iter(data)
    if hasattr(data, "__len__") and hasattr(data, "__getitem__"):
        return (data[index] for index in range(len(data)))
    raise InputError(
        f"data: expected an array, batches or samples (a DataLoader, a Dataset, a generator), "
        f"found {type(data).__name__}"
    )


def _array(x: Any) -> Array:
    """A tensor or an array, as an array."""
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x)


def _as_batch(x: Array, shape: tuple[int, ...]) -> Array:
    for found in (shape, tuple(n for n in shape if n != 1)):
        if x.shape == found:
            return x.reshape(1, *shape)
        if x.shape[1:] == found:
            return x.reshape(-1, *shape)
    raise InputError(f"data: expected samples of shape {shape} or batches of them, found {x.shape}")
