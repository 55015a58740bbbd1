"""One function over all array parameters of a neuron or a synapse."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import Field
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eventsnn.description.base import Description, Shape

__all__ = ["map_arrays", "on_first_axis"]

Array = NDArray[np.float64]
D = TypeVar("D", bound=Description)


def map_arrays(description: D, change: Callable[[Field[Any], Array], Any]) -> D:
    """A copy with ``change(field, values)`` in place of every array, those of a reset too.

    Whole numbers that are no arrays (phases, stages, limits, strides) stay. The entries of a
    sparse matrix are an array, its pattern stays.
    """
    assert dataclasses.is_dataclass(description)
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(description):
        value = getattr(description, field.name)
        if isinstance(value, Description):
            changed[field.name] = map_arrays(value, change)
        elif sp.issparse(value):
            entries = (change(field, value.data), value.indices, value.indptr)
            changed[field.name] = sp.csr_array(entries, value.shape)
        elif isinstance(value, np.ndarray):
            changed[field.name] = change(field, value)
    return dataclasses.replace(description, **changed)


def on_first_axis(values: Any, shape: Shape, index: NDArray[np.int64]) -> Array:
    """Those of ``values``, which broadcast to ``shape``, that belong to the channels ``index``."""
    array = np.asarray(values)
    if array.ndim == len(shape) and array.shape[0] == shape[0]:
        return np.asarray(array[index])
    return array
