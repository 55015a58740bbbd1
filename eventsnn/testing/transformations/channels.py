"""The channels of a layer in another order, or shared between two layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsnn.description.base import Description
from eventsnn.description.link import Link
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import IF, LIF, Maximum, Synchronous
from eventsnn.testing.transformations.parameters import map_arrays, on_first_axis
from eventsnn.testing.transformations.selection import from_channels, onto_channels

__all__ = ["permute_channels", "split_layer"]

Index = NDArray[np.int64]
D = TypeVar("D", bound=Description)


def permute_channels(network: Network, name: str, order: ArrayLike) -> Network | None:
    """Channel ``order[i]`` of a layer becomes its channel i, with its weights and parameters.

    The layer's spikes and potentials are those of before with ``[:, order]``, all others
    equal; synops too. A channel is an index of the first axis.

    Returns:
        None where weights do not allow it: see `onto_channels` and `from_channels` of
        `eventsnn.testing.transformations.selection`; or where the layer is max pooled,
        pools itself, or has noise, which belongs to the place of a neuron.
    """
    index = np.asarray(order, dtype=np.int64)
    moved = _parts(network, name, {name: index})
    return None if moved is None else replace(network, layers=moved)


def split_layer(network: Network, name: str, first: int) -> Network | None:
    """A layer becomes two: the first ``first`` channels under its name, and ``name.rest``.

    The spikes and potentials of the two, joined along the first axis, are those of before,
    all others equal; synops too. The second stands at the end of the network's layers.
    A read-out keeps its name, and is then the first part.

    Returns:
        None where weights do not allow it, as for `permute_channels`.
    """
    channels = network.shapes[name][0]
    rest = f"{name}.rest"
    if not 0 < first < channels or rest in network.shapes:
        return None
    parts = {name: np.arange(first), rest: np.arange(first, channels)}
    moved = _parts(network, name, parts)
    return None if moved is None else replace(network, layers=moved)


def _parts(network: Network, name: str, parts: dict[str, Index]) -> tuple[Layer, ...] | None:
    """The network's layers with ``name`` in parts: new names, and channels of the old one."""
    whole = network.layer(name)
    if isinstance(whole.neuron, Maximum | Synchronous):
        return None
    if isinstance(whole.neuron, IF | LIF) and whole.neuron.noise is not None:
        return None
    rewired: dict[str, tuple[Link, ...]] = {}
    for layer in network.layers:
        links: list[Link] = []
        for link in layer.links:
            if link.source != name:
                links.append(link)
                continue
            for part, index in parts.items():
                sliced = from_channels(link, whole.shape, index)
                if sliced is None or isinstance(layer.neuron, Maximum | Synchronous):
                    return None
                links.append(replace(sliced, source=part))
        rewired[layer.name] = tuple(links)
    shapes = dict(network.shapes)
    shapes |= {part: (index.size, *whole.shape[1:]) for part, index in parts.items()}
    made: dict[str, Layer] = {}
    for part, index in parts.items():
        onto = [onto_channels(link, shapes[link.source], index) for link in rewired[name]]
        if any(link is None for link in onto):
            return None
        made[part] = Layer(
            part,
            shapes[part],
            _of_channels(whole, whole.neuron, index),
            tuple(link for link in onto if link is not None),
            on_first_axis(whole.bias, whole.shape, index),
        )
    kept = [
        made.pop(name) if layer.name == name else replace(layer, links=rewired[layer.name])
        for layer in network.layers
    ]
    return (*kept, *made.values())


def _of_channels(layer: Layer, neuron: D, index: Index) -> D:
    return map_arrays(neuron, lambda _, values: on_first_axis(values, layer.shape, index))
