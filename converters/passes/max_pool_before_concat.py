"""Max pooling of a concatenation becomes a concatenation of max poolings."""

from __future__ import annotations

from converters.ann import ops
from converters.ann.graph import Ann, Node

__all__ = ["max_pool_before_concat"]


def max_pool_before_concat(ann: Ann) -> Ann:
    """Pool the inputs of a concatenation one by one: the two commute, channel by channel.

    So a running maximum reads one layer, whose spikes are all worth the same. The pooling of
    input ``i`` is called ``pool.i`` after the pooling, whose own name the new concatenation
    has. A concatenation that other nodes read too stays for them.
    """
    while True:
        pool = next((node for node in ann.nodes if _pools_a_concat(ann, node)), None)
        if pool is None:
            return ann
        ann = _exchanged(ann, pool, ann.by_name[pool.inputs[0]])


def _pools_a_concat(ann: Ann, node: Node) -> bool:
    source = ann.by_name.get(node.inputs[0])
    return (
        isinstance(node.op, ops.MaxPool2d)
        and source is not None
        and isinstance(source.op, ops.Concat)
    )


def _exchanged(ann: Ann, pool: Node, concat: Node) -> Ann:
    pools = [
        Node(_unused(ann, f"{pool.name}.{index}"), pool.op, (source,))
        for index, source in enumerate(concat.inputs)
    ]
    nodes: list[Node] = []
    for node in ann.nodes:
        if node is pool:
            nodes += [*pools, Node(pool.name, concat.op, tuple(p.name for p in pools))]
        elif node is not concat or len(ann.consumers[concat.name]) > 1:
            nodes.append(node)
    return Ann(ann.input_shape, tuple(nodes), ann.output)


def _unused(ann: Ann, name: str) -> str:
    while name in ann.by_name:
        name += "_"
    return name
