"""Channels last inside the plan, C order outside: the index maps between the two."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape

__all__ = ["public_index", "to_plan", "to_public"]


def public_index(shape: Shape) -> NDArray[np.int64]:
    """For each neuron in plan order (H, W, C), its C-order flat index in (C, H, W)."""
    index = np.arange(math.prod(shape), dtype=np.int64)
    if len(shape) != 3:
        return index
    return np.ascontiguousarray(index.reshape(shape).transpose(1, 2, 0)).ravel()


def to_plan(values: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """Values that broadcast to ``shape`` -> flat, in plan order."""
    full = np.broadcast_to(values, shape)
    if len(shape) == 3:
        full = full.transpose(1, 2, 0)
    return np.ascontiguousarray(full, dtype=np.float64).ravel()


def to_public(values: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """The inverse of `to_plan` on the last axis: (..., neurons) -> (..., *shape)."""
    lead = values.shape[:-1]
    if len(shape) != 3:
        return values.reshape(*lead, *shape)
    channels, height, width = shape
    return np.ascontiguousarray(np.moveaxis(values.reshape(*lead, height, width, channels), -1, -3))
