"""The ANN that a spiking network was lowered from, if it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import Ann
from converters.passes.canonical import canonical
from converters.passes.only_activations import only_activations
from eventsnn import IF, Analog, Bistable, Burst, Network, Signed
from eventsnn.testing.properties import DoesNotApply

__all__ = ["Origin", "origin_of"]


@dataclass(frozen=True)
class Origin:
    """What a network stands for.

    Attributes:
        ann: rewritten as the recipes do it; its ReLUs have the names of spiking layers.
        thresholds: of the spiking layers, by name.
    """

    ann: Ann
    thresholds: dict[str, NDArray[np.float64]]


def origin_of(
    network: Network,
    ann: Ann,
    models: tuple[type[IF | Signed | Burst | Bistable], ...],
    lowered: Callable[[Ann, dict[str, NDArray[np.float64]]], Network],
) -> Origin | DoesNotApply:
    """Thresholds from the network, and whether ``lowered`` gives the network again.

    Initial potentials and the coding of the input may differ. Recipes that change weights,
    thresholds in time or neurons make another network than the plain lowering of the ANN.
    """
    ann = canonical(only_activations(ann))
    layers = {layer.name: layer for layer in network.layers}
    thresholds = {}
    for name in ann.names_of(ops.ReLU):
        neuron = layers[name].neuron if name in layers else None
        if not isinstance(neuron, models):
            found = "no layer" if neuron is None else f"{type(neuron).__name__} neurons"
            wanted = " or ".join(model.__name__ for model in models)
            return DoesNotApply(f"ReLU `{name}` became {found}, not {wanted}")
        thresholds[name] = np.asarray(neuron.threshold)
    again = lowered(ann, thresholds)
    if _bare(again) != _bare(network):
        return DoesNotApply("the network is not the plain lowering of its ANN")
    return Origin(ann, thresholds)


def _bare(network: Network) -> Network:
    """Without initial potentials, and fed by what flows: neither is a matter of lowering."""
    return replace(
        network,
        inputs=tuple(replace(node, coding=Analog()) for node in network.inputs),
        layers=tuple(
            replace(layer, neuron=replace(layer.neuron, v0=0.0))
            if isinstance(layer.neuron, IF | Signed | Burst)
            else layer
            for layer in network.layers
        ),
    )
