"""snnTorch: `snntorch.Leaky` (Eshraghian et al., Proc. IEEE 111:1016, 2023)."""

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
    NoReset,
    Spikes,
    Subtract,
    ToValue,
    UnsupportedLayerError,
)

try:
    import snntorch
    import torch
except ImportError as error:
    raise MissingExtraError(
        "converters.peers.snntorch needs snnTorch: python -m pip install snntorch"
    ) from error

__all__ = ["run"]


def run(
    network: Network,
    inputs: Mapping[str, Spikes],
    ticks: int,
    *,
    reset_delay: bool = True,
    at_threshold: bool = False,
) -> dict[str, NDArray[np.float32]]:
    """Spikes of every layer, as `eventsnn.testing.check_simulator` asks for them.

    `IF` and `LIF` become ``Leaky(beta=decay)``.

    Args:
        network: feed-forward, of `IF` and `LIF` layers with one parameter for all neurons.
        inputs: spikes, by name.
        ticks: how many.
        reset_delay: snnTorch's own default: what is due for a spike is taken off in the next
            tick, after the leak. False takes it off at once.
        at_threshold: spike at v = threshold too, by the next float below as the threshold; by
            default snnTorch's own rule, v > threshold.

    Raises:
        UnsupportedLayerError: a layer for which ``Leaky`` has no parameters.
    """

    def neurons(layer: Layer) -> Step:
        neuron = firing(layer)
        match neuron.reset:
            case Subtract(amount=None):
                reset = "subtract"
            case NoReset():
                reset = "none"
            case ToValue(value=value) if not np.any(value):
                reset = "zero"
            case _:
                raise UnsupportedLayerError(
                    f"layer `{layer.name}`: Leaky subtracts the threshold, resets to 0 or does "
                    f"not reset, found {neuron.reset}"
                )
        threshold = number(layer, neuron.threshold, "threshold")
        if at_threshold:
            threshold = float(np.nextafter(np.float32(threshold), np.float32(0)))
        decay = number(layer, neuron.decay, "decay") if isinstance(neuron, LIF) else 1.0
        leaky = snntorch.Leaky(
            beta=decay, threshold=threshold, reset_mechanism=reset, reset_delay=reset_delay
        )
        v = torch.full((1, *layer.shape), number(layer, neuron.v0, "v0"))

        def step(current: torch.Tensor) -> torch.Tensor:
            nonlocal v
            spikes, v = leaky(current, v)
            return spikes

        return step

    return run_tick_by_tick(network, inputs, ticks, neurons)
