"""Pooling and reductions: windows, all pixels, any axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from converters.ann import ops
from converters.intake.pytorch.call import Call
from converters.intake.pytorch.graph import Graph
from converters.intake.pytorch.pointwise import least
from converters.intake.pytorch.refusal import Refusal
from converters.intake.pytorch.refused import OF_THE_BATCH
from converters.intake.pytorch.value import Value, constants, joined, lost

__all__ = ["EXTREME", "HANDLERS"]

#: Pixels of a channel beyond which a matrix of all of them is not made.
_MOST_PIXELS = 2**13
#: Terms of a sum that become nodes of their own.
_MOST_TERMS = 32


def _max_pool(
    call: Call,
    x: Value,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> tuple[Value, Value]:
    """Windows without gaps; those that hang over the edge see silent pixels behind it."""
    if set(dilation) != {1}:
        raise Refusal("has dilation", "use windows without gaps, or a stride")
    kernel, border = _pair(kernel_size), _pair(padding)
    steps = _pair(stride) if stride else kernel
    pooled = _windows(call, x, ops.MaxPool2d(kernel, steps, border), ceil_mode=ceil_mode)
    return pooled, lost(call.shape)


def _windows(call: Call, x: Value, pool: ops.MaxPool2d, *, ceil_mode: bool) -> Value:
    """The pooling, on an image that is padded behind where PyTorch's last windows hang over."""
    kernel, steps, border = (ops.pair(v) for v in (pool.kernel_size, pool.stride, pool.padding))
    rows, columns = x.shape[-2:]
    behind = [
        max(0, (made - 1) * steps[axis] + kernel[axis] - (size + 2 * border[axis]))
        for axis, (size, made) in enumerate(zip((rows, columns), call.shape[-2:], strict=True))
    ]
    silent = call.graph.bordered(x)
    if not ceil_mode and silent is not None:  # a pad that the pooling itself can take over
        inner, sides = silent
        even = all(before == after for before, after in sides)
        total = tuple(own + before for own, (before, _) in zip(border, sides, strict=True))
        fits = all(2 * t <= k for t, k in zip(total, kernel, strict=True))
        if even and fits and call.graph.is_rectified(inner):
            pool, x = ops.MaxPool2d(kernel, steps, (total[0], total[1])), inner
    if any(behind):
        parts = call.graph.concatenated(x)
        if len(parts) > 1:  # channel by channel, so that each is a selection of one layer's spikes
            shapes = [(*call.shape[:1], p.shape[1], *call.shape[2:]) for p in parts]
            pooled = [
                _windows(replace(call, shapes=(shape,)), part, pool, ceil_mode=True)
                for part, shape in zip(parts, shapes, strict=True)
            ]
            nodes = [call.graph.node(part) for part in pooled]
            joint = call.graph.add(ops.Concat(), *nodes, name=f"{call.name}.cat")
            return call.graph.value(joint, call.shape)
        before = border
        size = (rows + 2 * before[0] + behind[0], columns + 2 * before[1] + behind[1])
        _check_rectified(call.graph, x)
        x = _padded(x, before, size)
        pool = ops.MaxPool2d(kernel, steps, 0)
    return _pooled(call, x, pool)


def _pooled(call: Call, x: Value, pool: ops.MaxPool2d) -> Value:
    made = call.graph.add(pool, call.graph.node(x), name=call.name)
    return call.graph.value(made, call.shape)


def _check_rectified(graph: Graph, x: Value) -> None:
    """Zeros beside an image may not win against what is negative."""
    if not graph.is_rectified(x):
        raise Refusal(
            "has windows that hang over the edge of values that no ReLU rectifies",
            "put the ReLU before the pooling, or use ceil_mode=False",
        )


def _padded(x: Value, before: ops.Pair, size: ops.Pair) -> Value:
    """Inside an image of zeros."""
    rows, columns = x.shape[-2:]
    positions = np.full((*x.shape[:-2], *size), x.size)
    positions[..., before[0] : before[0] + rows, before[1] : before[1] + columns] = np.arange(
        x.size
    ).reshape(x.shape)

    return joined([x, constants(np.zeros(1))]).taken(positions)


def _avg_pool(
    call: Call,
    x: Value,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """A pooling of the ANN where all windows are alike; else a matrix."""
    kernel, border = _pair(kernel_size), _pair(padding)
    steps = _pair(stride) if stride else kernel
    whole = tuple(
        (size + 2 * b - k) // s + 1
        for size, b, k, s in zip(x.shape[-2:], border, kernel, steps, strict=True)
    )
    alike = whole == call.shape[-2:] and (count_include_pad or not any(border))
    if not alike:
        return _by_channel(call, x, kernel_size, stride, padding, ceil_mode, count_include_pad,
                           divisor_override)  # fmt: skip
    pool = ops.AvgPool2d(kernel, steps, border)
    made = call.graph.add(pool, call.graph.node(x), name=call.name)
    pooled = call.graph.value(made, call.shape)
    if divisor_override is None:
        return pooled
    return pooled.affine(kernel[0] * kernel[1] / divisor_override, 0.0, call.name)


def _adaptive_avg_pool(call: Call, x: Value, output_size: Sequence[int]) -> Value:
    """Windows that divide the image are a pooling."""
    rows, columns = x.shape[-2:]
    target = call.shape[-2:]
    if target == (1, 1):
        made = call.graph.add(ops.GlobalAvgPool(), call.graph.node(x), name=call.name)
        return call.graph.value(made, call.shape)
    if rows % target[0] or columns % target[1]:
        return _by_channel(call, x, output_size)
    pool = ops.AvgPool2d((rows // target[0], columns // target[1]))
    made = call.graph.add(pool, call.graph.node(x), name=call.name)
    return call.graph.value(made, call.shape)


def _adaptive_max_pool(call: Call, x: Value, output_size: Sequence[int]) -> tuple[Value, Value]:  # noqa: ARG001 - read from the result
    """Windows that divide the image."""
    rows, columns = x.shape[-2:]
    target = call.shape[-2:]
    if rows % target[0] or columns % target[1]:
        raise Refusal(
            f"takes maxima of {rows}x{columns} pixels over {target[0]}x{target[1]} windows of "
            f"unequal size",
            "use images of another size, or an ordinary pooling",
        )
    pool = ops.MaxPool2d((rows // target[0], columns // target[1]))
    made = call.graph.add(pool, call.graph.node(x), name=call.name)
    return call.graph.value(made, call.shape), lost(call.shape)


def _by_channel(call: Call, x: Value, *args: Any, **kwargs: Any) -> Value:
    """Any linear operation that treats channels alike, as the matrix that PyTorch makes of it.

    It runs on images of a single pixel each; the answers are the columns of the matrix.
    """
    channels, *pixels = x.shape[1:]
    size = math.prod(pixels)
    if size > _MOST_PIXELS:
        raise Refusal(
            f"has windows of unequal size on images of {size} pixels",
            "use windows that divide the image",
        )
    single = torch.eye(size, dtype=torch.float64).reshape(size, 1, *pixels)
    answers = call.function(single, *args, **kwargs).reshape(size, -1).numpy()
    matrix = sp.csr_array(sp.kron(sp.eye_array(channels), sp.csr_array(answers.T)))
    shape = call.shape[1:]
    inner = (shape[0], 1, shape[1]) if len(shape) == 2 else shape
    made = call.graph.sparse({call.graph.node(x): matrix}, np.zeros(1), inner, call.name)
    return call.graph.value(made, call.shape)


def _mean(call: Call, x: Value, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:  # noqa: ARG001 - read from the result
    total, terms = _summed(call, x, dim, mean=True)
    return total if terms == 1 else total.affine(1 / terms, 0.0, call.name)


def _sum(call: Call, x: Value, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:  # noqa: ARG001 - read from the result
    total, terms = _summed(call, x, dim, mean=False)
    return total if terms == 1 else total.affine(terms, 0.0, call.name)


def _axes(x: Value, dim: Any) -> tuple[int, ...]:
    rank = len(x.shape)
    axes = range(rank) if dim is None or dim == [] else [dim] if isinstance(dim, int) else dim
    return tuple(sorted(axis % rank for axis in axes))


def _summed(call: Call, x: Value, dim: Any, *, mean: bool) -> tuple[Value, int]:
    """A sum or a mean over axes, and by what it is still to be divided or multiplied."""
    axes = _axes(x, dim)
    terms = math.prod(x.shape[axis] for axis in axes)
    pool = _pooled_axes(call.graph, x, axes)
    if pool is not None:
        number, kernel = pool
        shape = call.graph.shapes[number]
        whole = kernel == shape[1:]
        op: ops.Op = ops.GlobalAvgPool() if whole else ops.AvgPool2d(kernel)
        made = call.graph.add(op, number, name=call.name)
        return call.graph.value(made, call.shape), 1 if mean else terms
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    order = np.arange(x.size).reshape(x.shape).transpose(*kept, *axes).reshape(-1, terms)
    parts = (
        [x.taken(order[:, term], call.shape) for term in range(terms)]
        if (terms <= _MOST_TERMS)
        else []
    )
    if parts and all(call.graph.whole(part) is not None for part in parts):
        nodes = [call.graph.node(part) for part in parts]
        total = nodes[0] if terms == 1 else call.graph.add(ops.Add(), *nodes, name=call.name)
        return call.graph.value(total, call.shape), terms if mean else 1
    if len(axes) == len(x.shape):
        raise _BATCH
    if not call.shape or call.shape[0] != call.graph.batch or 0 in axes:
        raise Refusal(
            f"makes {call.shape} of a batch of {call.graph.batch}; every image has an answer of "
            f"its own",
            "keep the batch as the first axis",
        )
    return _matrix_sum(call, x, order, terms), terms if mean else 1


def _matrix_sum(call: Call, x: Value, order: Any, terms: int) -> Value:
    """Each result a row of ones."""
    source = call.graph.node(x.reshaped((call.graph.batch, x.size // call.graph.batch)))
    outputs = order.shape[0] // call.graph.batch
    columns = order[:outputs].ravel()
    pointers = np.arange(outputs + 1) * terms
    matrix = sp.csr_array(
        (np.ones(columns.size), columns, pointers), (outputs, call.graph.size(source))
    )
    made = call.graph.sparse({source: matrix}, np.zeros(1), (outputs,), call.name)
    return call.graph.value(made, (call.graph.batch, outputs)).reshaped(call.shape)


def _pooled_axes(graph: Graph, x: Value, axes: tuple[int, ...]) -> tuple[int, ops.Pair] | None:
    """The node and the window, where the axes are all rows, all columns or both of an image.

    The tensor may hold the image in other shapes, as (B, C, H W).
    """
    number = graph.whole(x)
    if number is None or not axes or axes[0] < 2 or x.shape[0] != graph.batch:
        return None
    shape = graph.shapes[number]
    if len(shape) != 3 or x.shape[1] != shape[0]:
        return None
    inner = tuple(n for n in x.shape[2:] if n > 1)
    if inner == tuple(n for n in shape[1:] if n > 1):
        rest = [x.shape[axis] for axis in range(2, len(x.shape)) if axis not in axes]
        rows, columns = shape[1:]
        left = [n for n in rest if n > 1]
        if not left:
            return number, (rows, columns)
        if rows > 1 and columns > 1 and len(x.shape) == 4:
            return number, (rows, 1) if axes == (2,) else (1, columns)
        return None
    if inner == (shape[1] * shape[2],) and len(axes) == len(x.shape) - 2:
        return number, (shape[1], shape[2])
    return None


def _extreme(*, largest: bool, place: bool = False) -> Callable[..., Any]:
    def handler(call: Call, x: Value, dim: Any = None, keepdim: bool = False) -> Value:  # noqa: ARG001 - read from the result
        axes = _axes(x, dim)
        if len(axes) == len(x.shape):
            raise _BATCH
        pool = _pooled_axes(call.graph, x, axes) if largest and not place else None
        if pool is not None:
            made = call.graph.add(ops.MaxPool2d(pool[1]), pool[0], name=call.name)
            return call.graph.value(made, call.shape)
        terms = math.prod(x.shape[axis] for axis in axes)
        kept = [axis for axis in range(len(x.shape)) if axis not in axes]
        order = np.arange(x.size).reshape(x.shape).transpose(*kept, *axes).reshape(-1, terms)
        if terms > _MOST_TERMS:
            raise EXTREME
        parts = [x.taken(order[:, term], call.shape) for term in range(terms)]
        try:
            return least(call, parts, largest=largest, place=place)
        except Refusal:
            raise EXTREME from None

    return handler


_BATCH = Refusal(OF_THE_BATCH, "compute it from constants, or for each image by a layer")

EXTREME = Refusal(
    "takes a maximum over something else than windows of an image",
    "use max pooling, or a maximum over all pixels",
)


def _both(*, largest: bool) -> Callable[..., Any]:
    def handler(call: Call, x: Value, dim: int | None = None, keepdim: bool = False) -> Any:
        if dim is None:
            raise _BATCH
        try:
            values = _extreme(largest=largest)(call, x, dim, keepdim)
        except Refusal:
            values = None
        try:
            places = _extreme(largest=largest, place=True)(call, x, dim, keepdim)
        except Refusal:
            places = None
        if values is None and places is None:
            raise EXTREME
        gone = lost(call.shape)
        return gone if values is None else values, gone if places is None else places

    return handler


def _pair(values: Sequence[int]) -> ops.Pair:
    return int(values[0]), int(values[-1])


HANDLERS: dict[str, Callable[..., Any]] = {
    "max_pool2d_with_indices": _max_pool,
    "avg_pool2d": _avg_pool,
    "_adaptive_avg_pool2d": _adaptive_avg_pool,
    "adaptive_max_pool2d": _adaptive_max_pool,
    "upsample_bilinear2d": _by_channel,
    "upsample_bicubic2d": _by_channel,
    "upsample_linear1d": _by_channel,
    "mean": _mean,
    "sum": _sum,
    "amax": _extreme(largest=True),
    "amin": _extreme(largest=False),
    "max": _both(largest=True),
    "min": _both(largest=False),
    "argmax": _extreme(largest=True, place=True),
    "argmin": _extreme(largest=False, place=True),
}
