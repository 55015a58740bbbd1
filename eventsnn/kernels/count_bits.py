"""Counting spikes while they are bits: fan-outs of a node's spikes, tick by tick."""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsnn.kernels import fused_tables as f
from eventsnn.kernels.jit import entry_point
from eventsnn.kernels.lanes import count_ones

__all__ = ["count_bits"]


@entry_point
def count_bits(
    masks: Any,
    counter: Any,
    row_class: Any,
    classes: Any,
    planes: Any,
    ticks: int,
    sums: Any,
    out: Any,
) -> int:
    """Write, for each tick, the sum over spikes of their fan-outs to ``out``; returns the total.

    The fan-out of the neuron at a bit of an image row is ``factor sum_k 2^k plane_k[bit]``, with
    planes that rows of the image share: bit planes of a number per bit, so that one population
    count adds those of 64 spikes, exactly. ``sums`` is scratch, one number for each word of all
    ticks; the inner loop runs over it, element by element.
    """
    words, rows = counter[f.COUNTER_WORDS], counter[f.COUNTER_ROWS]
    line, base = counter[f.COUNTER_LINE], counter[f.COUNTER_BASE]
    each = words * counter[f.COUNTER_REPEAT]
    size = words * ticks
    sums[:size] = 0
    for y in range(rows):
        k = row_class[counter[f.COUNTER_CLASS] + y]
        if k < 0:
            continue
        first = base + y * line
        here = masks[first : first + 8 * size].view(np.uint64)
        for digit in range(classes[k, f.PLANE_DIGITS]):
            start = classes[k, f.PLANE_START] + digit * each
            plane = planes[start : start + each]
            factor = classes[k, f.PLANE_FACTOR] << digit
            for chunk in range(0, size, each):
                stop = min(chunk + each, size)
                some, to = here[chunk:stop], sums[chunk:stop]
                for i in range(stop - chunk):
                    to[i] += count_ones(some[i] & plane[i]) * factor
    total: Any = np.int64(0)
    for tick in range(ticks):
        out[tick] = 0
        for i in range(tick * words, tick * words + words):
            out[tick] += sums[i]
        total += out[tick]
    return total  # type: ignore[no-any-return]  # an int64
