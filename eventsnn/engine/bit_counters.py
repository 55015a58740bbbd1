"""Fan-outs as bit planes, so that spikes are counted while they are bits.

Of each node: for every link into a fused layer a counter of its synops, one more without
weights of zero where there are any, and last a counter of the spikes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.fused_layers import FusedLayer
from eventsnn.engine.masks import Place
from eventsnn.kernels import fused_tables as f

__all__ = ["Counters"]

Array = NDArray[Any]
_WORDS = 256  # of a plane that is repeated for several ticks: long enough to be swift


@dataclass(frozen=True)
class Counters:
    """All counters of a layout.

    Attributes:
        table, row_class, classes, planes: see `eventsnn.kernels.fused_tables.FusedPlan`.
        of_node: first and end of each node's counters.
        spikes: the counter of each node's spikes.
        synops, effective: the counters of each plan link.
    """

    table: Array
    row_class: Array
    classes: Array
    planes: Array
    of_node: Mapping[int, tuple[int, int]]
    spikes: Mapping[int, int]
    synops: Mapping[int, int]
    effective: Mapping[int, int]

    @classmethod
    def of(
        cls,
        layers: Iterable[FusedLayer],
        places: Mapping[int, Place],
        fan_out: Mapping[int, Array],
        effective: Mapping[int, Array],
    ) -> Counters:
        """Counters of ``places``, by node; the fan-outs by plan link, in plan order."""
        leaving: dict[int, list[int]] = {node: [] for node in places}
        for layer in layers:
            for link in layer.links:
                leaving[link.source].append(link.link)
        builder = _Builder()
        of_node, spikes, synops, nonzero = {}, {}, {}, {}
        for node, place in places.items():
            begin = builder.count
            for number in leaving[node]:
                synops[number] = builder.add(place, fan_out[number])
                if number in effective:
                    nonzero[number] = builder.add(place, effective[number])
            ones = np.ones(math.prod(place.image), dtype=np.int64)
            spikes[node] = builder.add(place, ones)
            of_node[node] = begin, builder.count
        return cls(*builder.arrays(), of_node, spikes, synops, nonzero)


class _Builder:
    def __init__(self) -> None:
        self._rows: list[tuple[int, ...]] = []
        self._row_class: list[int] = []
        self._classes: list[tuple[int, int, int]] = []
        self._planes: list[Array] = []
        self._words = 0

    @property
    def count(self) -> int:
        return len(self._rows)

    def add(self, place: Place, fan_out: Array) -> int:
        """A counter of spikes at ``place``, each ``fan_out`` times; its number."""
        channels, height, width = place.image
        rows = np.asarray(fan_out, dtype=np.int64).reshape(height, width * channels)
        words = place.row_bytes // 8
        repeat = min(32, max(1, _WORDS // words))
        unique, which = np.unique(rows, axis=0, return_inverse=True)
        first = len(self._row_class)
        number = [self._class(place, row, repeat) for row in unique]
        self._row_class += [number[k] for k in np.ravel(which)]
        base = place.at(0, 0) - place.border.left * place.bits // 8
        self._rows.append((base, place.line, height, words, repeat, first))
        return len(self._rows) - 1

    def _class(self, place: Place, row: Array, repeat: int) -> int:
        factor = int(np.gcd.reduce(row))
        if factor == 0:
            return -1  # no spike of this row counts
        values = (row // factor).reshape(-1, place.image[0])
        digits = int(values.max()).bit_length()
        self._classes.append((self._words, digits, factor))
        start = place.border.left * place.bits
        for k in range(digits):
            bits = np.zeros((len(values), place.bits), dtype=np.uint8)
            bits[:, : place.image[0]] = values >> k & 1
            plane = np.zeros(place.row_bytes * 8, dtype=np.uint8)
            plane[start : start + bits.size] = bits.ravel()
            words = np.packbits(plane, bitorder="little").view(np.uint64)
            self._planes.append(np.tile(words, repeat))
            self._words += self._planes[-1].size
        return len(self._classes) - 1

    def arrays(self) -> tuple[Array, Array, Array, Array]:
        return (
            np.array(self._rows, dtype=np.int64).reshape(-1, f.COUNTER_COLUMNS),
            np.array(self._row_class, dtype=np.int64),
            np.array(self._classes, dtype=np.int64).reshape(-1, f.CLASS_COLUMNS),
            np.concatenate([np.zeros(0, dtype=np.uint64), *self._planes]),
        )
