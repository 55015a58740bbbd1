"""One sample for the inputs of a given network, small or large."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventsnn.description.base import Shape
from eventsnn.description.network import Network
from eventsnn.description.neurons import RunningMaximum
from eventsnn.description.word_stages import relayed_into_words
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.strategies.inputs import analog_inputs, currents, spike_trains
from eventsnn.testing.strategies.numbers import Draw

__all__ = ["constant_images", "must_spike", "samples"]

#: Inputs of more neurons are drawn by density and seed, not value by value.
_SMALL = 64


@st.composite
def samples(draw: Draw, network: Network, *, ticks: int) -> dict[str, Any]:
    """Spikes, a constant image or changing currents for each input, by name.

    Where an input has more than 64 neurons, a seed draws the values, of as many neurons and
    as often as hypothesis says: such inputs shrink in neurons, spikes and time, not in values.
    """
    inputs: dict[str, Any] = {}
    for node in network.inputs:
        large = math.prod(node.shape) > _SMALL
        if must_spike(network, node.name) or draw(st.booleans()):
            inputs[node.name] = draw(
                (_many_spikes if large else spike_trains)(node.shape, ticks=ticks)
            )
        elif draw(st.booleans()):
            inputs[node.name] = draw((_large_images if large else analog_inputs)(node.shape))
        else:
            inputs[node.name] = draw(
                (_large_currents if large else currents)(node.shape, ticks=ticks)
            )
    return inputs


@st.composite
def constant_images(draw: Draw, network: Network, *, ticks: int) -> dict[str, Any]:  # noqa: ARG001  # as `samples`
    """A constant image for each input, by name."""
    return {
        node.name: draw(
            (_large_images if math.prod(node.shape) > _SMALL else analog_inputs)(node.shape)
        )
        for node in network.inputs
    }


def must_spike(network: Network, name: str) -> bool:
    """Whether an input may not be a current: it feeds a maximum, or words through relays."""
    return relayed_into_words(network.timings, name) is not None or any(
        link.source == name and isinstance(layer.neuron, RunningMaximum)
        for layer in network.layers
        for link in layer.links
    )


def _some(draw: Draw, size: int) -> NDArray[np.int64]:
    """Neurons evenly apart: 1, 4, 16, ... of them, or all."""
    sizes = [4**k for k in range(math.ceil(math.log(size, 4)))]
    many = draw(st.sampled_from([*sizes, size, size]))
    return np.linspace(0, size - 1, many).astype(np.int64)


@st.composite
def _many_spikes(draw: Draw, shape: Shape, *, ticks: int) -> Spikes:
    active = _some(draw, math.prod(shape))
    density = draw(st.sampled_from([1 / 64, 1 / 16, 1 / 4, 1.0]))
    until = draw(st.integers(1, ticks))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    tick, at = np.nonzero(rng.random((until, active.size)) < density)
    return Spikes(shape, tick, active[at])


@st.composite
def _large_images(draw: Draw, shape: Shape) -> NDArray[np.float64]:
    active = _some(draw, math.prod(shape))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    image = np.zeros(math.prod(shape))
    image[active] = rng.integers(-4, 9, active.size) / 4
    return image.reshape(shape)


@st.composite
def _large_currents(draw: Draw, shape: Shape, *, ticks: int) -> Currents:
    start = sorted(draw(st.sets(st.integers(0, ticks - 1), min_size=1, max_size=3)))
    return Currents(tuple(start), np.stack([draw(_large_images(shape)) for _ in start]))
