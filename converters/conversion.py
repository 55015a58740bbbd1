"""What a conversion returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converters.ann.graph import Ann
from eventsnn import Network

__all__ = ["Conversion"]


@dataclass(frozen=True)
class Conversion:
    """A spiking network and where it came from.

    Attributes:
        network: to simulate. An amplitude of 1 of a layer stands for its threshold.
        ann: the rewritten source; its ReLUs have the names and shapes of the spiking layers.
        thresholds: by name of the ReLU; a number, (C, 1, 1) or (N,).
        recipe: its name.
        parameters: of the recipe, as JSON can hold them.
    """

    network: Network
    ann: Ann
    thresholds: Mapping[str, float | NDArray[np.float64]]
    recipe: str
    parameters: Mapping[str, str | int | float | list[float]]
