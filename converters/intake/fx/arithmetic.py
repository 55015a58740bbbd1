"""Pixel by pixel: rectifiers, sums, constants, and what does nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from converters.ann import ops
from converters.intake.fx.call import Builder, Refusal, Tensor, as_image

__all__ = [
    "add",
    "clamp",
    "clipped_relu",
    "dropout",
    "hardtanh",
    "identity",
    "mul",
    "neg",
    "relu",
    "relu6",
    "sub",
    "threshold",
    "true_divide",
]


def relu(build: Builder, x: Tensor) -> Tensor:
    """max(x, 0)."""
    return build.add(ops.ReLU(), x)


def relu6(build: Builder, x: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return build.add(ops.ReLU(6.0), x)


def clipped_relu(build: Builder, x: Tensor, ceiling: Any) -> Tensor:
    """min(max(x, 0), ceiling), of `converters.training.clip`."""
    return build.add(ops.ReLU(float(ceiling)), x)


def hardtanh(build: Builder, x: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """A clamp."""
    return clamp(build, x, min_val, max_val)


def clamp(build: Builder, x: Tensor, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002 - PyTorch's names
    """From 0, up to a ceiling or without."""
    constants = all(value is None or isinstance(value, int | float) for value in (min, max))
    if not constants or min != 0 or (max is not None and max <= 0):
        raise Refusal(
            f"clamps to [{min}, {max}]; the rate of a neuron lies between 0 and a maximum",
            "clamp from min=0 to a positive max, or use ReLU",
        )
    return build.add(ops.ReLU(max), x)


def threshold(build: Builder, x: Tensor, threshold: float, value: float) -> Tensor:
    """A ReLU where both numbers are 0."""
    if threshold != 0 or value != 0:
        raise Refusal("jumps at its threshold", "use ReLU")
    return relu(build, x)


def dropout(build: Builder, x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:  # noqa: ARG001 - called as any other
    """Nothing, at inference."""
    if training and p > 0:
        raise Refusal(
            "drops at inference too, because training=True is its default",
            "pass training=self.training, or use torch.nn.Dropout",
        )
    return x


def identity(build: Builder, x: Tensor, *_: Any, **__: Any) -> Tensor:  # noqa: ARG001 - called as any other
    """What changes the memory or the type of a tensor, not its values."""
    return x


def add(build: Builder, x: Any, y: Any, *, alpha: float = 1) -> Tensor:
    """Of two values, or of a value and a constant."""
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        return _sum(build, x, _scaled(build, y, alpha))
    if isinstance(x, Tensor):
        return _affine(build, x, 1.0, np.asarray(y) * alpha)
    return _affine(build, y, alpha, x)


def sub(build: Builder, x: Any, y: Any, *, alpha: float = 1) -> Tensor:
    """The sum with the opposite."""
    return add(build, x, y, alpha=-alpha)


def neg(build: Builder, x: Tensor) -> Tensor:
    """The opposite."""
    return _scaled(build, x, -1.0)


def mul(build: Builder, x: Any, y: Any) -> Tensor:
    """By a constant."""
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        raise Refusal(
            "multiplies two values that depend on the image; a synapse multiplies by a constant",
            "leave out gates and attention, or train without them",
        )
    return _affine(build, x, y, 0.0) if isinstance(x, Tensor) else _affine(build, y, x, 0.0)


def true_divide(build: Builder, x: Any, y: Any, *, rounding_mode: str | None = None) -> Tensor:
    """By a constant."""
    if isinstance(y, Tensor) or rounding_mode is not None:
        raise Refusal(
            "divides by a value that depends on the image, or rounds", "divide by a constant"
        )
    return _affine(build, x, 1 / np.asarray(y), 0.0)


def _sum(build: Builder, x: Tensor, y: Tensor) -> Tensor:
    if x.shape != y.shape:
        raise Refusal(
            f"adds {x.shape} and {y.shape}, repeating one of them along an axis",
            "add values of one shape",
        )
    return build.add(ops.Add(), x, y)


def _scaled(build: Builder, x: Tensor, factor: float) -> Tensor:
    return x if factor == 1 else build.add(ops.Scale(factor), x)


def _affine(build: Builder, x: Tensor, factor: Any, shift: Any) -> Tensor:
    """``factor x + shift``, with numbers or one value per channel."""
    scale, offset = np.asarray(factor), np.asarray(shift)
    if scale.size == 1 and not offset.any():
        return _scaled(build, x, float(scale.ravel()[0]))
    channels = as_image(x.shape)[0]
    zeros = np.zeros(channels, dtype=np.float32)
    weight, bias = (_per_channel(values, x, channels) for values in (scale, offset))
    return build.add(ops.BatchNorm(weight, bias, zeros, zeros + 1, eps=0.0), x)


def _per_channel(values: Any, x: Tensor, channels: int) -> Any:
    """A constant that broadcasts to (N, C, ...), as (C,)."""
    aligned = (1,) * (len(x.shape) + 1 - values.ndim) + values.shape
    if len(aligned) != len(x.shape) + 1 or math.prod(aligned) not in {1, aligned[1]}:
        raise Refusal(
            f"combines {('N', *x.shape)} with a constant of shape {values.shape}; constants may "
            f"be one number or one per channel",
            "give the constant the shape (C, 1, 1)",
        )
    return np.broadcast_to(values.reshape(-1), (channels,)).astype(np.float32)
