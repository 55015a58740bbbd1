"""Spike trains, constant images and currents that change."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventsnn.description.base import Shape
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.strategies.numbers import Draw, dyadic

__all__ = ["analog_inputs", "currents", "spike_trains"]


@st.composite
def spike_trains(draw: Draw, shape: Shape, *, ticks: int, max_spikes: int = 24) -> Spikes:
    """Events with unit amplitudes, or with small integers and halves."""
    events = draw(
        st.lists(
            st.tuples(st.integers(0, ticks - 1), st.integers(0, math.prod(shape) - 1)),
            min_size=min(2 * ticks, 16),
            max_size=max_spikes,
        )
    )
    amplitude = np.ones(len(events))
    if draw(st.booleans()):
        size = len(events)
        steps = st.sampled_from([-2.0, -1.0, 0.5, 1.0, 1.5, 2.0])
        amplitude = np.array(draw(st.lists(steps, min_size=size, max_size=size)))
    tick, index = np.array(events, dtype=np.int64).reshape(-1, 2).T
    return Spikes(shape, tick, index, amplitude)


@st.composite
def analog_inputs(draw: Draw, shape: Shape) -> NDArray[np.float64]:
    """A constant image of multiples of 1/4."""
    return dyadic(draw, shape, -1, 6, 2)


@st.composite
def currents(draw: Draw, shape: Shape, *, ticks: int, max_values: int = 3) -> Currents:
    """A current of multiples of 1/4 that changes now and then."""
    first = draw(st.one_of(st.just(0), st.just(0), st.integers(0, ticks - 1)))
    more = st.sets(st.integers(0, ticks - 1), max_size=max_values - 1)
    start = sorted(draw(more) | {first})
    return Currents(tuple(start), np.stack([draw(analog_inputs(shape)) for _ in start]))
