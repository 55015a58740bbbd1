"""Links -> segments: the words of the sources that a tile looks at, and what their bits add.

Places are relative here: image rows and bits of a row. Where they are in bytes depends on the
number of ticks that a run keeps, see `eventsnn.engine.fused_layout`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.composed import Composed, Image, Taps, Window
from eventsnn.engine.masks import ceil_div, padded_channels
from eventsnn.kernels import fused_tables as f
from eventsnn.kernels.lanes import aligned_empty, row_type

__all__ = ["LANES", "Numbers", "Rows", "Segments", "Tiling", "link_segments"]

Array = NDArray[Any]

#: Lanes of a tile by the type of a potential: what was fastest, see benchmarks/NOTES.md.
LANES = {"float32": 32, "float64": 16, "int32": 32, "int16": 64}
_WORD = 64
_PIECE = 56  # bits that one word surely holds from any bit of its first byte on


@dataclass(frozen=True)
class Numbers:
    """The types of potentials and weights of a layer."""

    potential: str
    weight: str

    @property
    def lanes(self) -> int:
        """Of a tile."""
        return LANES[self.potential]


@dataclass(frozen=True)
class Tiling:
    """How a layer is cut: rows of ``lanes``, of ``pixels`` neighbors or one of ``blocks``.

    Attributes:
        image: of the layer.
        lanes: of a tile.
        bits: of a pixel.
        pixels: of a tile.
        blocks: of a pixel.
    """

    image: Image
    lanes: int
    bits: int
    pixels: int
    blocks: int

    @classmethod
    def of(cls, image: Image, lanes: int) -> Tiling:
        """The tiling of a layer."""
        bits = padded_channels(image[0])
        return cls(image, lanes, bits, max(1, lanes // bits), max(1, bits // lanes))

    @property
    def tiles(self) -> int:
        """Of an image row."""
        return ceil_div(self.image[2], self.pixels)

    @property
    def places(self) -> int:
        """Tiles of all rows and blocks."""
        return self.blocks * self.image[1] * self.tiles

    def per_block(self, per_channel: Array, padding: float) -> Array:
        """(channels,) -> (blocks, lanes)."""
        whole = np.full((self.pixels, self.bits), padding, dtype=np.float64)
        whole[:, : per_channel.size] = per_channel
        return whole.reshape(self.blocks, self.lanes)

    def per_place(self, values: Array, padding: float) -> Array:
        """(C, H, W) -> (places, lanes), by block, row, tile."""
        channels, height, width = self.image
        whole = np.full((height, self.tiles * self.pixels, self.bits), padding, dtype=np.float64)
        whole[:, :width, :channels] = values.transpose(1, 2, 0)
        cut = whole.reshape(height, self.tiles, self.blocks, self.lanes)
        return np.ascontiguousarray(cut.transpose(2, 0, 1, 3)).reshape(-1, self.lanes)

    def to_image(self, rows: Array) -> Array:
        """The inverse on the last two axes: (..., places, lanes) -> (..., C, H, W)."""
        channels, height, width = self.image
        lead = rows.shape[:-2]
        cut = rows.reshape(*lead, self.blocks, height, self.tiles, self.lanes)
        cut = np.moveaxis(cut, -4, -2)
        whole = cut.reshape(*lead, height, self.tiles * self.pixels, self.bits)
        return np.moveaxis(whole[..., :width, :channels], -1, -3)

    def valid(self) -> Array:
        """(tiles,) words: the lanes that lie in the image."""
        column = np.arange(self.tiles * self.pixels).reshape(self.tiles, self.pixels, 1)
        each = self.lanes // self.pixels
        inside = np.broadcast_to(column < self.image[2], (self.tiles, self.pixels, each))
        packed = np.packbits(inside.reshape(self.tiles, -1), axis=1, bitorder="little")
        padded = np.zeros((self.tiles, 8), dtype=np.uint8)
        padded[:, : packed.shape[1]] = packed
        return padded.view(np.uint64).ravel()


class Rows:
    """Rows of numbers, appended to."""

    def __init__(self, dtype: str, lanes: int) -> None:
        self.dtype, self._lanes = np.dtype(dtype), lanes
        self._pieces: list[Array] = []
        self.count = 0

    @property
    def row_bytes(self) -> int:
        """Of a row."""
        return self.dtype.itemsize * self._lanes

    def add(self, rows: Array) -> int:
        """The number of the first one."""
        first = self.count
        self._pieces.append(np.ascontiguousarray(rows, dtype=self.dtype).reshape(-1, self._lanes))
        self.count += len(self._pieces[-1])
        return first

    def array(self) -> Array:
        """All rows."""
        rows = aligned_empty((self.count, self._lanes), self.dtype)
        if self._pieces:
            np.concatenate(self._pieces, out=rows)
        return rows.view(row_type(self.dtype, self._lanes)).ravel()


@dataclass(frozen=True)
class Segments:
    """The segments of one link, the same number in each block.

    Attributes:
        kind: GATHER or LANE.
        row: (blocks, n), image row of the source that row 0 of the layer looks at.
        bit: of the source's image row, counted from pixel 0, where the word begins.
        row_step, bit_step: from one row, one tile to the next.
        keep, first, right, left: (blocks, n), see `eventsnn.kernels.fused_tables`.
    """

    kind: int
    row: Array
    bit: Array
    row_step: int
    bit_step: int
    keep: Array
    first: Array
    right: Array
    left: Array

    @property
    def count(self) -> int:
        """Of a block."""
        return int(self.row.shape[1])


def link_segments(
    op: Composed, source: Image, tiling: Tiling, weights: Rows, amplitudes: Rows
) -> Segments:
    """The segments of a link; its rows are appended to ``weights`` or ``amplitudes``."""
    if isinstance(op, Window):
        return _gathered(op, source, tiling, weights)
    return _selected(op, source, tiling, amplitudes)


def as_window(op: Composed, source: Image) -> Window:
    """Taps written out as a convolution, for values that are no bits."""
    if isinstance(op, Window):
        return op
    weight = np.zeros((len(op.weight), source[0], *op.weight.shape[1:]))
    channel = np.arange(op.channels)
    weight[op.before + channel, channel] = op.weight[op.before : op.before + op.channels]
    return Window(weight, op.stride, op.padding, op.dilation)


def _gathered(op: Window, source: Image, tiling: Tiling, weights: Rows) -> Segments:
    """Each spike in a window reaches all channels of its group: it adds a row of weights."""
    bits_in = padded_channels(source[0])
    rows = _window_rows(op, tiling, bits_in, weights.dtype)  # (blocks, k_y, words, 65, lanes)
    blocks, height, words = rows.shape[:3]
    used = np.ascontiguousarray(rows[..., :_WORD, :].any(axis=-1))  # (blocks, k_y, words, 64)
    keep = np.packbits(used, axis=-1, bitorder="little").view(np.int64)[..., 0]
    first, stored = _numbered(op, keep != 0, words)
    begin = weights.add(rows[stored])
    (sy, sx), (py, px), (dy, _) = op.stride, op.padding, op.dilation
    row = np.broadcast_to((np.arange(height) * dy - py)[:, None], (height, words))
    bit = np.broadcast_to(-px * bits_in + _WORD * np.arange(words), (height, words))
    chosen = [np.flatnonzero(keep[block].ravel()) for block in range(blocks)]
    most = max(one.size for one in chosen)

    def listed(values: Array) -> Array:
        """Those of each block, filled up with segments that keep no bit."""
        table = np.zeros((blocks, most), dtype=np.int64)
        for block, one in enumerate(chosen):
            table[block, : one.size] = np.broadcast_to(values, keep.shape)[block].ravel()[one]
        return table

    nothing = np.zeros((blocks, most), dtype=np.int64)
    return Segments(
        f.GATHER,
        listed(row),
        listed(bit),
        sy,
        tiling.pixels * sx * bits_in,
        listed(keep),
        listed((begin + first * (_WORD + 1)) * weights.row_bytes),
        nothing,
        nothing,
    )


def _numbered(op: Window, used: Array, words: int) -> tuple[Array, Array]:
    """The number of each word's rows among those stored, and which words are stored.

    Where all pixels of a window have the same weights and are whole words, those of its first
    pixel serve for all.
    """
    stored = used.copy()
    same = op.weight.strides[-2:] == (0, 0) and words % op.weight.shape[-1] == 0
    if same:
        each = words // op.weight.shape[-1]
        stored[:, 1:], stored[:, :, each:] = False, False
    number = np.zeros(used.shape, dtype=np.int64)
    number[stored] = np.arange(np.count_nonzero(stored))
    if same:
        number = np.broadcast_to(
            np.tile(number[:, :1, :each], (1, 1, op.weight.shape[-1])), used.shape
        )
    return number, stored


def _window_rows(op: Window, tiling: Tiling, bits_in: int, dtype: np.dtype[Any]) -> Array:
    """For each block, kernel row and word of what a tile's pixels see together: its rows.

    Those of its 64 bits, and one of zeros behind them.
    """
    c_out, per_group, height, width = op.weight.shape
    stride, dilation = op.stride[1], op.dilation[1]
    reach = (width - 1) * dilation + 1
    pixels = min(tiling.pixels, tiling.image[2])  # those beyond the image see nothing
    words = ceil_div(((pixels - 1) * stride + reach) * bits_in, _WORD)
    columns = ceil_div(words * _WORD, bits_in)
    rows = np.zeros((height, columns, bits_in, tiling.pixels, tiling.bits), dtype=dtype)
    for g in range(op.groups):
        out = slice(g * c_out // op.groups, (g + 1) * c_out // op.groups)
        source = slice(g * per_group, (g + 1) * per_group)
        taps = op.weight[out].transpose(2, 3, 1, 0)
        for i in range(pixels):
            seen = slice(i * stride, i * stride + reach, dilation)
            rows[:, seen, source, i, out] = taps
    cut = rows.reshape(height, columns * bits_in, tiling.blocks, tiling.lanes)
    cut = cut[:, : words * _WORD].reshape(height, words, _WORD, tiling.blocks, tiling.lanes)
    whole = np.zeros((tiling.blocks, height, words, _WORD + 1, tiling.lanes), dtype=dtype)
    whole[..., :_WORD, :] = cut.transpose(3, 0, 1, 2, 4)
    return whole


def _selected(op: Taps, source: Image, tiling: Tiling, amplitudes: Rows) -> Segments:
    """Each spike reaches its own channel only: the bits of a word select lanes of a row."""
    bits_in = padded_channels(source[0])
    (sy, sx), (py, px), (dy, dx) = op.stride, op.padding, op.dilation
    entries: list[list[tuple[int, ...]]] = [[] for _ in range(tiling.blocks)]
    adjacent = sx == 1 and bits_in == tiling.bits and op.before == 0  # one piece of many pixels
    pixels = min(tiling.pixels, tiling.image[2])
    for i in range(op.weight.shape[1]):
        for j in range(op.weight.shape[2]):
            rows = tiling.per_block(op.weight[:, i, j], 0.0)
            begin = amplitudes.add(rows)
            for block in range(tiling.blocks):
                low = block * tiling.lanes - op.before  # source channel of the first lane
                start, left = max(low, 0), max(-low, 0)
                count = min(op.channels - start, min(tiling.lanes, tiling.bits) - left)
                if count <= 0 or not np.any(rows[block]):
                    continue
                if adjacent:
                    pieces = [(0, tiling.lanes if pixels > 1 else count, left)]
                else:
                    pieces = [
                        (k * sx * bits_in, count, left + k * tiling.bits) for k in range(pixels)
                    ]
                for at, bits, lane in _short(pieces, start):
                    bit = (j * dx - px) * bits_in + start + at
                    keep = ((1 << bits) - 1) << bit % 8
                    keep -= 1 << 64 if keep >> 63 else 0
                    first = (begin + block) * amplitudes.row_bytes
                    entries[block].append((i * dy - py, bit - bit % 8, keep, first, bit % 8, lane))
    most = max(map(len, entries))
    table = np.zeros((tiling.blocks, most, 6), dtype=np.int64)
    for block, some in enumerate(entries):
        table[block, : len(some)] = np.array(some, dtype=np.int64).reshape(-1, 6)
    row, bit_of, kept, row_of, right, left_of = np.moveaxis(table, -1, 0)
    step = tiling.pixels * sx * bits_in
    return Segments(f.LANE, row, bit_of, sy, step, kept, row_of, right, left_of)


def _short(pieces: list[tuple[int, int, int]], start: int) -> list[tuple[int, int, int]]:
    """(first bit, bits, lane) in pieces that lie within the word from their byte on."""
    found = []
    for at, bits, lane in pieces:
        done = 0
        while done < bits:
            whole = (start + at + done) % 8 == 0
            some = min(bits - done, _WORD if whole else _PIECE)
            found.append((at + done, some, lane + done))
            done += some
    return found
