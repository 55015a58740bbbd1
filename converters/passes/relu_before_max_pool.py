"""Max pooling moves behind what rises, where it becomes a running maximum of spikes."""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.ann import ops
from converters.ann.graph import Ann, Node

__all__ = ["relu_before_max_pool"]


def relu_before_max_pool(ann: Ann) -> Ann:
    """Swap every ReLU that directly follows a max pooling with it: the two commute.

    ``f(max(x)) = max(f(x))`` for whatever never falls: ReLU, and in front of one a positive
    scale, or batch norm whose scales are all positive. Both nodes keep their names, so the ReLU
    then has the shape from before the pooling. A max pooling that other nodes read too stays
    where it is.
    """
    while True:
        swap = next((pool for pool in ann.nodes if _is_followed_by_what_rises(ann, pool)), None)
        if swap is None:
            return ann
        ann = _swapped(ann, swap, ann.consumers[swap.name][0])


def _is_followed_by_what_rises(ann: Ann, node: Node) -> bool:
    readers = ann.consumers[node.name]
    if not isinstance(node.op, ops.MaxPool2d) or len(readers) != 1:
        return False
    if isinstance(readers[0].op, ops.ReLU):
        return True
    source = ann.by_name.get(node.inputs[0])
    if source is not None and isinstance(source.op, ops.ReLU | ops.Spike | ops.MaxPool2d):
        return False  # it pools spikes already
    behind = ann.consumers[readers[0].name]  # a norm moves only together with its ReLU
    return _rises(readers[0].op) and len(behind) == 1 and isinstance(behind[0].op, ops.ReLU)


def _rises(op: ops.Op) -> bool:
    match op:
        case ops.Scale(factor=factor):
            return factor > 0
        case ops.BatchNorm():
            return bool(np.all(op.affine()[0] > 0))
        case _:
            return False


def _swapped(ann: Ann, pool: Node, relu: Node) -> Ann:
    nodes: list[Node] = []
    for node in ann.nodes:
        if node is pool:
            nodes.append(dataclasses.replace(relu, inputs=pool.inputs))
            nodes.append(dataclasses.replace(pool, inputs=(relu.name,)))
        elif node is not relu:
            inputs = tuple(pool.name if name == relu.name else name for name in node.inputs)
            nodes.append(dataclasses.replace(node, inputs=inputs))
    output = pool.name if ann.output == relu.name else ann.output
    return Ann(ann.input_shape, tuple(nodes), output)
