"""All parameters on a binary grid, so that sums of them are exact."""

from __future__ import annotations

from dataclasses import Field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.fields import Role, role_of
from eventsnn.description.network import Network
from eventsnn.testing.transformations.parameters import map_arrays

__all__ = ["round_parameters"]


def round_parameters(network: Network, places: int) -> Network:
    """Weights, thresholds, biases and potentials to the nearest multiples of 2^-places.

    Another network, near the given one, that `eventsnn.testing.exact_bits` may accept.
    Decays stay: every tick would add their places to the sums. A threshold is at least
    2^-places, a floor that meets it is moved below.
    """
    unit = 2.0**-places

    def rounded(field: Field[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
        if role_of(field) in (Role.DECAY, Role.TICKS):
            return values
        grid = _on_grid(values, places)
        # a ceiling is nowhere below its threshold
        if field.metadata.get("positive") or field.name == "v_max":
            return np.maximum(grid, unit)
        # a floor lies below its threshold, so half a step further down it still does
        return grid - unit if field.name == "v_min" else grid

    layers = tuple(
        replace(
            layer,
            neuron=map_arrays(layer.neuron, rounded),
            bias=_on_grid(np.asarray(layer.bias), places),
            links=tuple(
                replace(link, chain=tuple(map_arrays(synapse, rounded) for synapse in link.chain))
                for link in layer.links
            ),
        )
        for layer in network.layers
    )
    return replace(network, layers=layers)


def _on_grid(values: NDArray[np.float64], places: int) -> NDArray[np.float64]:
    return np.ldexp(np.round(np.ldexp(values, places)), -places)
