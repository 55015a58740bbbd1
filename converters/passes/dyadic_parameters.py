"""Weights and biases on a binary grid, so that sums of them are exact in floating point."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import Ann, Node

__all__ = ["dyadic_parameters"]


def dyadic_parameters(ann: Ann, places: int = 16) -> Ann:
    """Round weights and biases of convolutions and linear nodes to multiples of 2^-places.

    In float64 a sum below 2^p of products of two such numbers needs ``p + 2 places`` bits of 53.
    Fold batch norm first; one that is left stays as it is.
    """
    return Ann(ann.input_shape, tuple(_rounded(node, places) for node in ann.nodes), ann.output)


def _rounded(node: Node, places: int) -> Node:
    if not isinstance(node.op, ops.Conv2d | ops.Linear):
        return node
    bias = None if node.op.bias is None else _grid(node.op.bias, places)
    op = dataclasses.replace(node.op, weight=_grid(node.op.weight, places), bias=bias)
    return dataclasses.replace(node, op=op)


def _grid(values: NDArray[np.floating[Any]], places: int) -> NDArray[np.float64]:
    return np.ldexp(np.round(np.ldexp(values.astype(np.float64), places)), -places)
