"""Pooling: windows, windows that divide the image, and means over all of it."""

from __future__ import annotations

from typing import Any

from converters.ann import ops
from converters.ann.shapes import Shape, output_shape
from converters.intake.fx.call import Builder, Refusal, Tensor, as_image

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
    "mean",
]

Sizes = int | tuple[int, ...] | list[int]


def max_pool2d(
    build: Builder,
    x: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """Windows without gaps."""
    if return_indices:
        raise Refusal("returns the places of the maxima, which no spikes tell", "return values")
    if set(_both(dilation)) != {1}:
        raise Refusal("has dilation", "use windows without gaps, or a stride")
    pool = ops.MaxPool2d(_both(kernel_size), _both(stride or kernel_size), _both(padding))
    return _windows(build, x, pool, ceil_mode=ceil_mode)


def max_pool1d(
    build: Builder,
    x: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """On images of height 1."""
    kernel, step, border = _row(kernel_size), _row(stride or kernel_size), (0, _row(padding)[1])
    return max_pool2d(build, x, kernel, step, border, _row(dilation), ceil_mode, return_indices)


def avg_pool2d(
    build: Builder,
    x: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Padding counts as zeros."""
    if not count_include_pad and any(_both(padding)):
        raise Refusal(
            "divides by fewer pixels at the border (count_include_pad=False)",
            "use count_include_pad=True, or no padding",
        )
    pool = ops.AvgPool2d(_both(kernel_size), _both(stride or kernel_size), _both(padding))
    pooled = _windows(build, x, pool, ceil_mode=ceil_mode)
    if divisor_override is None:
        return pooled
    rows, columns = _both(kernel_size)
    return build.add(ops.Scale(rows * columns / divisor_override), pooled)


def avg_pool1d(
    build: Builder,
    x: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """On images of height 1."""
    kernel, step, border = _row(kernel_size), _row(stride or kernel_size), (0, _row(padding)[1])
    return avg_pool2d(build, x, kernel, step, border, ceil_mode, count_include_pad)


def adaptive_avg_pool2d(build: Builder, x: Tensor, output_size: Any) -> Tensor:
    """Output sizes that divide the image's."""
    target = _target(output_size, build.shapes[x.node])
    if target == (1, 1):
        return build.add(ops.GlobalAvgPool(), x)
    return build.add(ops.AvgPool2d(_dividing(build, x, target)), x)


def adaptive_avg_pool1d(build: Builder, x: Tensor, output_size: Any) -> Tensor:
    """On images of height 1."""
    return adaptive_avg_pool2d(build, x, (1, _both(output_size)[1]))


def adaptive_max_pool2d(
    build: Builder, x: Tensor, output_size: Any, return_indices: bool = False
) -> Tensor:
    """Output sizes that divide the image's."""
    target = _target(output_size, build.shapes[x.node])
    kernel = _dividing(build, x, target)
    return max_pool2d(build, x, kernel, return_indices=return_indices)


def adaptive_max_pool1d(
    build: Builder, x: Tensor, output_size: Any, return_indices: bool = False
) -> Tensor:
    """On images of height 1."""
    return adaptive_max_pool2d(build, x, (1, _both(output_size)[1]), return_indices)


def mean(build: Builder, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Over all pixels of each channel."""
    axes = () if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    rank = len(x.shape) + 1
    if {axis % rank for axis in axes} != set(range(2, rank)) or rank == 2:
        raise Refusal(
            f"averages over the axes {dim} of {('N', *x.shape)}; only a mean over all pixels of "
            f"a channel is a pooling",
            "average over all of the last axes at once, e.g. x.mean((2, 3))",
        )
    pooled = build.add(ops.GlobalAvgPool(), x)
    return pooled if keepdim else build.add(ops.Flatten(), pooled)


def _windows(
    build: Builder, x: Tensor, pool: ops.MaxPool2d | ops.AvgPool2d, *, ceil_mode: bool
) -> Tensor:
    made = output_shape(pool, (build.shapes[x.node],))
    if ceil_mode and made != as_image(build.result_shape):
        raise Refusal(
            f"has windows that hang over the edge (ceil_mode=True makes {build.result_shape}, "
            f"whole windows make {made})",
            "use ceil_mode=False, with padding where the size is to be kept",
        )
    return build.add(pool, x)


def _target(output_size: Any, shape: Shape) -> ops.Pair:
    rows, columns = (output_size,) * 2 if isinstance(output_size, int) else output_size
    return shape[1] if rows is None else rows, shape[2] if columns is None else columns


def _dividing(build: Builder, x: Tensor, target: ops.Pair) -> ops.Pair:
    height, width = build.shapes[x.node][1:]
    if height % target[0] or width % target[1]:
        raise Refusal(
            f"pools {height}x{width} pixels to {target[0]}x{target[1]}, which does not divide "
            f"them, so its windows differ in size",
            "use images of another size, or an ordinary pooling",
        )
    return height // target[0], width // target[1]


def _both(value: Any) -> ops.Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def _row(value: Any) -> ops.Pair:
    return 1, _both(value)[1]
