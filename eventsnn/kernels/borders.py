"""Where fused and queued layers meet: bits become events, and events bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsnn.kernels.jit import entry_point
from eventsnn.kernels.lanes import first_one, without_first, word
from eventsnn.kernels.tables import EMISSIONS, MINUS_ONE, POOL_SIZE

__all__ = ["emit_bits", "set_bits"]

_ALL = -1  # every bit of a word


@entry_point
def set_bits(
    pool: Any,
    emission: int,
    end: int,
    masks: Any,
    at: int,
    line: int,
    row_bytes: int,
    bits: int,
    channels: int,
    width: int,
) -> int:
    """Set the bits of an emission and of those after it, as long as they are before ``end``.

    ``at`` is the byte of pixel 0 in tick 0 of the run. Returns the last emission of which the
    bits were set, -1 where there was none.
    """
    last: Any = MINUS_ONE
    while emission >= 0 and pool.emissions[emission].tick < end:
        start = at + pool.emissions[emission].tick * row_bytes
        for k in range(pool.emissions[emission].start, pool.emissions[emission].stop):
            pixel, channel = divmod(np.int64(pool.index[k]), channels)
            y, x = divmod(pixel, width)
            bit = x * bits + channel
            byte = start + y * line + (bit >> 3)
            masks[byte] = masks[byte] | np.uint8(1 << (bit & 7))
        last = np.int64(emission)
        emission = pool.emissions[emission].next
    return last  # type: ignore[no-any-return]  # an int64


@entry_point
def emit_bits(
    state: Any,
    pool: Any,
    node: int,
    begin: int,
    ticks: int,
    masks: Any,
    at: int,
    line: int,
    row_bytes: int,
    rows: int,
    bits: int,
    channels: int,
    border: int,
    width: int,
) -> None:
    """Append the spikes of a node in ``ticks`` ticks from ``begin`` on as emissions.

    ``at`` is the byte of the image's first row in the first of these ticks, with the ``border``
    (in bits) before it; ``width`` is in pixels. The caller has made sure that the pool has room.
    """
    registers = state.registers
    for tick in range(ticks):
        first = registers[POOL_SIZE]
        stop = first
        for y in range(rows):
            start = at + y * line + tick * row_bytes
            for byte in range(0, row_bytes, 8):
                here = word(masks, start + byte, _ALL)
                while here:
                    bit = 8 * byte + first_one(here) - border
                    pixel, channel = divmod(bit, bits)
                    pool.index[stop] = (y * width + pixel) * channels + channel
                    stop += 1
                    here = without_first(here)
        if stop == first:
            continue
        emission = registers[EMISSIONS]
        registers[EMISSIONS] = emission + 1
        registers[POOL_SIZE] = stop
        pool.emissions[emission].tick = begin + tick
        pool.emissions[emission].start = first
        pool.emissions[emission].stop = stop
        pool.emissions[emission].amplitude = 1.0
        pool.emissions[emission].next = -1
        if pool.amplitude.size:
            pool.amplitude[first:stop] = 1
        if state.nodes[node].emission_head < 0:
            state.nodes[node].emission_head = emission
        else:
            pool.emissions[state.nodes[node].emission_tail].next = emission
        state.nodes[node].emission_tail = emission
        state.nodes[node].emission_count += 1
