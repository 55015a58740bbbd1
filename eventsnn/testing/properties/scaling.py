"""The unit of a potential means nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe
from eventsnn.testing.properties.outcome import DoesNotApply, Outcome
from eventsnn.testing.strategies import Case
from eventsnn.testing.transformations import can_be_scaled, scale_layer

__all__ = ["scaling_changes_nothing"]

Array = NDArray[np.float64]

_EXPONENTS = (-3, -2, -1, 1, 2, 3)


def scaling_changes_nothing(case: Case) -> Outcome:
    """``s(2^k theta, 2^k W, 2^k b, 2^k V0, 2^k v_min) = s(theta, W, b, V0, v_min)``, v times 2^k.

    Every layer by a power of two of its own, which the seed chooses. Relays, max pooling and
    synchronous layers have no unit of their own and stay.

    Raises:
        AssertionError: the first difference.
    """
    rng = np.random.default_rng(case.seed)
    network, factors = case.network, {}
    for layer in case.network.layers:
        if can_be_scaled(layer):
            factors[layer.name] = 2.0 ** int(rng.choice(_EXPONENTS))
            network = scale_layer(network, layer.name, factors[layer.name])
    if not factors:
        return DoesNotApply("no layer has a potential in a unit of its own")
    found = observe(replace(case, network=network))
    for name, factor in factors.items():
        found = found.changed(name, partial(_back, factor=factor))
    return agree(case, observe(case), found, "with every layer scaled by a power of two")


def _back(values: Array, what: str, factor: float) -> Array:
    return values if what == "spikes" else values / factor
