"""How a network in integers was proven to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["IntegerFormat"]


@dataclass(frozen=True)
class IntegerFormat:
    """How a network in integers was proven to fit, see `eventsnn.quantize`.

    Attributes:
        weight_bits: of a weight, sign included.
        potential_bits: of a potential; read-outs have 32.
        ticks: the longest run that is proven.
        precision: that holds every sum exactly.
    """

    weight_bits: int
    potential_bits: Literal[16, 32]
    ticks: int
    precision: Literal["float32", "float64"]
