"""Max pooling moves behind the rectifier, where it becomes a running maximum of spikes."""

from __future__ import annotations

import dataclasses

from converters.ann import ops
from converters.ann.graph import Ann, Node

__all__ = ["relu_before_max_pool"]


def relu_before_max_pool(ann: Ann) -> Ann:
    """Swap every ReLU that directly follows a max pooling with it: the two commute.

    ``relu(max(x)) = max(relu(x))``. Both nodes keep their names, so the ReLU then has the
    shape from before the pooling. A max pooling that other nodes read too stays where it is.
    """
    while True:
        swap = next((pool for pool in ann.nodes if _is_followed_by_relu(ann, pool)), None)
        if swap is None:
            return ann
        ann = _swapped(ann, swap, ann.consumers[swap.name][0])


def _is_followed_by_relu(ann: Ann, node: Node) -> bool:
    readers = ann.consumers[node.name]
    return (
        isinstance(node.op, ops.MaxPool2d)
        and len(readers) == 1
        and isinstance(readers[0].op, ops.ReLU)
    )


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
