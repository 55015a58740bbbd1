"""Linear synapses: what a link does to a spike on its way, and the shapes involved.

A link's *chain* is a tuple of these; it has no state, so its meaning is the product of
the matrices. Public shapes are ``(C, H, W)`` or ``(N,)``, weights are PyTorch's
(``OIHW`` and ``(out, in)``), flattening is C order.

`Synapse` is a closed union, see `eventsnn.description.neurons`.
"""

from __future__ import annotations

import math
from typing import Any, assert_never

import numpy as np
import scipy.sparse as sp

from eventsnn.description.base import Description, Pair, Shape, Values, described, pair
from eventsnn.description.fields import count, matrix, pixels, sizes, weight
from eventsnn.errors import NetworkError, ShapeError
from eventsnn.windows import window_count

__all__ = [
    "AvgPool2d",
    "Conv2d",
    "Flatten",
    "Linear",
    "Scale",
    "Sparse",
    "Subsample",
    "SumPool2d",
    "Synapse",
    "Unflatten",
    "chain_shape",
    "output_shape",
]


@described
class Linear(Description):
    """``y = W x`` with ``weight`` of shape (out, in), on a 1-d source."""

    weight: Values = weight()

    def _check(self) -> None:
        shape = np.shape(self.weight)
        if len(shape) != 2:
            raise ShapeError(f"Linear.weight: expected (out, in), found shape {shape}")


@described
class Conv2d(Description):
    """Cross-correlation as ``torch.nn.Conv2d``, without bias.

    Args:
        weight: (C_out, C_in / groups, k_y, k_x).
        stride, padding, dilation: an int or (rows, columns).
        groups: channels are split into this many independent groups.
    """

    weight: Values = weight()
    stride: int | Pair = pixels(default=1, least=1)
    padding: int | Pair = pixels(default=0)
    dilation: int | Pair = pixels(default=1, least=1)
    groups: int = count(default=1)

    def _check(self) -> None:
        shape = np.shape(self.weight)
        if len(shape) != 4 or 0 in shape:
            raise ShapeError(
                f"Conv2d.weight: expected (C_out, C_in/groups, k_y, k_x), found {shape}"
            )
        if shape[0] % self.groups:
            raise ShapeError(
                f"Conv2d.groups: {self.groups} does not divide {shape[0]} output channels"
            )


@described
class _Pool2d(Description):
    kernel_size: int | Pair = pixels(least=1)
    stride: int | Pair | None = pixels(default=None, least=1)
    padding: int | Pair = pixels(default=0)

    def _check(self) -> None:
        if self.stride is None:
            object.__setattr__(self, "stride", self.kernel_size)
        kernel, padding = pair(self.kernel_size), pair(self.padding)
        if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
            raise ShapeError(
                f"{type(self).__name__}.padding: {padding} is more than half the kernel {kernel}; "
                f"some windows would lie outside the image"
            )


@described
class AvgPool2d(_Pool2d):
    """Mean over windows; padding counts as zeros, as ``torch.nn.AvgPool2d`` by default.

    Global average pooling is a window of the size of the image.
    """


@described
class SumPool2d(_Pool2d):
    """Sum over windows."""


@described
class Sparse(Description):
    """``y = W x`` with a SciPy sparse ``weight`` of shape (out, in), on a 1-d source.

    Every stored entry is a synapse, stored zeros too; duplicates are summed.
    """

    weight: Any = matrix()

    def __post_init__(self) -> None:
        if not sp.issparse(self.weight):
            raise ShapeError(
                f"Sparse.weight: expected a SciPy sparse matrix (out, in), found "
                f"{type(self.weight).__name__}; use Linear for arrays"
            )
        super().__post_init__()


@described
class Subsample(Description):
    """Identity that keeps every ``stride``-th pixel and adds silent channels.

    ``pad_channels`` are (before, after). The shortcut "option A" of CIFAR ResNets is
    ``Subsample(2, (planes // 4, planes // 4))``. Dropped pixels have fan-out 0.
    """

    stride: int | Pair = pixels(default=1, least=1)
    pad_channels: Pair = pixels(default=(0, 0))


@described
class Flatten(Description):
    """``(C, H, W) -> (C H W,)`` in C order, as ``torch.flatten``."""


@described
class Unflatten(Description):
    """``(C H W,) -> (C, H, W)`` in C order, as ``torch.nn.Unflatten``: an image behind a matrix."""

    shape: Shape = sizes(number=3)


@described
class Scale(Description):
    """``y = factor * x``; ``factor`` broadcasts to the shape, ``(C, 1, 1)`` per channel."""

    factor: Values = weight()


Synapse = Linear | Conv2d | AvgPool2d | SumPool2d | Sparse | Subsample | Flatten | Unflatten | Scale


def _image(shape: Shape, what: str) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ShapeError(f"{what} expects an image (C, H, W), the source has shape {shape}")
    return shape[0], shape[1], shape[2]


def _windows(shape: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    rows, columns = (
        window_count(shape[axis + 1], kernel[axis], stride[axis], padding[axis], dilation[axis])
        for axis in (0, 1)
    )
    if rows < 1 or columns < 1:
        raise ShapeError(
            f"kernel {kernel} with padding {padding} and dilation {dilation} "
            f"is larger than the image {shape[1:]}"
        )
    return rows, columns


def output_shape(synapse: Synapse, shape: Shape) -> Shape:
    """The shape that ``synapse`` makes of a source of ``shape``.

    Raises:
        ShapeError: the synapse does not fit the source.
    """
    match synapse:
        case Linear(weight=weight) | Sparse(weight=weight):
            name = type(synapse).__name__
            assert not isinstance(weight, float)
            if len(shape) != 1:
                raise ShapeError(f"{name} expects a 1-d source, found {shape}; put Flatten() first")
            if weight.shape[1] != shape[0]:
                raise ShapeError(
                    f"{name} weight {weight.shape} expects {weight.shape[1]} inputs, "
                    f"the source has {shape[0]}"
                )
            return (int(weight.shape[0]),)
        case Conv2d():
            channels, _, _ = _image(shape, "Conv2d")
            weight = np.asarray(synapse.weight)
            expected = weight.shape[1] * synapse.groups
            if channels != expected:
                raise ShapeError(
                    f"Conv2d weight {weight.shape} with groups={synapse.groups} expects "
                    f"{expected} input channels, the source has shape {shape}"
                )
            kernel = (weight.shape[2], weight.shape[3])
            rows, columns = _windows(
                shape,
                kernel,
                pair(synapse.stride),
                pair(synapse.padding),
                pair(synapse.dilation),
            )
            return int(weight.shape[0]), rows, columns
        case AvgPool2d() | SumPool2d():
            channels, _, _ = _image(shape, type(synapse).__name__)
            kernel, stride, padding = pool_window(synapse)
            rows, columns = _windows(shape, kernel, stride, padding, (1, 1))
            return channels, rows, columns
        case Subsample():
            channels, height, width = _image(shape, "Subsample")
            step_y, step_x = pair(synapse.stride)
            before, after = synapse.pad_channels
            return channels + before + after, -(-height // step_y), -(-width // step_x)
        case Flatten():
            return (math.prod(shape),)
        case Unflatten(shape=image):
            if shape != (math.prod(image),):
                raise ShapeError(
                    f"Unflatten to {image} expects a vector of {math.prod(image)}, the source has "
                    f"shape {shape}"
                )
            return image
        case Scale():
            check_broadcast(np.asarray(synapse.factor), shape, "Scale.factor")
            return shape
        case _:
            assert_never(synapse)


def pool_window(pool: AvgPool2d | SumPool2d) -> tuple[Pair, Pair, Pair]:
    """(kernel_size, stride, padding) as pairs."""
    return pair(pool.kernel_size), pair(pool.stride), pair(pool.padding)


def check_broadcast(values: np.ndarray[Any, Any], shape: Shape, what: str) -> None:
    """Refuse values that do not broadcast to ``shape``, and ``(C,)`` on ``(C, H, W)``.

    NumPy would broadcast ``(C,)`` along the *columns* where C = W; nobody means that.

    Raises:
        ShapeError: with the hint ``(C, 1, 1)`` where it applies.
    """
    if len(shape) == 3 and values.ndim == 1 and values.size == shape[0] and values.size > 1:
        raise ShapeError(
            f"{what}: found shape {values.shape} on a layer of shape {shape}; for one value "
            f"per channel use ({shape[0]}, 1, 1)"
        )
    try:
        fits = np.broadcast_shapes(values.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"{what}: shape {values.shape} does not broadcast to {shape}")


def chain_shape(chain: tuple[Synapse, ...], shape: Shape) -> Shape:
    """The shape after every synapse of ``chain``, applied to a source of ``shape``.

    Raises:
        ShapeError: names the synapse of the chain that does not fit.
    """
    for step, synapse in enumerate(chain):
        if not isinstance(synapse, Synapse):
            raise NetworkError(f"synapse {step} of the chain: {synapse!r} is not a synapse")
        try:
            shape = output_shape(synapse, shape)
        except ShapeError as error:
            raise ShapeError(f"synapse {step} of the chain: {error}") from None
    return shape
