"""Faults of fused layers: masks, tiles, ticks, parts and counts."""

from __future__ import annotations

from planted_faults.fault import Fault

__all__ = ["FUSED"]

FUSED = {
    "the border of a window is one column short": Fault(
        "eventsnn/engine/masks.py",
        "ends.append(max(0, last - source[1 + axis]))",
        "ends.append(max(0, last - source[1 + axis] - 1))",
    ),
    "the word of a segment begins one pixel late": Fault(
        "eventsnn/engine/segments.py",
        "bit = np.broadcast_to(-px * bits_in + _WORD",
        "bit = np.broadcast_to((1 - px) * bits_in + _WORD",
    ),
    "lanes beyond the image spike": Fault(
        "eventsnn/engine/segments.py",
        "column < self.image[2]",
        "column <= self.image[2]",
    ),
    "padded channels spike": Fault(
        "eventsnn/engine/parameters.py",
        "threshold=add(threshold, most)",
        "threshold=add(threshold, least)",
    ),
    "the third and the fourth tick change places": Fault(
        "eventsnn/kernels/fused.py",
        "                        b = c\n                        c = d",
        "                        b = d\n                        d = c",
    ),
    "no row of zeros behind the rows of a word": Fault(
        "eventsnn/engine/segments.py",
        "whole[..., :_WORD, :] = cut.transpose(3, 0, 1, 2, 4)",
        "whole[..., :_WORD, :] = cut.transpose(3, 0, 1, 2, 4)\n"
        "    whole[..., _WORD, :] = whole[..., 0, :]",
    ),
    "the ceiling is not applied": Fault(
        "eventsnn/kernels/fused.py",
        "potential = lower(upper(potential, low), high)",
        "potential = upper(potential, low)",
    ),
    "a tick between two parts is left out": Fault(
        "eventsnn/engine/fused_run.py",
        "            begin = min(begin + PART, stop)",
        "            begin = min(begin + PART, stop) + (begin + PART < stop)",
    ),
    "potentials are lost between parts": Fault(
        "eventsnn/kernels/fused.py",
        "                if fresh:\n                    potential",
        "                if fresh or each:\n                    potential",
    ),
    "delayed spikes are lost between parts": Fault(
        "eventsnn/engine/fused_run.py",
        "ticks[:, : place.history] = ticks",
        "ticks[:, : place.history] = 0 * ticks",
    ),
    "bits of the part before stay": Fault(
        "eventsnn/engine/fused_run.py",
        "[:, place.history :] = 0",
        "[:, place.history : place.history] = 0",
    ),
    "a plane of a fan-out weighs half": Fault(
        "eventsnn/kernels/count_bits.py",
        "factor = classes[k, f.PLANE_FACTOR] << digit",
        "factor = classes[k, f.PLANE_FACTOR] << (digit >> (digit > 1))",
    ),
    "spikes that arrive after the end are counted": Fault(
        "eventsnn/engine/tallies.py",
        "self.points[None] - self.delay[:, None] - begin",
        "self.points[None] - begin",
    ),
    "links add in another order": Fault(
        "eventsnn/kernels/fused.py",
        "                    for link in range(links):\n                        start",
        "                    for link in range(links - 1, -1, -1):\n                        start",
    ),
    "a shortcut shifts its channels": Fault(
        "eventsnn/engine/segments.py",
        "start, left = max(low, 0), max(-low, 0)",
        "start, left = max(low, 0), max(-low - 1, 0)",
    ),
}
