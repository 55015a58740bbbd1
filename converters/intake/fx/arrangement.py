"""Where values lie: flattening, concatenation, slices, zeros around images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from converters.ann import ops
from converters.intake.fx.call import Builder, Refusal, Tensor, as_image

__all__ = ["cat", "getitem", "pad", "reshape", "zero_pad"]


def reshape(build: Builder, x: Tensor, *_: Any, **__: Any) -> Tensor:
    """Whatever leaves the values in order: to a vector, or to the same image."""
    made = as_image(build.result_shape)
    if made == build.shapes[x.node]:
        return x
    if len(made) != 1:
        raise Refusal(
            f"makes {build.result_shape} of {x.shape}; only flattening to a vector has a "
            f"counterpart",
            "give the images in the shape that the layers want",
        )
    return build.add(ops.Flatten(), x)


def cat(build: Builder, tensors: Sequence[Any], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Along channels."""
    parts = list(tensors)
    if not all(isinstance(part, Tensor) for part in parts):
        raise Refusal("joins a constant to values that depend on the image", "leave it out")
    rank = len(parts[0].shape) + 1
    where = (dim if axis is None else axis) % rank
    if where != 1:
        raise Refusal(f"joins along axis {where}; only channels, axis 1, are joined", "use dim=1")
    return parts[0] if len(parts) == 1 else build.add(ops.Concat(), *parts)


def getitem(build: Builder, x: Any, index: Any) -> Tensor:
    """Every n-th pixel, or the only pixel."""
    if not isinstance(x, Tensor):
        raise Refusal("picks from a list of results", "use the results one by one")
    axes = _axes(index, len(x.shape) + 1)
    whole = slice(None)
    if all(axis == whole for axis in axes):
        return x
    if axes[:2] == [whole, whole] and len(axes) > 2:
        if axes[2:] == [0] * len(x.shape[1:]) and set(x.shape[1:]) == {1}:
            return build.add(ops.Flatten(), x)
        steps = [_step(axis, n) for axis, n in zip(axes[2:], x.shape[1:], strict=True)]
        if set(steps) == {1}:
            return x
        if all(steps):
            return build.add(ops.Subsample((steps[0] if len(steps) == 2 else 1, steps[-1])), x)
    raise Refusal(
        f"cuts a part [{', '.join(map(_shown, axes))}] out of {('N', *x.shape)}; only every n-th "
        f"pixel from the first on, x[:, :, ::n, ::n], has a counterpart",
        "use a strided convolution or pooling instead",
    )


def pad(
    build: Builder, x: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None
) -> Tensor:
    """Silent channels, or zeros around an image for the convolution that follows."""
    if mode != "constant" or (value or 0) != 0:
        raise Refusal(f"pads with mode {mode!r}, value {value}", "pad with zeros")
    amounts = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    amounts += [(0, 0)] * (len(x.shape) + 1 - len(amounts))
    if min(min(amount) for amount in amounts) < 0 or len(x.shape) == 1:
        raise Refusal(f"pads {x.shape} by {tuple(pad)}", "pad images, by amounts >= 0")
    columns, rows, channels = amounts[:3] if len(x.shape) == 3 else (amounts[0], (0, 0), amounts[1])
    if any(channels):
        x = build.add(ops.Subsample(1, channels), x)
    sides = tuple(
        (old[0] + new[0], old[1] + new[1])
        for old, new in zip(x.padding, (rows, columns), strict=True)
    )
    return Tensor(x.node, build.result_shape, (sides[0], sides[1]))


def zero_pad(build: Builder, x: Tensor, padding: Sequence[int]) -> Tensor:
    """As `pad`."""
    return pad(build, x, padding)


def _axes(index: Any, rank: int) -> list[Any]:
    """One entry per axis, without dots."""
    given = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in given:
        at = given.index(Ellipsis)
        given[at : at + 1] = [slice(None)] * (rank - len(given) + 1)
    return given + [slice(None)] * (rank - len(given))


def _step(axis: Any, size: int) -> int:
    """The distance n where ``axis`` is every n-th position from the first on, else 0."""
    if not isinstance(axis, slice):
        return 0
    first, stop, step = axis.indices(size)
    kept = len(range(first, stop, step))
    return step if step > 0 and first == 0 and kept == -(-size // step) else 0


def _shown(axis: Any) -> str:
    if not isinstance(axis, slice):
        return str(axis)
    parts = [axis.start, axis.stop] if axis.step is None else [axis.start, axis.stop, axis.step]
    return ":".join("" if part is None else str(part) for part in parts)
