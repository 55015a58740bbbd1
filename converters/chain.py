"""The synapses of one link: the linear operations between a source and a spiking layer."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from converters import ops
from converters.ann import Node
from converters.shapes import Shape, output_shape
from eventsnn import AvgPool2d, Conv2d, Dense, Flatten, Scale, Subsample, Synapse

__all__ = ["linear_chain"]

Array = NDArray[np.floating[Any]]


def linear_chain(
    nodes: tuple[Node, ...], shape: Shape, factor: NDArray[np.float64]
) -> tuple[Synapse, ...]:
    """The synapses that compute ``nodes`` of ``factor * x``, without constant parts.

    The factor moves through pools, subsampling and flattening into the first weights, so
    that a unit spike is worth ``factor`` at no cost; without any weights it becomes a
    `Scale` at the head.

    Args:
        nodes: linear operations in order; an `Add` is the identity for each of its inputs.
        shape: of x.
        factor: a number as a 0-d array, or one per channel: (C, 1, 1), or (N,).
    """
    chain: list[Synapse] = []
    pending = None if np.all(factor == 1) else np.asarray(factor)
    for node in nodes:
        op = node.op
        match op:
            case ops.Conv2d():
                weight = op.weight if pending is None else _scaled(op, pending)
                chain.append(Conv2d(weight, op.stride, op.padding, op.dilation, op.groups))
                pending = None
            case ops.Linear():
                weight = op.weight if pending is None else op.weight * pending
                chain.append(Dense(weight))
                pending = None
            case ops.BatchNorm():
                scale = op.affine()[0].reshape(-1, *(1,) * (len(shape) - 1))
                chain.append(Scale(scale if pending is None else scale * pending))
                pending = None
            case ops.AvgPool2d():
                chain.append(AvgPool2d(op.kernel_size, op.stride, op.padding))
            case ops.GlobalAvgPool():
                chain.append(AvgPool2d((shape[1], shape[2])))
            case ops.Flatten():
                chain.append(Flatten())
                if pending is not None and pending.ndim == 3:
                    pending = np.broadcast_to(pending, shape).ravel()
            case ops.Subsample():
                chain.append(Subsample(op.stride, op.pad_channels))
                if pending is not None and pending.ndim == 3:
                    pending = np.pad(pending, (op.pad_channels, (0, 0), (0, 0)))
            case ops.Add():
                continue
            case ops.ReLU() | ops.MaxPool2d():
                raise AssertionError(f"node `{node.name}` is a layer, so no link runs through it")
            case _:
                assert_never(op)
        shape = output_shape(op, (shape,))
    if pending is not None:
        chain.insert(0, Scale(factor))
    return tuple(chain)


def _scaled(conv: ops.Conv2d, factor: Array) -> Array:
    """The weights, times the factor of the input channel that each of them reads."""
    if factor.ndim == 0:
        return np.asarray(conv.weight * factor)
    outputs, per_group = conv.weight.shape[:2]
    by_group = factor.reshape(conv.groups, per_group)
    by_output = np.repeat(by_group, outputs // conv.groups, axis=0)
    return np.asarray(conv.weight * by_output[:, :, None, None])
