"""The same input, later."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = ["delay_input"]


def delay_input(value: ArrayLike | Spikes | Currents, ticks: int) -> Spikes | Currents:
    """An input that is silent for ``ticks`` and then what it was."""
    match value:
        case Spikes():
            return Spikes(value.shape, value.tick + ticks, value.index, value.amplitude)
        case Currents():
            return Currents(tuple(start + ticks for start in value.start), value.values)
        case _:
            return Currents((ticks,), np.asarray(value, dtype=np.float64)[None])
