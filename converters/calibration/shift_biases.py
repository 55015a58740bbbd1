"""A constant added to what a ReLU receives, by the biases that the network already has."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import Ann, Node

__all__ = ["shift_biases"]

Array = NDArray[np.floating[Any]]


def shift_biases(ann: Ann, shifts: Mapping[str, Array]) -> Ann:
    """Add ``shifts[name]``, one number per channel, to the pre-activation of each ReLU.

    The convolution, linear node or batch norm that feeds the ReLU, alone or through a sum,
    takes it into its bias where nothing else reads it; so no operation is added. Where there
    is none, a batch norm that does nothing else is put before the ReLU.

    Args:
        ann: the network.
        shifts: by name of the ReLU, (C,).
    """
    nodes = dict(ann.by_name)
    before: dict[str, Node] = {}
    for name, shift in shifts.items():
        source = _with_bias(ann, ann.by_name[name].inputs[0])
        if source is None:
            node, relu = _added(ann, ann.by_name[name], shift)
            nodes[name], before[name] = relu, node
        else:
            op = nodes[source].op
            assert isinstance(op, ops.Conv2d | ops.Linear | ops.BatchNorm)
            bias = shift if op.bias is None else op.bias + shift
            nodes[source] = dataclasses.replace(nodes[source], op=_replaced(op, bias))
    ordered = [
        node
        for name in ann.by_name
        for node in ((before[name], nodes[name]) if name in before else (nodes[name],))
    ]
    return Ann(ann.input_shape, tuple(ordered), ann.output)


def _with_bias(ann: Ann, name: str) -> str | None:
    """The node with a bias that reaches the reader of ``name`` and nothing else."""
    node = ann.by_name.get(name)
    if node is None or len(ann.consumers[name]) != 1:
        return None
    match node.op:
        case ops.Conv2d() | ops.Linear() | ops.BatchNorm():
            return name
        case ops.Add():
            found = (_with_bias(ann, source) for source in node.inputs)
            return next((source for source in found if source is not None), None)
        case _:
            return None


def _replaced(
    op: ops.Conv2d | ops.Linear | ops.BatchNorm, bias: Array
) -> ops.Conv2d | ops.Linear | ops.BatchNorm:
    return dataclasses.replace(op, bias=np.asarray(bias, dtype=np.float64))


def _added(ann: Ann, relu: Node, shift: Array) -> tuple[Node, Node]:
    ones, zeros = np.ones(shift.size), np.zeros(shift.size)
    name = f"{relu.name}.shift"
    while name in ann.by_name:
        name += "_"
    node = Node(name, ops.BatchNorm(ones, shift, zeros, ones, eps=0.0), relu.inputs)
    return node, dataclasses.replace(relu, inputs=(name,))
