"""Networks that can be put into integers, and what `eventsnn.quantize` is told of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Burst,
    CubaLIF,
    PhaseAccumulator,
    PhaseMaximum,
    RunningMaximum,
    Signed,
)
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.strategies.inputs import analog_inputs, currents, spike_trains
from eventsnn.testing.strategies.networks import networks
from eventsnn.testing.strategies.numbers import Draw
from eventsnn.testing.strategies.samples import must_spike

__all__ = ["FixedPointCase", "fixed_point_cases"]


@dataclass(frozen=True)
class FixedPointCase:
    """A network, one sample, and the arguments of `eventsnn.quantize`."""

    network: Network
    inputs: dict[str, Any]
    ticks: int
    options: dict[str, Any]


@st.composite
def fixed_point_cases(draw: Draw, *, max_ticks: int = 12) -> FixedPointCase:
    """Networks of all kinds that have a fixed point; numbers are on no grid.

    Other neuron models become `IF` with the same parameters, read-outs lose their leak, and
    every layer is scaled by a number that is not dyadic.
    """
    ticks = draw(st.integers(min(4, max_ticks), max_ticks))
    network = draw(networks())
    layers = tuple(_integrating(layer, draw(_FACTORS)) for layer in network.layers)
    network = replace(network, layers=layers)
    inputs: dict[str, Any] = {}
    analog: dict[str, float] = {}
    for node in network.inputs:
        if must_spike(network, node.name) or draw(st.booleans()):
            inputs[node.name] = _whole(draw(spike_trains(node.shape, ticks=ticks)))
            continue
        if draw(st.booleans()):
            inputs[node.name] = draw(analog_inputs(node.shape)) / 3
        else:
            changing = draw(currents(node.shape, ticks=ticks))
            inputs[node.name] = replace(changing, values=changing.values / 3)
        analog[node.name] = 2.0
    options = {
        "weight_bits": draw(st.integers(2, 8)),
        "potential_bits": draw(st.sampled_from([16, 32])),
        "input_bits": draw(st.integers(2, 8)),
        "clamp": draw(st.sampled_from([None, 1.0, 2.5])),
        "analog": analog,
        "most_spikes": 48,
    }
    return FixedPointCase(network, inputs, ticks, options)


_FACTORS = st.sampled_from([1.0, 1 / 3, 0.7, 5.3])


def _integrating(layer: Layer, factor: float) -> Layer:
    """The layer with a neuron of the IF family; its threshold and bias times a factor."""
    neuron = layer.neuron
    match neuron:
        case PhaseMaximum():
            return replace(
                layer, neuron=RunningMaximum(neuron.kernel_size, neuron.stride, neuron.padding)
            )
        case RunningMaximum():
            return layer
        case LI() | PhaseAccumulator():
            v0 = neuron.v0 if isinstance(neuron, LI) else 0.0
            integrating: Any = LI(v0)
        case IF():
            integrating = replace(neuron, noise=None)
        case LIF():
            held, floor = neuron.refractory, neuron.v_min
            integrating = IF(neuron.threshold, neuron.reset, neuron.v0, floor, held)
        case CubaLIF():
            integrating = IF(
                neuron.threshold, neuron.reset, neuron.v0, refractory=neuron.refractory
            )
        case Burst() | Signed():
            integrating = neuron
        case _:
            integrating = IF(getattr(neuron, "threshold", 1.0))
    if not isinstance(integrating, LI):
        # a ceiling moves with the threshold, a floor is below it anyway
        scaled = {"threshold": np.asarray(integrating.threshold) * factor}
        if isinstance(integrating, IF) and integrating.v_max is not None:
            scaled["v_max"] = np.asarray(integrating.v_max) * factor
        if isinstance(integrating, IF) and integrating.v_min is not None:
            scaled["v_min"] = np.minimum(np.asarray(integrating.v_min), 0) * factor
        integrating = replace(integrating, **scaled)
    return replace(layer, neuron=integrating, bias=np.asarray(layer.bias) * 0.9)


def _whole(spikes: Spikes) -> Spikes:
    return replace(spikes, amplitude=np.ceil(spikes.amplitude))
