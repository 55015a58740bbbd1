"""Dyadic numbers: sums of them are exact within the budget of `eventsnn.testing.exact_bits`."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventsnn.description.base import Shape

__all__ = ["Draw", "broadcast_shapes", "dyadic", "image_shapes", "weights"]

Draw = st.DrawFn

#: hypothesis refuses lists of thousands; larger arrays repeat. A prime: rows do not line up.
_MOST_DRAWN = 1021


def dyadic(draw: Draw, shape: Shape, low: int, high: int, places: int) -> NDArray[np.float64]:
    """An array of multiples of 2^-places between low and high, in those units."""
    drawn = min(math.prod(shape), _MOST_DRAWN)
    units = draw(st.lists(st.integers(low, high), min_size=drawn, max_size=drawn))
    return np.ldexp(np.resize(np.array(units, dtype=np.float64), shape), -places)


def weights(draw: Draw, shape: Shape) -> NDArray[np.float64]:
    """Quarters that lean to the positive."""
    return dyadic(draw, shape, -1, 4, 2)


def broadcast_shapes(shape: Shape) -> st.SearchStrategy[Shape]:
    """A number, one value per channel, or one per neuron."""
    shapes: list[Shape] = [(), shape]
    if len(shape) == 3:
        shapes.insert(1, (shape[0], 1, 1))
    return st.sampled_from(shapes)


@st.composite
def image_shapes(draw: Draw, max_side: int, max_channels: int) -> Shape:
    """(C, H, W)."""
    return (
        draw(st.integers(1, max_channels)),
        draw(st.integers(1, max_side)),
        draw(st.integers(1, max_side)),
    )
