"""Synapses and chains of every kind that fit a source."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from eventsnn.description.base import Shape
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
    output_shape,
)
from eventsnn.testing.strategies.numbers import Draw, broadcast_shapes, dyadic, weights
from eventsnn.windows import window_count

__all__ = ["chains", "chains_between", "pool_windows", "synapses"]


@st.composite
def synapses(draw: Draw, shape: Shape, *, max_channels: int = 3) -> Synapse:
    """One synapse of any kind that fits a source of ``shape``."""
    if len(shape) == 1:
        kind = draw(st.sampled_from(["dense", "sparse", "scale", "flatten", "unflatten"]))
        if kind == "dense":
            return Linear(weights(draw, (draw(st.integers(1, 4)), shape[0])))
        if kind == "sparse":
            return _sparse(draw, shape[0], draw(st.integers(1, 4)))
        if kind == "flatten":
            return Flatten()
        if kind == "unflatten":
            return Unflatten(draw(st.sampled_from(_images(shape[0]))))
    else:
        kind = draw(
            st.sampled_from(["conv", "conv", "avgpool", "sumpool", "subsample", "flatten", "scale"])
        )
        if kind == "conv":
            return _conv(draw, shape, max_channels)
        if kind in ("avgpool", "sumpool"):
            return _pool(draw, shape, kind)
        if kind == "subsample":
            stride = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
            return Subsample(stride, (draw(st.integers(0, 1)), draw(st.integers(0, 1))))
        if kind == "flatten":
            return Flatten()
    return Scale(dyadic(draw, draw(broadcast_shapes(shape)), 1, 4, 1))


def _images(size: int) -> list[Shape]:
    """All shapes of an image of ``size`` values."""
    sides = [n for n in range(1, size + 1) if size % n == 0]
    return [(c, h, size // (c * h)) for c in sides for h in sides if size % (c * h) == 0]


def _sparse(draw: Draw, sources: int, targets: int) -> Sparse:
    weight = weights(draw, (targets, sources))
    present = dyadic(draw, (targets, sources), 0, 1, 0) > 0
    rows, columns = np.nonzero(present)
    return Sparse(sp.coo_array((weight[rows, columns], (rows, columns)), weight.shape))


def _conv(draw: Draw, shape: Shape, max_channels: int) -> Conv2d:
    channels = shape[0]
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
    c_out = groups * draw(st.integers(1, max(1, max_channels // groups)))
    axes = [_conv_axis(draw, size) for size in shape[1:]]
    kernel, stride, padding, dilation = zip(*axes, strict=True)
    weight = weights(draw, (c_out, channels // groups, *kernel))
    return Conv2d(weight, stride, padding, dilation, groups)


def _conv_axis(draw: Draw, size: int) -> tuple[int, int, int, int]:
    """(kernel, stride, padding, dilation) that leave at least one window."""
    kernel = draw(st.integers(1, 3))
    stride, padding, dilation = (
        draw(st.integers(1, 3)),
        draw(st.integers(0, 2)),
        draw(st.integers(1, 3)),
    )
    if window_count(size, kernel, stride, padding, dilation) < 1:
        return 1, stride, 0, 1
    return kernel, stride, padding, dilation


def _pool(draw: Draw, shape: Shape, kind: str) -> AvgPool2d | SumPool2d:
    kernel, stride, padding = pool_windows(draw, shape)
    if kind == "sumpool":
        return SumPool2d(kernel, stride, padding)
    return AvgPool2d(kernel, stride, padding)


def pool_windows(
    draw: Draw, shape: Shape
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Kernel sides 1, 2 or 4: their mean is dyadic."""
    kernel = tuple(draw(st.sampled_from([k for k in (1, 2, 4) if k <= n])) for n in shape[1:])
    stride = tuple(draw(st.integers(1, 3)) for _ in kernel)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    return (kernel[0], kernel[1]), (stride[0], stride[1]), (padding[0], padding[1])


@st.composite
def chains(draw: Draw, shape: Shape, *, max_synapses: int = 3) -> tuple[Synapse, ...]:
    """A chain of synapses for a source of ``shape``; may be empty."""
    chain: list[Synapse] = []
    for _ in range(draw(st.integers(0, max_synapses))):
        synapse = draw(synapses(shape))
        chain.append(synapse)
        shape = output_shape(synapse, shape)
    return tuple(chain)


@st.composite
def chains_between(draw: Draw, source: Shape, target: Shape) -> tuple[Synapse, ...] | None:
    """A chain from one shape to another; None for vector to image, which has none."""
    if source == target and draw(st.booleans()):
        return ()
    if len(target) == 1:
        flat = (Flatten(),) if len(source) > 1 else ()
        size = math.prod(source)
        if draw(st.booleans()):
            return (*flat, _sparse(draw, size, target[0]))
        return (*flat, Linear(weights(draw, (target[0], size))))
    if len(source) == 1:
        return None
    padding = [max(0, -(-(b - a) // 2)) for a, b in zip(source[1:], target[1:], strict=True)]
    kernel = [a + 2 * p - b + 1 for a, b, p in zip(source[1:], target[1:], padding, strict=True)]
    weight = weights(draw, (target[0], source[0], *kernel))
    return (Conv2d(weight, padding=(padding[0], padding[1])),)
