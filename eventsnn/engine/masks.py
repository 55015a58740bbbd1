"""Where the bits of spikes are: an image row, its ticks, its pixels, their channels.

Bits stand ``masks[y][tick][x][channel]``, channels last and padded, with a border of zeros as
wide as the windows of all consumers reach, so that a window needs no test. All ticks of an
image row lie together; an image row of a tick is whole 64-bit words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eventsnn.engine.composed import Composed, Image

__all__ = ["Border", "Place", "Span", "allocate", "border_of", "ceil_div", "padded_channels"]

_LINE = 64  # bytes of a cache line


def ceil_div(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


def padded_channels(channels: int) -> int:
    """Bits of a pixel."""
    for size in (8, 16, 32):
        if channels <= size:
            return size
    return ceil_div(channels, 64) * 64


@dataclass(frozen=True)
class Border:
    """Rows and columns of zeros around an image."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    def __or__(self, other: Border) -> Border:
        """Wide enough for both."""
        return Border(
            max(self.top, other.top),
            max(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


def border_of(op: Composed, source: Image, target: Image) -> Border:
    """What the windows see of the source's outside."""
    ends = []
    for axis in (0, 1):
        reach = (op.weight.shape[-2 + axis] - 1) * op.dilation[axis] + 1
        last = (target[1 + axis] - 1) * op.stride[axis] - op.padding[axis] + reach
        ends.append(max(0, last - source[1 + axis]))
    return Border(op.padding[0], op.padding[1], ends[0], ends[1])


@dataclass(frozen=True)
class Place:
    """Where a node's bits are.

    Attributes:
        image: channels, rows, columns.
        bits: of a pixel.
        border: around the image.
        columns: of a row, borders and whole tiles included.
        history: ticks kept from the part before, for delayed links.
        ticks: of a part.
        base: the first byte.
    """

    image: Image
    bits: int
    border: Border
    columns: int
    history: int
    ticks: int
    base: int = 0

    @property
    def row_bytes(self) -> int:
        """Of one image row in one tick."""
        return ceil_div(self.columns * self.bits, 64) * 8

    @property
    def stride(self) -> int:
        """Ticks that are stored; the kernel looks at four at once."""
        return self.history + ceil_div(self.ticks, 4) * 4

    @property
    def line(self) -> int:
        """Bytes from one image row to the next."""
        return self.stride * self.row_bytes

    @property
    def rows(self) -> int:
        """Of the image and its border."""
        return self.border.top + self.image[1] + self.border.bottom

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return self.rows * self.line

    def at(self, y: int, x: int) -> int:
        """The byte of a pixel in tick 0 of a part; may lie in the border."""
        pixel = (x + self.border.left) * self.bits // 8
        return self.base + (y + self.border.top) * self.line + self.history * self.row_bytes + pixel


@dataclass(frozen=True)
class Span:
    """How long a node's bits are needed: from one step of the plan to another, both included."""

    size: int
    first: int
    last: int


def allocate(spans: Iterable[Span]) -> tuple[list[int], int]:
    """The first byte of each span, and the bytes of all: places are used again when free.

    First fit, in the order given. A chain of equal layers needs two places, one with
    shortcuts three, whatever its length.
    """
    taken: list[tuple[int, int, Span]] = []
    starts = []
    for span in spans:
        size = ceil_div(span.size, _LINE) * _LINE
        at = 0
        for start, stop, other in sorted(taken, key=lambda entry: entry[0]):
            if other.last < span.first or other.first > span.last:
                continue
            if at + size <= start:
                break
            at = max(at, stop)
        taken.append((at, at + size, span))
        starts.append(at)
    return starts, max((stop for _, stop, _ in taken), default=0)
