"""How a plan may run a network; apart from the engine, which loads the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["Granularity", "Order", "Precision"]

Precision = Literal["float32", "float64"]
#: For all layers, or by layer name (the others are swept).
Granularity = Literal["swept", "touched"] | Mapping[str, Literal["swept", "touched"]]
Order = Literal["by_layer", "by_tick"]
