"""Another unit for the potential of a layer."""

from __future__ import annotations

from dataclasses import Field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.fields import Role, role_of
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import Maximum, Relay, Synchronous
from eventsnn.description.synapses import Conv2d, Linear, Scale, Sparse, Synapse
from eventsnn.testing.transformations.parameters import map_arrays

__all__ = ["can_be_scaled", "scale_layer"]


def can_be_scaled(layer: Layer) -> bool:
    """Whether the potential of a layer has a unit of its own.

    What relays, max pooling and synchronous layers hand on is not theirs.
    """
    return not isinstance(layer.neuron, Relay | Maximum | Synchronous)


def scale_layer(network: Network, name: str, factor: float) -> Network:
    """Threshold, reset, V0, floor, noise, bias and incoming weights of a layer times ``factor``.

    Its potentials are those of before times ``factor``, its spikes and all other layers
    equal; by a power of two bit for bit, whatever the weights, as no rounding changes.
    """

    def times(field: Field[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values * factor if role_of(field) is Role.POTENTIAL else values

    layer = network.layer(name)
    links = tuple(replace(link, chain=_scaled(link.chain, factor)) for link in layer.links)
    scaled = replace(
        layer,
        neuron=map_arrays(layer.neuron, times),
        bias=np.asarray(layer.bias) * factor,
        links=links,
    )
    layers = tuple(scaled if other.name == name else other for other in network.layers)
    return replace(network, layers=layers)


def _scaled(chain: tuple[Synapse, ...], factor: float) -> tuple[Synapse, ...]:
    """The product of a chain times ``factor``: its last weights, or a scale where it has none."""
    for step in reversed(range(len(chain))):
        synapse = chain[step]
        if isinstance(synapse, Linear | Conv2d | Sparse | Scale):
            scaled = map_arrays(synapse, lambda _, values: values * factor)
            return (*chain[:step], scaled, *chain[step + 1 :])
    return (*chain, Scale(factor))
