"""Element by element: sums and products with constants, rectifiers, steps, choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from converters.ann import ops
from converters.intake.pytorch.call import Call, array, as_value, fixed
from converters.intake.pytorch.piecewise import Piecewise, TooManyPieces, constant
from converters.intake.pytorch.refusal import Refusal
from converters.intake.pytorch.value import Value, joined

__all__ = ["HANDLERS", "PRODUCT", "least", "lookup"]

PRODUCT = Refusal(
    "multiplies two values that depend on the image; a synapse multiplies by a constant",
    "leave out gates and attention, or train without them",
)
_CURVED = Refusal(
    "is not a rectifier: the rate of a spiking neuron is min(max(x, 0), maximum), perhaps in steps",
    "replace it by ReLU, ReLU6 or a clamp and train again",
)


def _function(call: Call, rule: Callable[..., Piecewise], *operands: Any) -> Value:
    """``rule`` of functions of the same elements."""
    values = [as_value(x).broadcast(call.shape) for x in operands]
    try:
        return call.graph.forms.mapped(values, rule, call.name)
    except TooManyPieces:
        raise _CURVED from None
    except ValueError:
        raise Refusal(
            "compares or chooses between two values that depend on the image",
            "use sums, rectifiers and max pooling",
        ) from None


def _add(call: Call, x: Any, y: Any, *, alpha: float = 1) -> Value:
    if fixed(y):
        return as_value(x).broadcast(call.shape).affine(1.0, array(y) * alpha, call.name)
    if fixed(x):
        return as_value(y).broadcast(call.shape).affine(alpha, array(x), call.name)
    x, y = (v.broadcast(call.shape) for v in (x, y))
    if alpha != 1:
        y = y.affine(alpha, 0.0, call.name)
    try:
        return call.graph.forms.mapped([x, y], Piecewise.plus, call.name)
    except TooManyPieces:
        raise _CURVED from None
    except ValueError:  # of different elements: a sum of two nodes
        a, b = call.graph.node(x), call.graph.node(y)
    return call.graph.value(call.graph.add(ops.Add(), a, b, name=call.name), call.shape)


def _sub(call: Call, x: Any, y: Any, *, alpha: float = 1) -> Value:
    return _add(call, x, y, alpha=-alpha)


def _rsub(call: Call, x: Any, y: Any, alpha: float = 1) -> Value:
    return _add(call, y, x, alpha=-alpha)


def _mul(call: Call, x: Any, y: Any) -> Value:
    if fixed(y):
        return as_value(x).broadcast(call.shape).affine(array(y), 0.0, call.name)
    if fixed(x):
        return as_value(y).broadcast(call.shape).affine(array(x), 0.0, call.name)
    try:
        return call.graph.forms.mapped(
            [x.broadcast(call.shape), y.broadcast(call.shape)], Piecewise.times, call.name
        )
    except (TooManyPieces, ValueError):
        raise PRODUCT from None


def _div(call: Call, x: Any, y: Any, *, rounding_mode: str | None = None) -> Value:
    if not fixed(y):
        raise Refusal("divides by a value that depends on the image", "divide by a constant")
    if np.any(array(y) == 0):
        raise Refusal("divides by zero", "check the constant")
    quotient: Value = x.broadcast(call.shape).affine(
        1 / array(y).astype(np.float64), 0.0, call.name
    )
    if rounding_mode is None:
        return quotient
    rule = np.floor if rounding_mode == "floor" else np.trunc
    return _function(call, lambda f: f.rounded(rule), quotient)


def _floor_divide(call: Call, x: Any, y: Any) -> Value:
    return _div(call, x, y, rounding_mode="floor")


def _addcmul(call: Call, x: Any, a: Any, b: Any, *, value: float = 1) -> Value:
    if fixed(a, b):
        return _add(call, x, value * array(a) * array(b))
    return _add(call, x, _mul(call, a, b), alpha=value)


def _lerp(call: Call, x: Any, y: Any, weight: Any) -> Value:
    if not fixed(weight):
        raise PRODUCT
    w = array(weight)
    kept = array(x) * (1 - w) if fixed(x) else x.broadcast(call.shape).affine(1 - w, 0.0, call.name)
    return _add(call, kept, array(y) * w if fixed(y) else y.broadcast(call.shape).affine(w, 0, ""))


def _neg(call: Call, x: Value) -> Value:
    return x.affine(-1.0, 0.0, call.name)


def _relu(call: Call, x: Value) -> Value:
    return _function(call, lambda f: f.maximum(constant(0.0)), x)


def _hardtanh(call: Call, x: Value, low: float = -1.0, high: float = 1.0) -> Value:
    return _clamp(call, x, low, high)


def _relu6(call: Call, x: Value) -> Value:
    return _clamp(call, x, 0.0, 6.0)


def _clamp(call: Call, x: Any, min: Any = None, max: Any = None) -> Value:  # noqa: A002 - PyTorch's names
    if min is not None:
        x = _function(call, Piecewise.maximum, x, min)
    return x if max is None else _function(call, Piecewise.minimum, x, max)


def _clamp_max(call: Call, x: Any, max: Any) -> Value:  # noqa: A002 - same
    return _clamp(call, x, None, max)


def _minimum(call: Call, x: Any, y: Any) -> Value:
    return _function(call, Piecewise.minimum, x, y)


def _maximum(call: Call, x: Any, y: Any) -> Value:
    return _function(call, Piecewise.maximum, x, y)


def _threshold(call: Call, x: Value, threshold: float, value: float) -> Value:
    def rule(f: Piecewise) -> Piecewise:
        above = f.compared(constant(threshold), np.greater)
        return above.times(f).plus(above.affine(-value, value))

    return _function(call, rule, x)


def _abs(call: Call, x: Value) -> Value:
    return _function(call, lambda f: f.maximum(f.affine(-1, 0)), x)


def _sign(call: Call, x: Value) -> Value:
    def rule(f: Piecewise) -> Piecewise:
        zero = constant(0.0)
        return f.compared(zero, np.greater).plus(f.compared(zero, np.less).affine(-1, 0))

    return _function(call, rule, x)


def _rounding(rule: Any) -> Callable[..., Value]:
    def handler(call: Call, x: Value, *, decimals: int = 0) -> Value:
        factor = 10.0**decimals
        return _function(call, lambda f: f.affine(factor, 0).rounded(rule).affine(1 / factor, 0), x)

    return handler


def _comparison(relation: Any) -> Callable[..., Value]:
    def handler(call: Call, x: Any, y: Any) -> Value:
        return _function(call, lambda f, g: f.compared(g, relation), x, y)

    return handler


def _where(call: Call, condition: Any, x: Any = 0.0, y: Any = 0.0) -> Value:
    if fixed(condition):
        return _masked(call, array(condition).astype(bool), as_value(x), as_value(y))

    def rule(c: Piecewise, f: Piecewise, g: Piecewise) -> Piecewise:
        return c.times(f).plus(c.affine(-1, 1).times(g))

    return _function(call, rule, condition, x, y)


def _masked(call: Call, mask: Any, x: Value, y: Value) -> Value:
    both = joined([x.broadcast(call.shape), y.broadcast(call.shape)])
    size = both.size // 2
    mask = np.broadcast_to(mask, call.shape)
    return both.taken(np.arange(size).reshape(call.shape) + np.where(mask, 0, size))


def _masked_fill(call: Call, x: Any, mask: Any, value: Any) -> Value:
    return _where(call, mask, value, x)


def _logical_not(call: Call, x: Value) -> Value:
    return _function(call, lambda f: f.compared(constant(0.0), np.equal), x)


def _bucketize(
    call: Call,
    x: Value,
    boundaries: Any,
    *,
    out_int32: bool = False,  # noqa: ARG001 - of the result's type
    right: bool = False,
) -> Value:
    edges = array(boundaries).astype(np.float64).ravel()
    relation = np.greater_equal if right else np.greater

    def rule(f: Piecewise) -> Piecewise:
        total = constant(0.0)
        for edge in edges:
            total = total.plus(f.compared(constant(float(edge)), relation))
        return total

    return _function(call, rule, x)


def _searchsorted(
    call: Call, edges: Any, x: Value, *, right: bool = False, side: str | None = None, **_: Any
) -> Value:
    if not fixed(edges):
        raise _CURVED
    return _bucketize(call, x, edges, right=right or side == "right")


def lookup(call: Call, table: Any, x: Value) -> Value:
    """Entries of a constant table, by a value that takes whole numbers only."""
    entries = array(table).astype(np.float64)
    if entries.ndim != 1:
        raise _CURVED

    def rule(f: Piecewise) -> Piecewise:
        return f.mapped(lambda places: entries[np.round(places).astype(np.int64)])

    return _function(call, rule, x)


def least(call: Call, values: list[Value], *, largest: bool, place: bool) -> Value:
    """The smallest or largest of several functions of the same elements, or which it is."""

    def rule(*functions: Piecewise) -> Piecewise:
        best, where = functions[0], constant(0.0)
        for number, f in enumerate(functions[1:], start=1):
            relation = np.greater if largest else np.less
            better = f.compared(best, relation)
            where = better.affine(-1, 1).times(where).plus(better.affine(number, 0))
            best = best.maximum(f) if largest else best.minimum(f)
        return where if place else best

    return _function(call, rule, *values)


def _cast(call: Call, x: Value, *, dtype: Any = None, **_: Any) -> Value:
    """Whole numbers are cut off, true is 1; other types hold the same numbers."""
    kind = str(dtype)
    if kind in {"torch.int8", "torch.int16", "torch.int32", "torch.int64", "torch.uint8"}:
        return _function(call, lambda f: f.rounded(np.trunc), x)
    if kind == "torch.bool":
        return _function(call, lambda f: f.compared(constant(0.0), np.not_equal), x)
    return x


def _same(call: Call, x: Value, **_: Any) -> Value:  # noqa: ARG001 - called as any other
    return x


def _copy(call: Call, target: Any, source: Any, non_blocking: bool = False) -> Value:  # noqa: ARG001 - called as any other
    return as_value(source).broadcast(call.shape)


def _fill(call: Call, x: Any, value: Any = 0.0) -> Value:  # noqa: ARG001 - called as any other
    return as_value(value).broadcast(call.shape)


HANDLERS: dict[str, Callable[..., Value]] = {
    "add": _add,
    "sub": _sub,
    "rsub": _rsub,
    "mul": _mul,
    "div": _div,
    "floor_divide": _floor_divide,
    "addcmul": _addcmul,
    "lerp": _lerp,
    "neg": _neg,
    "relu": _relu,
    "relu6": _relu6,
    "hardtanh": _hardtanh,
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": _clamp_max,
    "minimum": _minimum,
    "maximum": _maximum,
    "threshold": _threshold,
    "abs": _abs,
    "sign": _sign,
    "sgn": _sign,
    "floor": _rounding(np.floor),
    "ceil": _rounding(np.ceil),
    "round": _rounding(np.round),
    "trunc": _rounding(np.trunc),
    "fix": _rounding(np.trunc),
    "gt": _comparison(np.greater),
    "ge": _comparison(np.greater_equal),
    "lt": _comparison(np.less),
    "le": _comparison(np.less_equal),
    "eq": _comparison(np.equal),
    "ne": _comparison(np.not_equal),
    "where": _where,
    "masked_fill": _masked_fill,
    "logical_not": _logical_not,
    "bitwise_not": _logical_not,
    "logical_and": _mul,
    "bitwise_and": _mul,
    "bucketize": _bucketize,
    "searchsorted": _searchsorted,
    "_to_copy": _cast,
    "clone": _same,
    "copy": _copy,
    "fill": _fill,
    "zero": _fill,
}
