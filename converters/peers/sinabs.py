"""Sinabs: `sinabs.layers.IAF`, the neuron of its conversions (Sheik et al., SynSense)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.peers.tick_by_tick import Step, firing, number, run_tick_by_tick
from eventsnn import (
    LIF,
    Burst,
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
    from sinabs.activation import MaxSpike, MembraneReset, MembraneSubtract, SingleSpike
    from sinabs.layers import IAF
except ImportError as error:
    raise MissingExtraError(
        "converters.peers.sinabs needs Sinabs: python -m pip install sinabs"
    ) from error

__all__ = ["run"]


def run(
    network: Network, inputs: Mapping[str, Spikes], ticks: int
) -> dict[str, NDArray[np.float32]]:
    """Spikes of every layer, as `eventsnn.testing.check_simulator` asks for them.

    `IF` becomes an ``IAF`` with ``SingleSpike``, `Burst` one with ``MaxSpike``. (The leak of
    ``LIF`` is ``exp(-1 / tau)`` in float32, so no decay is exact.)

    Args:
        network: feed-forward, of `IF` and `Burst` layers with one parameter for all neurons.
        inputs: spikes, by name.
        ticks: how many.

    Raises:
        UnsupportedLayerError: a layer for which there are no parameters.
    """
    return run_tick_by_tick(network, inputs, ticks, _neurons)


def _neurons(layer: Layer) -> Step:
    v0: Any
    if isinstance(layer.neuron, Burst):
        neuron = layer.neuron
        iaf = IAF(
            spike_threshold=torch.tensor(number(layer, neuron.threshold, "threshold")),
            spike_fn=MaxSpike(neuron.max_spikes),
            reset_fn=MembraneSubtract(),
        )
        v0 = neuron.v0
    else:
        iaf, v0 = _single(layer)
    iaf.init_state_with_shape((1, *layer.shape))
    iaf.v_mem = torch.full((1, *layer.shape), number(layer, v0, "v0"))

    def step(current: torch.Tensor) -> torch.Tensor:
        spikes: torch.Tensor = iaf(current[:, None])[:, 0]
        return spikes

    return step


def _single(layer: Layer) -> tuple[Any, Any]:
    neuron = firing(layer, floor=True)
    if isinstance(neuron, LIF):
        raise UnsupportedLayerError(f"layer `{layer.name}`: expected IF or Burst, found LIF")
    match neuron.reset:
        case Subtract(amount=amount):
            value = None if amount is None else number(layer, amount, "amount")
            reset = MembraneSubtract(value)
        case ToValue(value=to):
            reset = MembraneReset(number(layer, to, "reset value"))
        case _:
            raise UnsupportedLayerError(f"layer `{layer.name}`: Sinabs resets, found NoReset")
    floor = None if neuron.v_min is None else number(layer, neuron.v_min, "floor")
    threshold = torch.tensor(number(layer, neuron.threshold, "threshold"))
    iaf = IAF(threshold, spike_fn=SingleSpike, reset_fn=reset, min_v_mem=floor)
    return iaf, neuron.v0
