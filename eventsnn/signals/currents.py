"""Analog input that changes now and then."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Description
from eventsnn.errors import InputError

__all__ = ["Currents"]


@dataclass(frozen=True, eq=False)
class Currents(Description):
    """A current that is constant from each tick of ``start`` to the next one.

    At tick t the input is ``values[i]``, where ``start[i]`` is the last one <= t; before
    ``start[0]`` it is 0, and the last one stays. A constant image x is
    ``Currents([0], x[None])``. The product with the first weights is computed once per
    value; ticks between cost what a constant image costs.

    Args:
        start: rising ticks >= 0, (n,).
        values: (n, *shape of the input).

    Raises:
        InputError: ticks that do not rise, lengths that differ, values that are not finite.
    """

    start: tuple[int, ...]
    values: NDArray[np.floating[Any]]

    def __post_init__(self) -> None:
        start = np.asarray(self.start)
        if start.ndim != 1 or not start.size or not np.issubdtype(start.dtype, np.integer):
            raise InputError(f"Currents.start: expected ticks (n,), found {self.start!r}")
        ticks = tuple(int(tick) for tick in start)
        if ticks[0] < 0 or any(b <= a for a, b in pairwise(ticks)):
            raise InputError(f"Currents.start: expected rising ticks >= 0, found {ticks}")
        try:
            values = np.array(self.values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"Currents.values: expected an array ({len(ticks)}, *shape)"
            ) from error
        if values.ndim < 2 or len(values) != len(ticks):
            raise InputError(
                f"Currents.values: expected ({len(ticks)}, *shape), one for each start, found "
                f"shape {values.shape}"
            )
        if not np.all(np.isfinite(values)):
            raise InputError("Currents.values: contains NaN or infinite values")
        values.flags.writeable = False
        object.__setattr__(self, "start", ticks)
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the input."""
        return self.values.shape[1:]

    def at(self, tick: int) -> NDArray[np.float64]:
        """The input at a tick."""
        started = [i for i, start in enumerate(self.start) if start <= tick]
        if not started:
            return np.zeros(self.shape)
        return np.asarray(self.values[started[-1]])
