"""Spikes as sorted events (tick, index, amplitude)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsnn.description.base import Description, Shape
from eventsnn.errors import InputError

__all__ = ["Spikes"]


@dataclass(frozen=True, eq=False)
class Spikes(Description):
    """Events of one layer or input, sorted by tick, then index.

    Args:
        shape: of the layer, (C, H, W) or (N,).
        tick: int64, >= 0.
        index: int64, C-order flat index into ``shape``.
        amplitude: float64; 1 for each spike when left out. Several events of one
            neuron in one tick are allowed, add, and count separately.

    Raises:
        InputError: lengths differ, a value out of range, a non-finite or zero amplitude.
    """

    shape: Shape
    tick: NDArray[np.int64]
    index: NDArray[np.int64]
    amplitude: NDArray[np.float64] = None  # type: ignore[assignment]  # None: filled below

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        tick = _integers(self.tick, "tick")
        index = _integers(self.index, "index")
        amplitude = (
            np.ones(tick.size)
            if self.amplitude is None
            else np.asarray(self.amplitude, dtype=np.float64).ravel()
        )
        if not tick.size == index.size == amplitude.size:
            raise InputError(
                f"spikes: tick, index and amplitude must be equally long, found "
                f"{tick.size}, {index.size}, {amplitude.size}"
            )
        if tick.size and int(tick.min()) < 0:
            raise InputError(f"spikes: ticks start at 0, found {int(tick.min())}")
        if index.size and not (int(index.min()) >= 0 and int(index.max()) < math.prod(shape)):
            raise InputError(
                f"spikes: indices {int(index.min())}..{int(index.max())} are out of range for "
                f"shape {shape} with {math.prod(shape)} neurons"
            )
        if not np.all(np.isfinite(amplitude)) or np.any(amplitude == 0):
            raise InputError("spikes: amplitudes must be finite and not 0")
        order = np.lexsort((index, tick))
        for name, values in (("tick", tick), ("index", index), ("amplitude", amplitude)):
            ordered = values[order]
            ordered.flags.writeable = False
            object.__setattr__(self, name, ordered)
        object.__setattr__(self, "shape", shape)

    @classmethod
    def from_dense(cls, train: ArrayLike) -> Spikes:
        """From an array (ticks, *shape) of amplitudes; 0 is no spike."""
        dense = np.asarray(train, dtype=np.float64)
        if dense.ndim < 2:
            raise InputError(f"from_dense: expected (ticks, *shape), found shape {dense.shape}")
        flat = dense.reshape(len(dense), -1)
        tick, index = np.nonzero(flat)
        return cls(dense.shape[1:], tick, index, flat[tick, index])

    def to_dense(self, ticks: int) -> NDArray[np.float64]:
        """Array (ticks, *shape) of summed amplitudes; later events are left out."""
        dense = np.zeros((ticks, math.prod(self.shape)))
        kept = self.tick < ticks
        np.add.at(dense, (self.tick[kept], self.index[kept]), self.amplitude[kept])
        return dense.reshape(ticks, *self.shape)

    def counts(self) -> NDArray[np.float64]:
        """Sum of the amplitudes of each neuron, in ``shape``."""
        sums = np.bincount(self.index, self.amplitude, math.prod(self.shape))
        return sums.astype(np.float64).reshape(self.shape)  # integers where there are no spikes

    def __len__(self) -> int:
        return int(self.tick.size)


def _integers(values: Any, what: str) -> NDArray[np.int64]:
    array = np.asarray(values).ravel()
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"spikes: {what} must be integers, found {array.dtype}")
    return array.astype(np.int64)
