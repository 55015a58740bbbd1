"""A chain of synapses as one product: a window of weights that slides over the source.

Every chain that fused layers carry is one of two forms. A `Window` is a convolution, in which
each spike reaches all channels of its group; a dense matrix is one as large as the image. With
`Taps` each channel reaches its own only: identities, shortcuts, scales, pools and depthwise
convolutions. A chain is their product, computed in float64 and rounded once, in the plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape, pair
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
    pool_window,
)

__all__ = ["Composed", "Taps", "Window", "as_image", "compose"]

Pair = tuple[int, int]
Image = tuple[int, int, int]


@dataclass(frozen=True)
class Window:
    """A convolution.

    Attributes:
        weight: (C_out, C_in / groups, k_y, k_x).
        stride, padding, dilation, groups: as in `eventsnn.description.synapses.Conv2d`.
    """

    weight: NDArray[np.floating[Any]]
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int = 1


@dataclass(frozen=True)
class Taps:
    """A window for each channel by itself.

    Attributes:
        weight: (C_out, k_y, k_x).
        stride, padding, dilation: as in `eventsnn.description.synapses.Conv2d`.
        before: the output channel that channel 0 of the source reaches.
        channels: of the source.
    """

    weight: NDArray[np.floating[Any]]
    stride: Pair
    padding: Pair
    dilation: Pair
    before: int
    channels: int


Composed = Window | Taps


def as_image(shape: Shape) -> Image:
    """A layer that is no image is one pixel with a channel for each neuron."""
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (math.prod(shape), 1, 1)


def compose(chain: tuple[Synapse, ...], shape: Shape) -> Composed | None:
    """The product of a chain on a source of ``shape``; None where it is neither form."""
    source = image = as_image(shape)
    found: Composed | None = _identity(source)
    for synapse in chain:
        following = None if isinstance(synapse, Flatten) else _single(synapse, image)
        shape = output_shape(synapse, shape)
        if isinstance(synapse, Flatten):
            continue  # a dense matrix may follow; it sees the image
        if following is None or found is None:
            return None
        found = _product(found, following, source, image)
        if not isinstance(synapse, Scale):
            image = as_image(shape)
    # an image whose neurons are a vector in the end has them in another order
    return found if image == as_image(shape) else None


def _identity(image: Image) -> Taps:
    return Taps(np.ones((image[0], 1, 1)), (1, 1), (0, 0), (1, 1), 0, image[0])


def _single(synapse: Synapse, image: Image) -> Composed | None:
    """One synapse on a source of ``image``."""
    channels = image[0]
    match synapse:
        case Linear(weight=weight):
            return Window(np.asarray(weight).reshape(-1, *image), (1, 1), (0, 0), (1, 1))
        case Conv2d():
            weight = np.asarray(synapse.weight)
            axes = pair(synapse.stride), pair(synapse.padding), pair(synapse.dilation)
            if 1 < synapse.groups == channels == len(weight):
                return Taps(weight[:, 0], *axes, 0, channels)
            return Window(weight, *axes, synapse.groups)
        case AvgPool2d() | SumPool2d():
            kernel, stride, padding = pool_window(synapse)
            each = 1 / math.prod(kernel) if isinstance(synapse, AvgPool2d) else 1.0
            return Taps(np.full((channels, *kernel), each), stride, padding, (1, 1), 0, channels)
        case Subsample(pad_channels=(before, after)):
            weight = np.zeros((channels + before + after, 1, 1))
            weight[before : before + channels] = 1
            return Taps(weight, pair(synapse.stride), (0, 0), (1, 1), before, channels)
        case Scale():
            factor = np.asarray(synapse.factor)
            if factor.ndim == 3 and factor.shape[1:] == (1, 1):
                factor = factor[:, 0, 0]
            elif factor.size == 1:
                factor = factor.ravel()
            elif factor.ndim > 1 or image[1:] != (1, 1):
                return None  # a factor for each pixel is no sliding window
            weight = np.broadcast_to(factor, (channels,))[:, None, None]
            return Taps(weight, (1, 1), (0, 0), (1, 1), 0, channels)
        case Sparse() | Flatten() | Unflatten():
            return None
        case _:
            assert_never(synapse)


def _product(first: Composed, second: Composed, source: Image, between: Image) -> Composed | None:
    """``second`` after ``first``, which makes ``between`` of ``source``; None if no window."""
    if isinstance(first, Taps) and _is_identity(first):
        return second
    if isinstance(second, Taps) and _is_identity(second):
        return first
    if isinstance(first, Window) and isinstance(second, Window):
        return None
    if not all(_border_is_silent(first, second, source, between, axis) for axis in (0, 1)):
        return None
    stride = _axes(first.stride, second.stride, lambda a, b: a * b)
    padding = tuple(second.padding[a] * first.stride[a] + first.padding[a] for a in (0, 1))
    axes: Any = {"stride": stride, "padding": padding, "dilation": (1, 1)}
    if isinstance(first, Taps) and isinstance(second, Taps):
        aligned = np.zeros((len(second.weight), *first.weight.shape[1:]))
        aligned[second.before : second.before + len(first.weight)] = first.weight
        return Taps(
            _merged(aligned, second.weight, first, second),
            before=first.before + second.before,
            channels=first.channels,
            **axes,
        )
    if isinstance(first, Taps):
        assert isinstance(second, Window)
        if second.groups > 1 and (first.before or first.channels != len(first.weight)):
            return None
        kept = slice(first.before, first.before + first.channels)
        if second.groups > 1:
            each = len(first.weight) // second.groups
            group = np.arange(len(second.weight)) // (len(second.weight) // second.groups)
            inner = first.weight.reshape(second.groups, each, *first.weight.shape[1:])[group]
            outer = second.weight
        else:
            inner, outer = first.weight[kept][None], second.weight[:, kept]
        if outer.shape[2:] == (1, 1) and _is_uniform(first.weight):
            # the same weights for every pixel of the window: said without a copy of them
            one = outer * inner[..., :1, :1]
            weight = np.broadcast_to(one, (*one.shape[:2], *_reach_of(first)))
            if first.dilation == (1, 1):
                return Window(weight, groups=second.groups, **axes)
        return Window(_merged(inner, outer, first, second), groups=second.groups, **axes)
    assert isinstance(second, Taps)
    if len(second.weight) != len(first.weight):
        if first.groups > 1:
            return None
        padded = np.zeros((len(second.weight), *first.weight.shape[1:]))
        padded[second.before : second.before + len(first.weight)] = first.weight
        first = replace(first, weight=padded)
    outer = second.weight[:, None]
    return Window(_merged(first.weight, outer, first, second), groups=first.groups, **axes)


def _is_identity(taps: Taps) -> bool:
    plain = taps.stride == (1, 1) and taps.padding == (0, 0) and taps.before == 0
    one = taps.weight.shape == (taps.channels, 1, 1)
    return plain and one and bool(np.all(taps.weight == 1))


def _is_uniform(weight: NDArray[np.floating[Any]]) -> bool:
    return bool(np.all(weight == weight[..., :1, :1]))


def _reach_of(op: Composed) -> Pair:
    """Rows and columns that a window spans, gaps included."""
    k_y, k_x = op.weight.shape[-2:]
    return (k_y - 1) * op.dilation[0] + 1, (k_x - 1) * op.dilation[1] + 1


def _axes(a: Pair, b: Pair, combine: Any) -> Pair:
    return combine(a[0], b[0]), combine(a[1], b[1])


def _border_is_silent(
    first: Composed, second: Composed, source: Image, between: Image, axis: int
) -> bool:
    """Whether ``first`` would see no pixel where ``second`` sees its padding.

    The product slides over the source as if the image between went on beyond its border; so
    what would be computed there must be 0.
    """
    size, step, before = between[1 + axis], first.stride[axis], first.padding[axis]
    pad, stride = second.padding[axis], second.stride[axis]
    reach = _reach_of(second)[axis]
    last = (size + 2 * pad - reach) // stride * stride - pad + reach - 1  # that is looked at
    if pad > 0 and _reach_of(first)[axis] > step + before:
        return False
    return last < size or size * step - before >= source[1 + axis]


def _merged(
    inner: NDArray[np.floating[Any]],
    outer: NDArray[np.floating[Any]],
    first: Composed,
    second: Composed,
) -> NDArray[np.floating[Any]]:
    """Kernels one after the other: (..., k_y, k_x) each, the other axes broadcast."""
    (i_y, i_x), (o_y, o_x) = inner.shape[-2:], outer.shape[-2:]
    steps = [second.dilation[a] * first.stride[a] for a in (0, 1)]
    size = [
        (o - 1) * steps[a] + (i - 1) * first.dilation[a] + 1
        for a, (i, o) in enumerate(((i_y, o_y), (i_x, o_x)))
    ]
    leading = np.broadcast_shapes(inner.shape[:-2], outer.shape[:-2])
    merged = np.zeros((*leading, *size))
    for a in range(o_y):
        for b in range(o_x):
            rows = slice(a * steps[0], a * steps[0] + (i_y - 1) * first.dilation[0] + 1)
            columns = slice(b * steps[1], b * steps[1] + (i_x - 1) * first.dilation[1] + 1)
            part = merged[..., rows, columns]
            part[..., :: first.dilation[0], :: first.dilation[1]] += (
                inner * outer[..., a : a + 1, b : b + 1]
            )
    return merged
