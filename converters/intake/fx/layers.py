"""Layers with weights: convolutions, linear layers, batch norm."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.intake.fx.call import Builder, Refusal, Sides, Tensor

__all__ = ["batch_norm", "conv1d", "conv2d", "linear"]

Array = NDArray[Any]
Padding = str | int | tuple[int, ...]


def conv2d(
    build: Builder,
    x: Tensor,
    weight: Array,
    bias: Array | None = None,
    stride: int | tuple[int, ...] = 1,
    padding: Padding = 0,
    dilation: int | tuple[int, ...] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """Any padding, also "same" and unequal on the two sides."""
    _check_weights(weight, bias)
    if padding_mode != "zeros":
        raise Refusal(
            f"pads with {padding_mode!r} pixels, not with zeros", "train with zero padding"
        )
    if len(x.shape) != 3:
        raise Refusal(f"expects a batch of images, found {x.shape}", "add the batch axis")
    steps, spread = _both(stride), _both(dilation)
    sides = _sides(padding, weight.shape[2:], spread, x)
    for axis, (before, after) in enumerate(sides):
        if before != after:
            weight, spread = _enlarged(weight, spread, axis, after - before)
    widest = (max(sides[0]), max(sides[1]))
    op = ops.Conv2d(weight, bias, steps, widest, spread, groups)
    return build.add(op, Tensor(x.node, x.shape))


def conv1d(
    build: Builder,
    x: Tensor,
    weight: Array,
    bias: Array | None = None,
    stride: int | tuple[int, ...] = 1,
    padding: Padding = 0,
    dilation: int | tuple[int, ...] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """A convolution on an image of height 1."""
    _check_weights(weight, bias)
    if not isinstance(padding, str):
        padding = (0, _one(padding))
    return conv2d(
        build,
        Tensor(x.node, (x.shape[0], 1, x.shape[-1]), x.padding),
        weight[:, :, None],
        bias,
        (1, _one(stride)),
        padding,
        (1, _one(dilation)),
        groups,
        padding_mode,
    )


def linear(build: Builder, x: Tensor, weight: Array, bias: Array | None = None) -> Tensor:
    """On vectors."""
    _check_weights(weight, bias)
    if len(x.shape) != 1:
        raise Refusal(
            f"acts on the last axis of {x.shape}, position by position",
            "flatten first, or use a 1x1 convolution on (C, H, W)",
        )
    return build.add(ops.Linear(weight, bias), x)


def batch_norm(
    build: Builder,
    x: Tensor,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float | None = 0.1,  # noqa: ARG001 - of training, in PyTorch's signature
    eps: float = 1e-5,
) -> Tensor:
    """With the statistics of training."""
    if training or running_mean is None or running_var is None:
        raise Refusal(
            "normalizes by the statistics of the batch at hand, so an image's answer depends on "
            "the others",
            "train with track_running_stats=True and export in evaluation mode",
        )
    ones, zeros = np.ones_like(running_var), np.zeros_like(running_mean)
    return build.add(
        ops.BatchNorm(
            ones if weight is None else weight,
            zeros if bias is None else bias,
            running_mean,
            running_var,
            eps,
        ),
        x,
    )


def _check_weights(weight: Any, bias: Any) -> None:
    if isinstance(weight, Tensor) or isinstance(bias, Tensor):
        raise Refusal(
            "has weights that depend on the image; synapses are constant",
            "use a layer with trained weights",
        )


def _both(value: int | tuple[int, ...]) -> ops.Pair:
    if isinstance(value, int):
        return value, value
    return value[0], value[-1]


def _one(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]


def _sides(padding: Padding, kernel: tuple[int, ...], dilation: ops.Pair, x: Tensor) -> Sides:
    """Zeros before and after, per axis, those of an explicit pad included."""
    sides: Sides
    match padding:
        case "valid":
            sides = (0, 0), (0, 0)
        case "same":
            totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
            rows, columns = ((t // 2, t - t // 2) for t in totals)
            sides = rows, columns
        case str():
            raise Refusal(f"has padding {padding!r}", 'use "same", "valid" or numbers')
        case _:
            rows_padding, columns_padding = _both(padding)
            sides = (rows_padding, rows_padding), (columns_padding, columns_padding)
    first, second = (
        (own[0] + more[0], own[1] + more[1]) for own, more in zip(sides, x.padding, strict=True)
    )
    return first, second


def _enlarged(weight: Array, dilation: ops.Pair, axis: int, excess: int) -> tuple[Array, ops.Pair]:
    """A kernel that sees as many more zeros before (excess > 0) or after as it pads too many.

    Padding is equal on both sides here, so the smaller side is padded as the larger and the
    kernel grows by zero weights there. These are synapses and are counted as such.
    """
    place = 2 + axis
    spread = dilation[axis]
    size = spread * (weight.shape[place] - 1) + 1 + abs(excess)
    shape = [*weight.shape]
    shape[place] = size
    larger = np.zeros(shape, dtype=weight.dtype)
    at: list[slice] = [slice(None)] * 4
    first = max(excess, 0)
    at[place] = slice(first, size - max(-excess, 0), spread)
    larger[tuple(at)] = weight
    return larger, (1, dilation[1]) if axis == 0 else (dilation[0], 1)
