"""Links in another order, and links in two parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from eventsnn.description.link import Link
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import Relay

__all__ = ["relay_on_the_way", "reorder_links"]


def reorder_links(network: Network, orders: Mapping[str, Sequence[int]]) -> Network:
    """The links of each layer in another order: spikes and potentials stay.

    Args:
        network: the description.
        orders: by layer name, the present numbers of its links in the new order.
    """
    return replace(
        network,
        layers=tuple(
            replace(layer, links=tuple(layer.links[i] for i in orders[layer.name]))
            for layer in network.layers
        ),
    )


def relay_on_the_way(network: Network, name: str, number: int, first: int) -> Network:
    """A link of delay d becomes a link of delay ``first``, a `Relay`, and one of the rest.

    Spikes and potentials of all layers stay; the relay, ``name.way``, hands on what it gets.

    Args:
        network: the description.
        name: of the layer that the link leads to.
        number: of the link among the layer's; it has one delay for all its spikes.
        first: 0 to d.
    """
    layer = network.layer(name)
    link = layer.links[number]
    assert isinstance(link.delay, int)
    way = f"{name}.way"
    relay = Layer(way, network.shapes[link.source], Relay(), (Link(link.source, (), first),))
    links = list(layer.links)
    links[number] = replace(link, source=way, delay=link.delay - first)
    changed = replace(layer, links=tuple(links))
    layers = tuple(changed if other.name == name else other for other in network.layers)
    return replace(network, layers=(*layers, relay))
