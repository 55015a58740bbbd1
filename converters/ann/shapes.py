"""Shape inference: the shape an operation makes of its inputs, or why they do not fit."""

from __future__ import annotations

import math
from typing import assert_never

from converters.ann import ops
from eventsnn import ShapeError
from eventsnn.windows import window_count

__all__ = ["Shape", "output_shape"]

Shape = tuple[int, ...]

#: Padding is copied when a layer is evaluated, so a misread one must not fill the memory.
_WIDEST = 2**13


def output_shape(op: ops.Op, inputs: tuple[Shape, ...]) -> Shape:
    """The shape of ``op`` applied to ``inputs``, without the batch axis.

    Raises:
        ShapeError: a wrong number of inputs, or shapes that do not fit.
    """
    if isinstance(op, ops.Add):
        if len(inputs) < 2:
            raise ShapeError(f"Add expects two or more inputs, found {len(inputs)}")
        if len(set(inputs)) > 1:
            raise ShapeError(f"Add expects inputs of one shape, found {_listed(inputs)}")
        return inputs[0]
    if isinstance(op, ops.Concat):
        if len(inputs) < 2:
            raise ShapeError(f"Concat expects two or more inputs, found {len(inputs)}")
        if len({shape[1:] for shape in inputs}) > 1:
            raise ShapeError(
                f"Concat expects inputs that differ in their channels only, found {_listed(inputs)}"
            )
        return sum(shape[0] for shape in inputs), *inputs[0][1:]
    if len(inputs) != 1:
        raise ShapeError(f"{type(op).__name__} expects one input, found {len(inputs)}")
    (shape,) = inputs
    match op:
        case ops.Conv2d():
            channels, height, width = _image(shape, op)
            outputs, per_group, *kernel = op.weight.shape
            if channels != per_group * op.groups:
                raise ShapeError(
                    f"Conv2d weight {op.weight.shape} with groups={op.groups} expects "
                    f"{per_group * op.groups} input channels, found an input of shape {shape}"
                )
            windows = (op.stride, op.padding, op.dilation)
            return outputs, *_windows((height, width), (kernel[0], kernel[1]), *windows)
        case ops.Linear():
            if len(shape) != 1:
                raise ShapeError(f"Linear expects a vector, found shape {shape}; put Flatten first")
            if op.weight.shape[1] != shape[0]:
                raise ShapeError(
                    f"Linear weight {op.weight.shape} expects {op.weight.shape[1]} inputs, "
                    f"found {shape[0]}"
                )
            return (op.weight.shape[0],)
        case ops.BatchNorm():
            if op.weight.size != shape[0]:
                raise ShapeError(
                    f"BatchNorm of {op.weight.size} channels expects as many, found shape {shape}"
                )
            return shape
        case ops.ReLU() | ops.Spike() | ops.Scale():
            return shape
        case ops.AvgPool2d() | ops.MaxPool2d():
            channels, height, width = _image(shape, op)
            assert op.stride is not None
            windows = (op.stride, op.padding, 1)
            return channels, *_windows((height, width), ops.pair(op.kernel_size), *windows)
        case ops.GlobalAvgPool():
            return _image(shape, op)[0], 1, 1
        case ops.Flatten():
            return (math.prod(shape),)
        case ops.Subsample():
            channels, height, width = _image(shape, op)
            step_y, step_x = ops.pair(op.stride)
            return channels + sum(op.pad_channels), -(-height // step_y), -(-width // step_x)
        case ops.Sparse():
            if math.prod(shape) != op.in_features:
                raise ShapeError(f"Sparse expects {op.in_features} inputs, found shape {shape}")
            return op.shape
        case _:
            assert_never(op)


def _image(shape: Shape, op: ops.Op) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ShapeError(f"{type(op).__name__} expects an image (C, H, W), found shape {shape}")
    return shape[0], shape[1], shape[2]


def _windows(
    size: ops.Pair,
    kernel: ops.Pair,
    stride: int | ops.Pair,
    padding: int | ops.Pair,
    dilation: int | ops.Pair,
) -> ops.Pair:
    stride, padding = ops.pair(stride), ops.pair(padding)
    dilation = (1, 1) if isinstance(dilation, int) else dilation
    rows, columns = (
        window_count(size[a], kernel[a], stride[a], padding[a], dilation[a]) for a in (0, 1)
    )
    if max(padding) > _WIDEST:
        raise ShapeError(f"padding {padding} is wider than any image, at most {_WIDEST} is read")
    if rows < 1 or columns < 1:
        raise ShapeError(
            f"a kernel {kernel} with padding {padding} and dilation {dilation} is larger than "
            f"the image {size}"
        )
    return rows, columns


def _listed(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(str(shape) for shape in shapes)
