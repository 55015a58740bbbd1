"""Batch norm disappears into the weights before it."""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.ann import ops
from converters.ann.graph import Ann, Node, refuse_what_is_no_ann

__all__ = ["fold_batch_norm"]


def fold_batch_norm(ann: Ann) -> Ann:
    """Fold each batch norm into the convolution or linear node before it, in float64.

    With ``k = g / sqrt(var + eps)``: ``W' = k W`` per output channel and
    ``b' = k (b - mean) + beta``. The folded node keeps the name of the convolution.

    A batch norm is left as it is where no fold is exact: after anything else, or where its
    input is used elsewhere too (a pre-activation block's trunk). `converters.lower` makes
    it a scale per channel and a bias, which adds no synapse.

    Raises:
        ConversionError: ``ann`` is something else.
    """
    refuse_what_is_no_ann(ann)
    folded: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    for node in ann.nodes:
        inputs = tuple(folded.get(name, name) for name in node.inputs)
        source = nodes.get(inputs[0])
        if (
            isinstance(node.op, ops.BatchNorm)
            and source is not None
            and isinstance(source.op, ops.Conv2d | ops.Linear)
            and len(ann.consumers[node.inputs[0]]) == 1
        ):
            nodes[source.name] = dataclasses.replace(source, op=_merged(source.op, node.op))
            folded[node.name] = source.name
        else:
            nodes[node.name] = dataclasses.replace(node, inputs=inputs)
    output = folded.get(ann.output, ann.output)
    return Ann(ann.input_shape, tuple(nodes.values()), output)


def _merged(op: ops.Conv2d | ops.Linear, norm: ops.BatchNorm) -> ops.Conv2d | ops.Linear:
    scale, shift = norm.affine()
    weight = op.weight * scale.reshape(-1, *(1,) * (op.weight.ndim - 1))
    bias = shift if op.bias is None else np.asarray(op.bias * scale + shift)
    return dataclasses.replace(op, weight=weight, bias=bias)
