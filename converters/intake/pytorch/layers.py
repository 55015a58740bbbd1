"""Layers with weights: convolutions, products with matrices, batch norm."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from converters.ann import ops
from converters.intake.pytorch.call import Call, array, fixed
from converters.intake.pytorch.refusal import Refusal
from converters.intake.pytorch.value import Value, constants, joined

__all__ = ["HANDLERS"]

Array = NDArray[Any]

_WEIGHTS = Refusal(
    "has weights that depend on the image; synapses are constant",
    "use a layer with trained weights",
)
_PRODUCT = Refusal(
    "multiplies two values that depend on the image; a synapse multiplies by a constant",
    "leave out attention and gates, or train without them",
)


def _convolution(
    call: Call,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    *_: Any,  # how it is computed
) -> Value:
    if not isinstance(x, Value) or not fixed(weight) or isinstance(bias, Value):
        raise _WEIGHTS
    kernel = array(weight)
    if kernel.ndim > 4:
        raise Refusal("slides along three axes", "use conv1d or conv2d")
    if kernel.ndim == 3:
        kernel = kernel[:, :, None]
        stride, dilation = (1, stride[-1]), (1, dilation[-1])
        padding, output_padding = (0, padding[-1]), (0, output_padding[-1])
        x = x.reshaped((*x.shape[:2], 1, x.shape[2]))
    steps, sides, spread, more = (_pair(v) for v in (stride, padding, dilation, output_padding))
    if transposed:
        x, kernel = _dilated(x, kernel, steps, sides, spread, more, groups)
        steps, sides = (1, 1), (0, 0)
    else:
        x, sides = _bordered(call, x, sides)
    op = ops.Conv2d(kernel, None if bias is None else array(bias), steps, sides, spread, groups)
    made = call.graph.add(op, call.graph.node(x), name=call.name)
    return call.graph.value(made, call.shape)


def _bordered(call: Call, x: Value, sides: ops.Pair) -> tuple[Value, ops.Pair]:
    """Zeros around the image are padding, where they are as many on both sides."""
    found = call.graph.bordered(x)
    if found is None:
        return x, sides
    inner, border = found
    if any(before != after for before, after in border):
        return x, sides
    return inner, (sides[0] + border[0][0], sides[1] + border[1][0])


def _dilated(
    x: Value,
    weight: Array,
    stride: ops.Pair,
    padding: ops.Pair,
    dilation: ops.Pair,
    more: ops.Pair,
    groups: int,
) -> tuple[Value, Array]:
    """A transposed convolution as an ordinary one on pixels apart from each other."""
    batch, channels, *pixels = x.shape
    kernel = weight.shape[2:]
    sizes, first = [], []
    for axis in (0, 1):
        border = dilation[axis] * (kernel[axis] - 1) - padding[axis]
        sizes.append((pixels[axis] - 1) * stride[axis] + 1 + 2 * border + more[axis])
        first.append(border)
    positions = np.full((batch, channels, *sizes), x.size)
    numbers = np.arange(x.size).reshape(x.shape)
    rows = [first[0] + stride[0] * i for i in range(pixels[0])]
    columns = [first[1] + stride[1] * i for i in range(pixels[1])]
    kept = [[i for i, at in enumerate(places) if 0 <= at < size]
            for places, size in zip((rows, columns), sizes, strict=True)]  # fmt: skip
    target = np.ix_(
        range(batch), range(channels), [rows[i] for i in kept[0]], [columns[i] for i in kept[1]]
    )
    positions[target] = numbers[np.ix_(range(batch), range(channels), *kept)]
    apart = joined([x, constants(np.zeros(1))]).taken(positions)
    inputs, per_group = weight.shape[:2]
    split = weight.reshape(groups, inputs // groups, per_group, *kernel)
    turned = split.transpose(0, 2, 1, 3, 4)[..., ::-1, ::-1]
    return apart, np.ascontiguousarray(
        turned.reshape(groups * per_group, inputs // groups, *kernel)
    )


def _product(call: Call, x: Any, y: Any) -> Value:
    """Of a value (B, K) or (B r, K) and a constant matrix (K, M)."""
    if not fixed(x) and not fixed(y):
        raise _PRODUCT
    if fixed(x):
        return _from_left(call, array(x), y)
    weight = array(y)
    if weight.ndim == 1:
        weight = weight[:, None]
    return _linear(call, x, weight.T, None)


def _from_left(call: Call, matrix: Array, x: Value) -> Value:
    """A constant matrix times a value whose last axis is the batch."""
    transposed = x.taken(np.arange(x.size).reshape(x.shape).swapaxes(-1, -2))
    made = _linear(call, transposed, matrix, None, (transposed.shape[0], matrix.shape[0]))
    return made.taken(np.arange(made.size).reshape(made.shape).swapaxes(-1, -2))


def _addmm(call: Call, bias: Any, x: Any, y: Any, *, beta: float = 1, alpha: float = 1) -> Value:
    if not fixed(x) and not fixed(y):
        raise _PRODUCT
    if fixed(x) or not fixed(bias):
        raise Refusal("adds a product to a value", "use F.linear(x, weight, bias)")
    offset = np.broadcast_to(array(bias) * beta, call.shape)
    if not np.all(offset == offset[:1]):
        raise Refusal("adds another constant to every image", "use F.linear(x, weight, bias)")
    weight = array(y).T if alpha == 1 else array(y).T * alpha
    return _linear(call, x, weight, np.ascontiguousarray(offset[0]))


def _baddbmm(call: Call, bias: Any, x: Any, y: Any, **_: Any) -> Value:  # noqa: ARG001 - called as any other
    if not fixed(x) and not fixed(y):
        raise _PRODUCT
    raise Refusal("adds a batch of products to a value", "use F.linear(x, weight, bias)")


def _bmm(call: Call, x: Any, y: Any) -> Value:
    """A batch of one product, as einsum makes it."""
    if not fixed(x) and not fixed(y):
        raise _PRODUCT
    if fixed(x) or x.shape[0] != 1:
        raise Refusal(
            "multiplies each image or channel by a matrix of its own", "use F.linear(x, weight)"
        )
    return _linear(call, x.reshaped(x.shape[1:]), array(y)[0].T, None, call.shape[1:]).reshaped(
        call.shape
    )


def _linear(
    call: Call, x: Value, weight: Array, bias: Array | None, shape: tuple[int, ...] | None = None
) -> Value:
    """``x W^T + b``, on vectors; or on each row of an image."""
    shape = call.shape if shape is None else shape
    batch = call.graph.batch
    if x.shape[0] == batch:
        made = call.graph.add(ops.Linear(weight, bias), call.graph.node(x), name=call.name)
        return call.graph.value(made, shape)
    rows, rest = divmod(x.shape[0], batch)
    if rest:
        raise Refusal(
            f"reads {x.shape}, made of a batch of {batch}; every image has an answer of its own",
            "keep the batch as the first axis",
        )
    size = x.size // batch
    source = call.graph.node(x.reshaped((batch, size)))
    matrix = sp.csr_array(sp.kron(sp.eye_array(rows), sp.csr_array(weight)))
    offset = np.zeros(1) if bias is None else np.tile(bias, rows)
    inner = (math.prod(shape) // batch,)
    made = call.graph.sparse({source: matrix}, offset, inner, call.name)
    return call.graph.value(made, (batch, *inner)).reshaped(shape)


def _batch_norm(
    call: Call,
    x: Any,
    weight: Any,
    bias: Any,
    mean: Any,
    variance: Any,
    training: bool,
    momentum: float,  # noqa: ARG001 - of training
    eps: float,
    *_: Any,
) -> Value:
    if training or mean is None or variance is None:
        raise Refusal(
            "normalises by the statistics of the batch or the image at hand, so an image's answer "
            "depends on more than the weights",
            "train with batch norm and track_running_stats=True, and export in evaluation mode",
        )
    if not fixed(weight, bias, mean, variance):
        raise _WEIGHTS
    centre, spread = array(mean), array(variance)
    op = ops.BatchNorm(
        np.ones_like(spread) if weight is None else array(weight),
        np.zeros_like(centre) if bias is None else array(bias),
        centre,
        spread,
        eps,
    )
    made = call.graph.add(op, call.graph.node(x), name=call.name)
    return call.graph.value(made, call.shape)


def _norm_without_training(
    call: Call,
    x: Any,
    weight: Any,
    bias: Any,
    mean: Any,
    variance: Any,
    momentum: float,
    eps: float,
) -> Value:
    return _batch_norm(call, x, weight, bias, mean, variance, False, momentum, eps)


def _pair(values: Sequence[int]) -> ops.Pair:
    return int(values[0]), int(values[-1])


HANDLERS: dict[str, Callable[..., Value]] = {
    "convolution": _convolution,
    "_convolution": _convolution,
    "mm": _product,
    "mv": _product,
    "addmm": _addmm,
    "bmm": _bmm,
    "baddbmm": _baddbmm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": _batch_norm,
    "cudnn_batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _norm_without_training,
}
