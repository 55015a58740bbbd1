"""Networks <-> records: the group ``/network`` of a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from eventsnn.description.codings import Analog, Coding
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.neurons import Neuron
from eventsnn.description.synapses import Synapse
from eventsnn.hdf5.description_fields import (
    description_record,
    matrix_record,
    read_description,
    read_matrix,
)
from eventsnn.hdf5.storage import Item, Record, naming

__all__ = ["network_record", "read_network"]


def network_record(network: Network) -> Record:
    """The group ``/network``."""
    return {
        "output": network.output,
        "inputs": [
            {"name": node.name, "shape": node.shape, "coding": description_record(node.coding)}
            for node in network.inputs
        ],
        "layers": [
            {
                "name": layer.name,
                "shape": layer.shape,
                "bias": layer.bias,
                "neuron": description_record(layer.neuron),
                "links": [
                    {
                        "source": link.source,
                        "delay": _delay_record(link.delay),
                        "chain": [description_record(synapse) for synapse in link.chain],
                    }
                    for link in layer.links
                ],
            }
            for layer in network.layers
        ],
    }


def read_network(item: Item) -> Network:
    """The network of the group ``/network``.

    Raises:
        FileFormatError: a missing, unknown or damaged item, or values that mean nothing.
    """
    item.refuse_unknown(("output", "inputs", "layers"))
    inputs = tuple(_read_input(node) for node in item.children("inputs"))
    layers = tuple(_read_layer(layer) for layer in item.children("layers"))
    with naming(item.where()):
        return Network(inputs, layers, item.text("output"))


def _read_input(item: Item) -> Input:
    item.refuse_unknown(("name", "shape", "coding"))
    coding = read_description(item.child("coding"), Coding) if item.has("coding") else Analog()
    with naming(item.where()):
        return Input(item.text("name"), item.integers("shape"), coding)


def _read_layer(item: Item) -> Layer:
    item.refuse_unknown(("name", "shape", "neuron", "links", "bias"))
    with naming(item.where()):
        return Layer(
            name=item.text("name"),
            shape=item.integers("shape"),
            neuron=read_description(item.child("neuron"), Neuron),
            links=tuple(_read_link(link) for link in item.children("links")),
            bias=item.array("bias"),
        )


def _read_link(item: Item) -> Link:
    item.refuse_unknown(("source", "chain", "delay"))
    chain = tuple(read_description(synapse, Synapse) for synapse in item.children("chain"))
    return Link(item.text("source"), chain, _read_delay(item))


def _delay_record(delay: Any) -> Any:
    """A number, an array, or a sparse matrix as a group."""
    if sp.issparse(delay):
        return matrix_record(delay)
    return delay if isinstance(delay, int) else delay.astype(np.float64)


def _read_delay(item: Item) -> Any:
    if item.has_group("delay"):
        return read_matrix(item.child("delay"))
    return item.array("delay")
