"""The slow, obvious twin of `converters.ann.apply`: one image, one output value at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np

from converters.ann import ops


def value(op, *inputs):
    """The value of an operation for one image, by the formula in its documentation."""
    x = inputs[0]
    match op:
        case ops.Conv2d():
            return convolution(op, x)
        case ops.Linear(weight=weight, bias=bias):
            rows = [sum(w * v for w, v in zip(row, x, strict=True)) for row in weight]
            return np.array(rows) + (0 if bias is None else bias)
        case ops.BatchNorm():
            y = np.empty(x.shape)
            for c in range(len(x)):
                deviation = math.sqrt(op.running_var[c] + op.eps)
                y[c] = (x[c] - op.running_mean[c]) / deviation * op.weight[c] + op.bias[c]
            return y
        case ops.ReLU(ceiling=ceiling):
            return np.minimum(np.maximum(x, 0), np.inf if ceiling is None else ceiling)
        case ops.Scale(factor=factor):
            return factor * x
        case ops.AvgPool2d() | ops.MaxPool2d():
            return pooling(op, x)
        case ops.GlobalAvgPool():
            return np.array([[[image.sum() / image.size]] for image in x])
        case ops.Add():
            return sum(inputs)
        case ops.Concat():
            return np.array([channel for image in inputs for channel in image])
        case ops.Flatten():
            return np.array([v for image in x for row in image for v in row])
        case ops.Subsample(stride=(down, right), pad_channels=(before, after)):
            kept = [image[::down, ::right] for image in x]
            zero = np.zeros_like(kept[0])
            return np.array([zero] * before + kept + [zero] * after)
        case ops.Sparse():
            flat = x.ravel()
            y = np.zeros(np.prod(op.shape)) if op.bias is None else op.bias.astype(float)
            for row in range(len(y)):
                for k in range(op.indptr[row], op.indptr[row + 1]):
                    y[row] = y[row] + op.data[k] * flat[op.indices[k]]
            return y.reshape(op.shape)
        case _:
            raise AssertionError(op)


def convolution(op, x):
    """A cross-correlation: each target sums over the pixels that exist."""
    outputs, per_group, *kernel = op.weight.shape
    rows, columns = (
        (size + 2 * pad - dilation * (k - 1) - 1) // stride + 1
        for size, k, stride, pad, dilation in zip(
            x.shape[1:], kernel, op.stride, op.padding, op.dilation, strict=True
        )
    )
    y = np.zeros((outputs, rows, columns))
    for o, row, column in np.ndindex(y.shape):
        first = o // (outputs // op.groups) * per_group
        for c, i, j in np.ndindex(op.weight.shape[1:]):
            down = row * op.stride[0] - op.padding[0] + i * op.dilation[0]
            right = column * op.stride[1] - op.padding[1] + j * op.dilation[1]
            if 0 <= down < x.shape[1] and 0 <= right < x.shape[2]:
                y[o, row, column] += op.weight[o, c, i, j] * x[first + c, down, right]
        y[o, row, column] += 0 if op.bias is None else op.bias[o]
    return y


def pooling(op, x):
    """The mean over the whole window, border included, or the largest pixel that exists."""
    rows, columns = (
        (size + 2 * pad - k) // stride + 1
        for size, k, stride, pad in zip(
            x.shape[1:], op.kernel_size, op.stride, op.padding, strict=True
        )
    )
    y = np.zeros((len(x), rows, columns))
    for c, row, column in np.ndindex(y.shape):
        window = [
            x[c, down, right]
            for down, right in itertools.product(
                range(row * op.stride[0] - op.padding[0], x.shape[1]),
                range(column * op.stride[1] - op.padding[1], x.shape[2]),
            )
            if down >= 0
            and right >= 0
            and down < row * op.stride[0] - op.padding[0] + op.kernel_size[0]
            and right < column * op.stride[1] - op.padding[1] + op.kernel_size[1]
        ]
        if isinstance(op, ops.MaxPool2d):
            y[c, row, column] = max(window, default=-np.inf)
        else:
            y[c, row, column] = sum(window) / (op.kernel_size[0] * op.kernel_size[1])
    return y
