"""Networks <-> records: the kinds of the file format and their fields, both ways."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
import scipy.sparse as sp

from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
    Unflatten,
)
from eventsnn.hdf5.neuron_fields import neuron_record, read_neuron
from eventsnn.hdf5.storage import Item, Record, naming, unknown_kind

__all__ = ["network_record", "read_network"]


def network_record(network: Network) -> Record:
    """The group ``/network``."""
    return {
        "output": network.output,
        "inputs": [{"name": node.name, "shape": node.shape} for node in network.inputs],
        "layers": [
            {
                "name": layer.name,
                "shape": layer.shape,
                "bias": layer.bias,
                "neuron": neuron_record(layer.neuron),
                "links": [
                    {
                        "source": link.source,
                        "delay": _delay_record(link.delay),
                        "chain": [_synapse_record(synapse) for synapse in link.chain],
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
        FileFormatError: a missing or damaged item, or values that mean nothing.
    """
    inputs = []
    for node in item.children("inputs"):
        with naming(node.where()):
            inputs.append(Input(node.text("name"), node.integers("shape")))
    layers = []
    for layer in item.children("layers"):
        with naming(layer.where()):
            layers.append(
                Layer(
                    name=layer.text("name"),
                    shape=layer.integers("shape"),
                    neuron=read_neuron(layer.child("neuron")),
                    links=tuple(_read_link(link) for link in layer.children("links")),
                    bias=layer.array("bias"),
                )
            )
    with naming(item.where()):
        return Network(tuple(inputs), tuple(layers), item.text("output"))


def _read_link(item: Item) -> Link:
    chain = tuple(_read_synapse(synapse) for synapse in item.children("chain"))
    return Link(item.text("source"), chain, _read_delay(item))


def _delay_record(delay: Any) -> Any:
    """A number, an array, or a sparse matrix as a group."""
    if sp.issparse(delay):
        return _matrix_record(delay)
    return delay if isinstance(delay, int) else delay.astype(np.float64)


def _read_delay(item: Item) -> Any:
    if item.has_group("delay"):
        return _read_matrix(item.child("delay"))
    return item.array("delay")


def _matrix_record(matrix: Any) -> Record:
    return {
        "shape": matrix.shape,
        "row_starts": matrix.indptr,
        "columns": matrix.indices,
        "values": matrix.data,
    }


def _read_matrix(item: Item) -> Any:
    rows = (item.array("values"), item.array("columns"), item.array("row_starts"))
    matrix = sp.csr_array(rows, shape=item.pair("shape"), dtype=np.float64)
    matrix.check_format()
    return matrix


def _synapse_record(synapse: Synapse) -> Record:
    match synapse:
        case Linear(weight=weight):
            return {"kind": "linear", "weight": weight}
        case Conv2d():
            return {
                "kind": "conv2d",
                "weight": synapse.weight,
                "stride": synapse.stride,
                "padding": synapse.padding,
                "dilation": synapse.dilation,
                "groups": synapse.groups,
            }
        case AvgPool2d() | SumPool2d():
            return {
                "kind": "avg_pool2d" if isinstance(synapse, AvgPool2d) else "sum_pool2d",
                "kernel_size": synapse.kernel_size,
                "stride": synapse.stride,
                "padding": synapse.padding,
            }
        case Sparse(weight=weight):
            return {"kind": "sparse", **_matrix_record(weight)}
        case Subsample():
            return {
                "kind": "subsample",
                "stride": synapse.stride,
                "pad_channels": synapse.pad_channels,
            }
        case Flatten():
            return {"kind": "flatten"}
        case Unflatten(shape=shape):
            return {"kind": "unflatten", "shape": shape}
        case Scale(factor=factor):
            return {"kind": "scale", "factor": factor}
        case _:
            assert_never(synapse)


def _read_synapse(item: Item) -> Synapse:
    with naming(item.where()):
        match kind := item.text("kind"):
            case "linear":
                return Linear(item.array("weight"))
            case "conv2d":
                return Conv2d(
                    item.array("weight"),
                    item.pair("stride"),
                    item.pair("padding"),
                    item.pair("dilation"),
                    item.integer("groups"),
                )
            case "avg_pool2d":
                return AvgPool2d(
                    item.pair("kernel_size"), item.pair("stride"), item.pair("padding")
                )
            case "sum_pool2d":
                return SumPool2d(
                    item.pair("kernel_size"), item.pair("stride"), item.pair("padding")
                )
            case "sparse":
                return Sparse(_read_matrix(item))
            case "subsample":
                return Subsample(item.pair("stride"), item.pair("pad_channels"))
            case "flatten":
                return Flatten()
            case "unflatten":
                return Unflatten(item.integers("shape"))
            case "scale":
                return Scale(item.array("factor"))
            case _:
                raise unknown_kind(
                    item,
                    kind,
                    "linear, conv2d, avg_pool2d, sum_pool2d, sparse, subsample, flatten, "
                    "unflatten, scale",
                )
