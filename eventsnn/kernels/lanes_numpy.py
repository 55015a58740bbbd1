"""The slow twin of `eventsnn.kernels.lanes_llvm`: lanes are NumPy arrays, masks Python integers.

What runs under ``NUMBA_DISABLE_JIT=1``. Unlike the compiled lanes it checks every access.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "add",
    "at_least",
    "bits_of",
    "choose",
    "count_ones",
    "first_one",
    "load",
    "load_near",
    "lower",
    "moved",
    "product",
    "put",
    "spread",
    "store",
    "sub",
    "upper",
    "without_first",
    "word",
    "zero",
]

Lanes = NDArray[Any]
_WORD = (1 << 64) - 1


def load(rows: Any, i: int) -> Lanes:
    """Row ``i``."""
    assert i >= 0
    return np.array(rows["lane"][i])


def load_near(rows: Any, byte: int, i: int, like: Lanes) -> Lanes:
    """Row ``i`` of those that start at a byte, in the type of ``like``."""
    first, rest = divmod(int(byte), rows.itemsize)
    assert rest == 0
    return load(rows, first + int(i)).astype(like.dtype)


def store(rows: Any, i: int, value: Lanes) -> None:
    """Write row ``i``."""
    assert i >= 0
    rows["lane"][i] = value


def add(a: Lanes, b: Lanes) -> Lanes:
    """a + b."""
    return np.asarray(a + b)


def sub(a: Lanes, b: Lanes) -> Lanes:
    """a - b."""
    with np.errstate(invalid="ignore"):  # lanes outside the image may hold anything
        return np.asarray(a - b)


def product(a: Lanes, b: Lanes) -> Lanes:
    """a b, lane by lane."""
    return np.asarray(a * b)


def zero(like: Lanes) -> Lanes:
    """Zeros of the type of ``like``."""
    return np.zeros_like(like)


def spread(number: Any, like: Lanes) -> Lanes:
    """The same number in every lane."""
    return np.full_like(like, number)


def lower(a: Lanes, b: Lanes) -> Lanes:
    """The smaller of two."""
    return np.where(a < b, a, b)


def upper(a: Lanes, b: Lanes) -> Lanes:
    """The larger of two."""
    return np.where(a > b, a, b)


def at_least(a: Lanes, b: Lanes) -> int:
    """One bit per lane: a >= b."""
    return int.from_bytes(np.packbits(a >= b, bitorder="little").tobytes(), "little")


def choose(bits: int, a: Lanes, b: Lanes) -> Lanes:
    """a in the lanes whose bit is set, b in the others."""
    return np.where([bits >> lane & 1 for lane in range(a.size)], a, b)


def bits_of(number: Any, like: Lanes) -> int:
    """The low bits of a word, one for each lane of ``like``."""
    return int(number) & ((1 << like.size) - 1)


def word(masks: NDArray[np.uint8], byte: int, keep: int) -> int:
    """Those of the 64 bits from a byte on that are kept."""
    assert 0 <= byte <= masks.size - 8
    return int.from_bytes(masks[byte : byte + 8].tobytes(), "little") & int(keep) & _WORD


def put(masks: NDArray[np.uint8], byte: int, bits: int, like: Lanes) -> None:
    """Write one bit for each lane of ``like`` from a byte on."""
    size = like.size // 8
    assert 0 <= byte <= masks.size - size
    masks[byte : byte + size] = np.frombuffer(int(bits).to_bytes(size, "little"), np.uint8)


def without_first(number: Any) -> int:
    """A word without its lowest set bit; zero stays zero."""
    bits = int(number)
    return bits & (bits - 1) if bits else 0


def moved(number: int, right: int, left: int) -> int:
    """The word shifted right, then left."""
    return (number >> int(right) << int(left)) & _WORD


def count_ones(number: Any) -> int:
    """How many bits are set."""
    return int(number).bit_count()


def first_one(number: Any) -> int:
    """The place of the lowest set bit; 64 for a word of zeros."""
    bits = int(number)
    return (bits & -bits).bit_length() - 1 if bits else 64
