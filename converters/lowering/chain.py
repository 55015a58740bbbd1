"""The synapses of one link: the linear operations between a source and a spiking layer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.shapes import Shape, output_shape
from eventsnn import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    Synapse,
    Unflatten,
)

__all__ = ["Place", "linear_chain"]

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Place:
    """Where one input of a concatenation lies: channels before it, and behind it."""

    before: int
    after: int

    def within(self, outer: Place) -> Place:
        """The place of a place: one concatenation is an input of another."""
        return Place(outer.before + self.before, outer.after + self.after)


def linear_chain(
    steps: tuple[ops.Op | Place, ...], shape: Shape, factor: NDArray[np.float64]
) -> tuple[Synapse, ...]:
    """The synapses that compute ``steps`` of ``factor * x``, without constant parts.

    The factor moves through pools, subsampling and flattening into the first weights, so
    that a unit spike is worth ``factor`` at no cost; without any weights it becomes a
    `Scale` at the head. A convolution right behind a concatenation takes the weights of the
    channels that it really reads; elsewhere the place among the other inputs is silent
    channels before and behind.

    Args:
        steps: linear operations in order; an `Add` is the identity for each of its inputs.
        shape: of x.
        factor: a number as a 0-d array, or one per channel: (C, 1, 1), or (N,).
    """
    chain: list[Synapse] = []
    pending: Array | None = None if np.all(factor == 1) else np.asarray(factor)
    place: Place | None = None  # of the value, while its synapse can still be avoided
    for step in steps:
        if isinstance(step, Place):
            place = step if place is None else place.within(step)
            continue
        op: ops.Op = step
        if place is not None:
            if isinstance(step, ops.Conv2d) and step.groups == 1:
                op = _reading(step, place, shape[0])
            else:
                chain.append(_embedding(place, shape))
                shape, pending = _embedded(place, shape, pending)
            place = None
        match op:
            case ops.Conv2d():
                weight = op.weight if pending is None else _scaled(op, pending)
                chain.append(Conv2d(weight, op.stride, op.padding, op.dilation, op.groups))
                pending = None
            case ops.Linear():
                weight = op.weight if pending is None else op.weight * pending
                chain.append(Linear(weight))
                pending = None
            case ops.BatchNorm():
                scale = op.affine()[0].reshape(-1, *(1,) * (len(shape) - 1))
                pending = scale if pending is None else scale * pending
            case ops.Scale():
                pending = np.asarray(op.factor if pending is None else pending * op.factor)
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
            case ops.Sparse():
                matrix = op.matrix
                if pending is not None:
                    matrix.data = matrix.data * np.broadcast_to(pending, shape).ravel()[op.indices]
                    pending = None
                if len(shape) == 3:
                    chain.append(Flatten())
                chain.append(Sparse(matrix))
                if len(op.shape) == 3:
                    chain.append(Unflatten(op.shape))
            case ops.Add():
                continue
            case ops.ReLU() | ops.Spike() | ops.MaxPool2d() | ops.Concat():
                raise AssertionError(f"{op} is not linear or has a place, so no link runs through")
            case _:
                assert_never(op)
        shape = output_shape(op, (shape,))
    if place is not None:
        chain.append(_embedding(place, shape))
        shape, pending = _embedded(place, shape, pending)
    if pending is not None:
        chain.append(Scale(pending))
    return tuple(chain)


def _embedding(place: Place, shape: Shape) -> Synapse:
    """The identity into the channels of a concatenation."""
    if len(shape) == 3:
        return Subsample(1, (place.before, place.after))
    total = place.before + shape[0] + place.after
    return Sparse(sp.eye_array(total, shape[0], k=-place.before))


def _embedded(place: Place, shape: Shape, factor: Array | None) -> tuple[Shape, Array | None]:
    """Shape and factor after `_embedding`."""
    around = ((place.before, place.after), *((0, 0),) * (len(shape) - 1))
    if factor is not None and factor.ndim > 0:
        factor = np.pad(factor, around[: factor.ndim])
    return (place.before + shape[0] + place.after, *shape[1:]), factor


def _reading(conv: ops.Conv2d, place: Place, channels: int) -> ops.Conv2d:
    """The part of ``conv`` that reads the channels at ``place``."""
    weight = conv.weight[:, place.before : place.before + channels]
    return dataclasses.replace(conv, weight=weight)


def _scaled(conv: ops.Conv2d, factor: Array) -> Array:
    """The weights, times the factor of the input channel that each of them reads."""
    if factor.ndim == 0:
        return np.asarray(conv.weight * factor)
    outputs, per_group = conv.weight.shape[:2]
    by_group = factor.reshape(conv.groups, per_group)
    by_output = np.repeat(by_group, outputs // conv.groups, axis=0)
    return np.asarray(conv.weight * by_output[:, :, None, None])
