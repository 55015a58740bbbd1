"""Lanes as a Numba type: ``Lanes(float32, 32)`` is LLVM's ``<32 x float>``.

LLVM splits it into the registers that the machine has (two of AVX-512, four of AVX2, eight of
NEON), so the kernels are written once. Each operation is one or two LLVM instructions.

Addresses are bytes where the caller steps through masks of bits, rows elsewhere. Nothing is
checked, and no index is taken from the end: whoever lays out the arrays sees to it that every
access lies inside.

Lanes may not pass through an ordinary jitted call (they would be returned through memory), and
no array may be an argument of an ``inline="always"`` function: the reference counting would be
a call inside the loop, and a call spills all vector registers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

__all__ = ["Lanes"]

_I1, _I64 = ir.IntType(1), ir.IntType(64)


class Lanes(types.Type):  # type: ignore[misc]  # Numba ships no types
    """``count`` numbers of ``dtype``."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(name=f"Lanes({dtype}, {count})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]  # Numba ships no types
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        number = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(number, lanes.count))


def _row(array: Any) -> Lanes:
    (field,) = array.dtype.fields.values()
    return Lanes(field.type.dtype, field.type.shape[0])


def _address(context: Any, builder: Any, kind: Any, array: Any, byte: Any, to: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    data = builder.bitcast(data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(data, [byte]), to.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]  # Numba ships no types
def load(typing: Any, rows: Any, i: Any) -> Any:
    """Row ``i``."""
    lanes = _row(rows)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(lanes)
        zero = ir.Constant(_I64, 0)
        first = _address(context, builder, signature.args[0], args[0], zero, vector)
        value = builder.load(builder.gep(first, [args[1]]))
        value.align = 1
        return value

    return lanes(rows, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def load_near(typing: Any, rows: Any, byte: Any, i: Any, like: Any) -> Any:
    """Row ``i`` of those that start at a byte, the part of the address that a loop keeps.

    Rows of small integers are widened to the type of ``like``.
    """
    lanes = _row(rows)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(lanes)
        first = _address(context, builder, signature.args[0], args[0], args[1], vector)
        value = builder.load(builder.gep(first, [args[2]]))
        value.align = 1
        if lanes.dtype == like.dtype:
            return value
        return builder.sext(value, context.get_value_type(like))

    return like(rows, types.int64, types.int64, like), generate


@intrinsic  # type: ignore[untyped-decorator]
def store(typing: Any, rows: Any, i: Any, value: Any) -> Any:
    """Write row ``i``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(value)
        zero = ir.Constant(_I64, 0)
        first = _address(context, builder, signature.args[0], args[0], zero, vector)
        builder.store(args[2], builder.gep(first, [args[1]])).align = 1
        return context.get_dummy_value()

    return types.void(rows, types.int64, value), generate


def _elementwise(real: str, integer: str) -> Any:
    def operation(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            name = real if isinstance(a.dtype, types.Float) else integer
            return getattr(builder, name)(args[0], args[1])

        return a(a, b), generate

    return operation


add = intrinsic(_elementwise("fadd", "add"))
sub = intrinsic(_elementwise("fsub", "sub"))
product = intrinsic(_elementwise("fmul", "mul"))


@intrinsic  # type: ignore[untyped-decorator]
def zero(typing: Any, like: Any) -> Any:
    """Zeros of the type of ``like``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(context.get_value_type(like), None)

    return like(like), generate


@intrinsic  # type: ignore[untyped-decorator]
def spread(typing: Any, number: Any, like: Any) -> Any:
    """The same number in every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.Constant(context.get_value_type(like), ir.Undefined)
        vector = builder.insert_element(vector, args[0], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), like.count), None)
        return builder.shuffle_vector(vector, vector, zeros)

    return like(like.dtype, like), generate


def _compare(builder: Any, lanes: Lanes, operator: str, a: Any, b: Any) -> Any:
    if isinstance(lanes.dtype, types.Float):
        return builder.fcmp_ordered(operator, a, b)
    return builder.icmp_signed(operator, a, b)


def _bound(operator: str) -> Any:
    def operation(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            mask = _compare(builder, a, operator, args[0], args[1])
            return builder.select(mask, args[0], args[1])

        return a(a, b), generate

    return operation


lower = intrinsic(_bound("<"))  # the smaller of two
upper = intrinsic(_bound(">"))  # the larger


def _mask(lanes: Lanes) -> Any:
    return {8: types.uint8, 16: types.uint16, 32: types.uint32, 64: types.uint64}[lanes.count]


@intrinsic  # type: ignore[untyped-decorator]
def at_least(typing: Any, a: Any, b: Any) -> Any:
    """One bit per lane: a >= b."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mask = _compare(builder, a, ">=", args[0], args[1])
        return builder.bitcast(mask, ir.IntType(a.count))

    return _mask(a)(a, b), generate


@intrinsic  # type: ignore[untyped-decorator]
def choose(typing: Any, bits: Any, a: Any, b: Any) -> Any:
    """a in the lanes whose bit is set, b in the others."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mask = builder.bitcast(args[0], ir.VectorType(_I1, a.count))
        return builder.select(mask, args[1], args[2])

    return a(_mask(a), a, b), generate


@intrinsic  # type: ignore[untyped-decorator]
def bits_of(typing: Any, number: Any, like: Any) -> Any:
    """The low bits of a word, one for each lane of ``like``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return args[0] if like.count == 64 else builder.trunc(args[0], ir.IntType(like.count))

    return _mask(like)(types.uint64, like), generate


@intrinsic  # type: ignore[untyped-decorator]
def word(typing: Any, masks: Any, byte: Any, keep: Any) -> Any:
    """Those of the 64 bits from a byte on that are kept, whatever its alignment."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_address(context, builder, signature.args[0], args[0], args[1], _I64))
        value.align = 1
        return builder.and_(value, args[2])

    return types.uint64(masks, types.int64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def put(typing: Any, masks: Any, byte: Any, bits: Any, like: Any) -> Any:
    """Write one bit for each lane of ``like`` from a byte on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(bits)
        to = _address(context, builder, signature.args[0], args[0], args[1], kind)
        builder.store(args[2], to).align = 1
        return context.get_dummy_value()

    return types.void(masks, types.int64, _mask(like), like), generate


@intrinsic  # type: ignore[untyped-decorator]
def without_first(typing: Any, number: Any) -> Any:
    """A word without its lowest set bit; zero stays zero."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.and_(args[0], builder.sub(args[0], ir.Constant(_I64, 1)))

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def moved(typing: Any, number: Any, right: Any, left: Any) -> Any:
    """The word shifted right, then left."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.shl(builder.lshr(args[0], args[1]), args[2])

    return types.uint64(types.uint64, types.int64, types.int64), generate


def _count(name: str, *extra: Any) -> Any:
    def operation(typing: Any, number: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = ir.FunctionType(_I64, [_I64, *(constant.type for constant in extra)])
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            return builder.call(function, [args[0], *extra])

        return types.int64(types.uint64), generate

    return operation


count_ones = intrinsic(_count("llvm.ctpop.i64"))
first_one = intrinsic(_count("llvm.cttz.i64", ir.Constant(_I1, 0)))  # 64 for a word of zeros
