"""Multiply-accumulates of the ANN, to compare synaptic operations with."""

from __future__ import annotations

import numpy as np

from converters.ann import ops
from converters.ann.graph import Ann
from eventsnn.windows import taps, window_count

__all__ = ["macs"]


def macs(ann: Ann) -> dict[str, int]:
    """Multiply-accumulates per image of each convolution and linear node, by name.

    Border-exact: only pixels that exist are multiplied, so a padded convolution counts
    ``C_out C_in / groups sum_y(rows) sum_x(columns)``, where the sums run over the output
    and ``rows``, ``columns`` are the kernel's positions inside the image. Bias, batch
    norm, pooling and sums are not counted; zero weights are.
    """
    counts: dict[str, int] = {}
    for node in ann.nodes:
        if isinstance(node.op, ops.Linear):
            counts[node.name] = node.op.weight.size
        elif isinstance(node.op, ops.Conv2d):
            _, height, width = ann.shapes[node.inputs[0]]
            outputs, per_group = node.op.weight.shape[:2]
            pixels = _inside(node.op, 0, height) * _inside(node.op, 1, width)
            counts[node.name] = outputs * per_group * pixels
    return counts


def _inside(op: ops.Conv2d, axis: int, size: int) -> int:
    """Pairs (output, kernel position) along one axis that meet an existing pixel."""
    kernel = op.weight.shape[2 + axis]
    stride, padding = ops.pair(op.stride)[axis], ops.pair(op.padding)[axis]
    dilation = ops.pair(op.dilation)[axis]
    targets = window_count(size, kernel, stride, padding, dilation)
    return int(np.count_nonzero(taps(size, targets, kernel, stride, padding, dilation)))
