"""Networks in which nothing happens by itself."""

from __future__ import annotations

import numpy as np

from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import IF, LI, LIF, Burst, CubaLIF, Signed

__all__ = ["why_it_moves", "why_it_spikes"]


def why_it_spikes(network: Network) -> str | None:
    """Why a network may act without input: a bias, noise, or V0 above the threshold; or None."""
    for layer in network.layers:
        if np.any(np.asarray(layer.bias) != 0):
            return f"layer `{layer.name}` has a bias"
        neuron = layer.neuron
        if isinstance(neuron, IF | LIF) and neuron.noise is not None:
            return f"layer `{layer.name}` has noise"
        if isinstance(neuron, IF | LIF | CubaLIF | Burst | Signed) and np.any(
            np.asarray(neuron.v0) >= np.asarray(neuron.threshold)
        ):
            return f"layer `{layer.name}` starts with V0 at its threshold or above"
    return None


def why_it_moves(network: Network) -> str | None:
    """Why a potential may change without input: also a V0 that decays or lies below v_min."""
    if why := why_it_spikes(network):
        return why
    for layer in network.layers:
        if _decays(layer):
            return f"layer `{layer.name}` starts with a V0 that decays"
        floor = getattr(layer.neuron, "v_min", None)
        if floor is not None and np.any(np.asarray(layer.neuron.v0) < floor):  # type: ignore[union-attr]  # models with a floor have both
            return f"layer `{layer.name}` starts with V0 below its floor"
    return None


def _decays(layer: Layer) -> bool:
    neuron = layer.neuron
    if not isinstance(neuron, LIF | CubaLIF | LI):
        return False
    return bool(np.any((np.asarray(neuron.v0) != 0) & (np.asarray(neuron.decay) != 1)))
