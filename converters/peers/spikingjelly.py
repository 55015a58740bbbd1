"""SpikingJelly: `IFNode` and `LIFNode` (Fang et al., Science Advances 9:eadi1480, 2023)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from converters.peers.tick_by_tick import Step, firing, number, run_tick_by_tick
from eventsnn import (
    LIF,
    Layer,
    MissingExtraError,
    Network,
    Spikes,
    Subtract,
    ToValue,
    UnsupportedLayerError,
)

try:
    import torch
    from spikingjelly.activation_based import neuron as nodes
except ImportError as error:
    raise MissingExtraError(
        "converters.peers.spikingjelly needs SpikingJelly: python -m pip install spikingjelly"
    ) from error

__all__ = ["run"]


def run(
    network: Network, inputs: Mapping[str, Spikes], ticks: int
) -> dict[str, NDArray[np.float32]]:
    """Spikes of every layer, as `eventsnn.testing.check_simulator` asks for them.

    `IF` becomes an ``IFNode``, `LIF` a ``LIFNode`` with ``tau = 1 / (1 - decay)`` and
    ``decay_input=False``.

    Args:
        network: feed-forward, of `IF` and `LIF` layers with one parameter for all neurons.
        inputs: spikes, by name.
        ticks: how many.

    Raises:
        UnsupportedLayerError: a layer for which there are no parameters.
    """
    return run_tick_by_tick(network, inputs, ticks, _neurons)


def _neurons(layer: Layer) -> Step:
    neuron = firing(layer)
    match neuron.reset:
        case Subtract(amount=None):
            value = None
        case ToValue(value=reset):
            value = number(layer, reset, "reset value")
        case _:
            raise UnsupportedLayerError(
                f"layer `{layer.name}`: SpikingJelly subtracts the threshold or resets to a "
                f"value, found {neuron.reset}"
            )
    common = {"v_threshold": number(layer, neuron.threshold, "threshold"), "v_reset": value}
    if isinstance(neuron, LIF):
        decay = number(layer, neuron.decay, "decay")
        if not 0 < decay < 1:
            raise UnsupportedLayerError(
                f"layer `{layer.name}`: tau = 1 / (1 - decay) needs a decay between 0 and 1, "
                f"found {decay:g}"
            )
        node = nodes.LIFNode(tau=1 / (1 - decay), decay_input=False, **common)
    else:
        node = nodes.IFNode(**common)
    node.v = torch.full((1, *layer.shape), number(layer, neuron.v0, "v0"))

    def step(current: torch.Tensor) -> torch.Tensor:
        spikes: torch.Tensor = node(current)
        return spikes

    return step
