"""Operations that put elements elsewhere: joins, picks, borders, permutations, repetitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from converters.ann import ops
from converters.intake.pytorch.call import Call, array, as_value, fixed
from converters.intake.pytorch.pointwise import lookup
from converters.intake.pytorch.refusal import Refusal
from converters.intake.pytorch.value import Value, joined

__all__ = ["HANDLERS"]

#: Functions that return elements of their arguments, and zeros.
_MOVES = [
    "index_select",
    "flip",
    "roll",
    "repeat",
    "tile",
    "pixel_shuffle",
    "pixel_unshuffle",
    "channel_shuffle",
    "reflection_pad1d",
    "reflection_pad2d",
    "replication_pad1d",
    "replication_pad2d",
    "upsample_nearest1d",
    "upsample_nearest2d",
    "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d",
    "im2col",
    "stack",
    "slice_scatter",
    "select_scatter",
    "diagonal_scatter",
    "constant_pad_nd",
    "index_put",
    "gather",
    "take",
    "rot90",
    "tril",
    "triu",
    "repeat_interleave",
    "permute_copy",
    "expand_copy",
    "view_copy",
    "slice_copy",
    "native_channel_shuffle",
    "as_strided_copy",
]


def _moved(call: Call, *args: Any, **kwargs: Any) -> Value:
    """Run the operation on the numbers of the elements instead of the elements."""
    values: list[Value] = []
    count = 1  # 0 is what PyTorch fills in

    def numbered(x: Any, position: int) -> Any:
        nonlocal count
        if isinstance(x, list | tuple):
            return type(x)(numbered(item, position) for item in x)
        if isinstance(x, torch.Tensor) and position not in _data_positions(call):
            return x
        if not isinstance(x, Value | torch.Tensor):
            return x
        value = as_value(x)
        values.append(value.reshaped((value.size,)))
        count += value.size
        numbers = np.arange(count - value.size, count, dtype=np.float64)
        return torch.from_numpy(numbers.reshape(value.shape))

    fill = 0.0
    given = list(args)
    if "constant_pad" in str(call.function) and len(given) > 2:
        fill, given[2] = float(given[2]), 0
    if "value" in kwargs:
        fill = float(kwargs.pop("value"))
    given = [numbered(x, position) for position, x in enumerate(given)]
    numbers = call.function(*given, **kwargs)
    table = joined([as_value(fill).reshaped((1,)), *values])
    positions = np.round(numbers.numpy()).astype(np.int64)
    return table.taken(positions)


def _data_positions(call: Call) -> set[int]:
    """Which arguments are elements, not places of elements."""
    name = str(call.function)
    if "index_put" in name:
        return {0, 2}
    if any(word in name for word in ("slice_scatter", "select_scatter", "diagonal_scatter")):
        return {0, 1}
    return {0}


def _cat(call: Call, tensors: Sequence[Any], dim: int = 0) -> Value:
    """Along channels, a node; along anything else, a choice of elements."""
    parts = [as_value(x) for x in tensors if not (hasattr(x, "shape") and tuple(x.shape) == (0,))]
    if len(parts) == 1:
        return parts[0]
    rank = len(parts[0].shape)
    nodes_only = dim % rank == 1 and rank in {2, 3, 4}
    if nodes_only and all(call.graph.whole(part) is not None for part in parts):
        nodes = [call.graph.node(part) for part in parts]
        made = call.graph.add(ops.Concat(), *nodes, name=call.name)
        return call.graph.value(made, call.shape)
    starts = np.cumsum([0, *(part.size for part in parts)])
    positions = [
        np.arange(part.size).reshape(part.shape) + start
        for part, start in zip(parts, starts, strict=False)
    ]
    return joined(parts).taken(np.concatenate(positions, axis=dim))


def _index(call: Call, x: Any, indices: Sequence[Any]) -> Value:
    """By constant places; or a constant table by steps of a value."""
    if fixed(*indices):
        return _moved(call, x, list(indices))
    if fixed(x) and len(indices) == 1:
        return lookup(call, x, indices[0])
    raise Refusal("picks elements by the image's own values", "pick by constants")


def _picked(call: Call, *args: Any, **kwargs: Any) -> Value:
    if not fixed(*args[1:]) and fixed(args[0]) and len(args) == 2:
        return lookup(call, array(args[0]).ravel(), args[1])
    places = [x for x in args[1:] if isinstance(x, Value)]
    if places and "scatter" not in str(call.function):
        raise Refusal("picks elements by the image's own values", "pick by constants")
    return _moved(call, *args, **kwargs)


def _embedding(call: Call, table: Any, x: Value, *_: Any) -> Value:
    if not fixed(table) or table.ndim != 2 or table.shape[1] != 1:
        raise Refusal("looks up a vector for a number", "feed numbers, not places in a table")
    return lookup(call, table[:, 0], x).reshaped(call.shape)


HANDLERS: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(_MOVES, _moved),
    "cat": _cat,
    "index": _index,
    "_unsafe_index": _index,
    "gather": _picked,
    "take": _picked,
    "embedding": _embedding,
}
