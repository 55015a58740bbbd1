"""Neuron models of every kind, with parameters per layer, channel or neuron."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from eventsnn.description.base import Shape
from eventsnn.description.neurons import (
    IF,
    LIF,
    Burst,
    CubaLIF,
    Neuron,
    Noise,
    NoReset,
    Reset,
    Signed,
    Subtract,
    ToValue,
)
from eventsnn.testing.strategies.numbers import Draw, broadcast_shapes, dyadic
from eventsnn.testing.strategies.words import phase_neurons

__all__ = ["decays", "neurons"]


@st.composite
def neurons(draw: Draw, shape: Shape) -> Neuron:
    """A firing neuron model of any kind for a layer of ``shape``."""
    threshold = dyadic(draw, draw(broadcast_shapes(shape)), 1, 4, 2)
    v0 = dyadic(draw, draw(broadcast_shapes(shape)), -1, 6, 2)
    kind = draw(st.sampled_from(["if", "if", "lif", "cuba", "signed", "burst", "phases"]))
    if kind == "phases":
        return draw(phase_neurons(shape))
    if kind == "signed":
        return Signed(threshold, dyadic(draw, (), 0, 2, 2), v0, draw(st.integers(1, 3)))
    if kind == "burst":
        return Burst(threshold, draw(st.integers(1, 4)), v0)
    reset = draw(_resets(shape))
    v_min = dyadic(draw, (), -3, 0, 2) if draw(st.booleans()) else None
    refractory = draw(st.sampled_from([0, 0, 1, 3]))
    if kind == "cuba":
        lowest = draw(st.sampled_from([1, 1, 1, 1, -2]))
        gain = dyadic(draw, draw(broadcast_shapes(shape)), lowest, 4, 1)
        synaptic = dyadic(draw, draw(broadcast_shapes(shape)), 0, 3, 2)
        return CubaLIF(synaptic, draw(decays(shape)), gain, threshold, reset, v0, refractory)
    noise = draw(_noises(shape)) if draw(st.integers(0, 3)) == 3 else None
    if kind == "lif":
        decay = draw(decays(shape))
        return LIF(decay, threshold, reset, v0, v_min, refractory, noise)
    v_max = None
    if draw(st.integers(0, 2)) == 2:  # at the threshold, or a little above
        v_max = threshold + dyadic(draw, draw(broadcast_shapes(shape)), 0, 4, 2)
    return IF(threshold, reset, v0, v_min, refractory, noise, v_max)


@st.composite
def _noises(draw: Draw, shape: Shape) -> Noise:
    deviation = dyadic(draw, draw(broadcast_shapes(shape)), 0, 4, 2)
    return Noise(deviation, dyadic(draw, draw(broadcast_shapes(shape)), -1, 2, 2))


@st.composite
def decays(draw: Draw, shape: Shape) -> Any:
    """Quarters, whose powers and geometric sums are exact; 0 and 1 among them."""
    quarters = dyadic(draw, draw(broadcast_shapes(shape)), 0, 4, 2)
    return quarters if quarters.shape else float(quarters)


@st.composite
def _resets(draw: Draw, shape: Shape) -> Reset:
    kind = draw(st.sampled_from(["subtract", "amount", "value", "none"]))
    if kind == "subtract":
        return Subtract()
    if kind == "amount":
        return Subtract(dyadic(draw, draw(broadcast_shapes(shape)), 1, 6, 2))
    if kind == "value":
        return ToValue(dyadic(draw, draw(broadcast_shapes(shape)), -2, 2, 2))
    return NoReset()
