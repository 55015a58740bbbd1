"""One operation on a batch of arrays, in the dtype of the batch."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, assert_never

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.shapes import output_shape
from eventsnn.matrix_product import matrix_product

__all__ = ["apply", "nearest_level"]

#: Bytes of copied windows for one matrix product.
_SIDE_BY_SIDE = 2**25

Array = NDArray[np.floating[Any]]


def apply(op: ops.Op, *inputs: Array) -> Array:
    """The value of ``op`` for ``inputs`` of shape (N, *shape); weights take their dtype."""
    x = inputs[0]
    match op:
        case ops.Conv2d():
            return _convolve(op, x)
        case ops.Linear():
            y: Array = matrix_product(x, op.weight.T.astype(x.dtype, copy=False))
            return y if op.bias is None else y + op.bias.astype(x.dtype, copy=False)
        case ops.BatchNorm():
            scale, shift = (_per_channel(values, x) for values in op.affine())
            return x * scale + shift
        case ops.ReLU():
            return np.clip(x, 0, op.ceiling) if op.levels is None else nearest_level(op, x)
        case ops.Spike():
            return (x + x.dtype.type(op.mean) >= op.threshold).astype(x.dtype)
        case ops.Scale():
            return x * x.dtype.type(op.factor)
        case ops.AvgPool2d():
            k_y, k_x = ops.pair(op.kernel_size)
            return functools.reduce(np.add, _shifted(op, x, 0.0)) / x.dtype.type(k_y * k_x)
        case ops.MaxPool2d():
            return np.asarray(functools.reduce(np.maximum, _shifted(op, x, -np.inf)))
        case ops.GlobalAvgPool():
            return np.asarray(x.mean(axis=(2, 3), keepdims=True, dtype=x.dtype))
        case ops.Add():
            return np.asarray(functools.reduce(np.add, inputs))
        case ops.Concat():
            return np.concatenate(inputs, axis=1)
        case ops.Flatten():
            return x.reshape(len(x), -1)
        case ops.Subsample():
            step_y, step_x = ops.pair(op.stride)
            return np.pad(x[:, :, ::step_y, ::step_x], ((0, 0), op.pad_channels, (0, 0), (0, 0)))
        case ops.Sparse():
            return _multiplied(op, x)
        case _:
            assert_never(op)


def nearest_level(relu: ops.ReLU, x: Array) -> Array:
    """The level that each value is brought to, halfway up to the higher one."""
    assert relu.ceiling is not None
    if isinstance(relu.levels, int):
        step = x.dtype.type(relu.ceiling / relu.levels)
        return np.asarray(step * np.clip(np.floor(x / step + x.dtype.type(0.5)), 0, relu.levels))
    assert relu.levels is not None
    levels = relu.ceiling * np.array((0.0, *relu.levels))
    edges = ((levels[:-1] + levels[1:]) / 2).astype(x.dtype)
    return np.asarray(levels.astype(x.dtype)[np.searchsorted(edges, x, side="right")])


def _multiplied(op: ops.Sparse, x: Array) -> Array:
    matrix = op.matrix.astype(x.dtype, copy=False)
    y: Array = np.ascontiguousarray((matrix @ x.reshape(len(x), -1).T).T)
    if op.bias is not None:
        y = y + op.bias.astype(x.dtype, copy=False)
    return y.reshape(len(x), *op.shape)


def _per_channel(values: Array, x: Array) -> Array:
    return values.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 2))


def _convolve(op: ops.Conv2d, x: Array) -> Array:
    """One matrix product per group, on windows copied side by side.

    Several images share a product: BLAS waits for its threads at the end of each, and on a
    busy machine a wait costs more than the product of one small image.
    """
    (p_y, p_x), (d_y, d_x) = ops.pair(op.padding), ops.pair(op.dilation)
    outputs, _, k_y, k_x = op.weight.shape
    channels, rows, columns = output_shape(op, (x.shape[1:],))
    kernel = op.weight.astype(x.dtype, copy=False).reshape(op.groups, outputs // op.groups, -1)
    padded = np.pad(x, ((0, 0), (0, 0), (p_y, p_y), (p_x, p_x)))
    spans = (d_y * (k_y - 1) + 1, d_x * (k_x - 1) + 1)
    step_y, step_x = ops.pair(op.stride)
    windows = sliding_window_view(padded, spans, axis=(2, 3))
    windows = windows[:, :, ::step_y, ::step_x, ::d_y, ::d_x].transpose(1, 4, 5, 0, 2, 3)
    y = np.empty((len(x), channels, rows, columns), dtype=x.dtype)
    size = windows[:, :, :, 0].size * x.itemsize
    batch = max(1, _SIDE_BY_SIDE // size)
    for start in range(0, len(x), batch):
        some = windows[:, :, :, start : start + batch]
        side_by_side = some.reshape(op.groups, kernel.shape[2], -1)
        product = matrix_product(kernel, side_by_side).reshape(channels, -1, rows, columns)
        y[start : start + batch] = product.swapaxes(0, 1)
    return y if op.bias is None else y + _per_channel(op.bias, y)


def _shifted(pool: ops.AvgPool2d | ops.MaxPool2d, x: Array, border: float) -> Iterator[Array]:
    """For each position in the window, that pixel of every window."""
    (k_y, k_x), (p_y, p_x) = ops.pair(pool.kernel_size), ops.pair(pool.padding)
    step_y, step_x = ops.pair(pool.stride)
    _, rows, columns = output_shape(pool, (x.shape[1:],))
    padded = np.pad(x, ((0, 0), (0, 0), (p_y, p_y), (p_x, p_x)), constant_values=border)
    for y in range(k_y):
        for left in range(k_x):
            yield padded[
                :,
                :,
                y : y + step_y * (rows - 1) + 1 : step_y,
                left : left + step_x * (columns - 1) + 1 : step_x,
            ]
