"""N-MNIST recordings, which stay on disk until they are indexed.

An event has 5 bytes: x, y, then polarity (top bit) and time in microseconds (23 bits),
big-endian. A sensor of 34 x 34 pixels and two polarities makes shape (2, 34, 34), a tick
is a microsecond. Format: Orchard et al., Frontiers in Neuroscience 9:437 (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from eventsnn.errors import DataError
from eventsnn.signals.spikes import Spikes

__all__ = ["EVENT_BYTES", "EventRecordings", "read_recording"]

EVENT_BYTES = 5
_SENSOR = (2, 34, 34)


@dataclass(frozen=True)
class EventRecordings(Sequence[Spikes]):
    """Files that are read where they are indexed, so any number of them is fine."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, key: int) -> Spikes: ...
    @overload
    def __getitem__(self, key: slice) -> list[Spikes]: ...
    def __getitem__(self, key: int | slice) -> Spikes | list[Spikes]:
        if isinstance(key, slice):
            return [read_recording(path) for path in self.paths[key]]
        return read_recording(self.paths[key])

    def head(self, count: int) -> EventRecordings:
        """The first ``count`` of these."""
        return EventRecordings(self.paths[:count])


def read_recording(path: Path) -> Spikes:
    """One ``.bin`` file as spikes of shape (2, 34, 34): polarity, row y, column x.

    Raises:
        DataError: truncated, or an event outside the sensor.
    """
    data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    if data.size % EVENT_BYTES:
        raise DataError(
            f"{path}: {data.size} bytes are no whole number of 5-byte events; "
            f"the file is truncated, fetch it again"
        )
    x, y, high, middle, low = data.reshape(-1, EVENT_BYTES).T.astype(np.int64)
    polarity, microseconds = high >> 7, (high & 0x7F) << 16 | middle << 8 | low
    _, height, width = _SENSOR
    outside = np.flatnonzero((x >= width) | (y >= height))
    if outside.size:
        first = int(outside[0])
        raise DataError(
            f"{path}: event {first} is at x = {x[first]}, y = {y[first]}, outside the "
            f"{height} x {width} sensor; expected an N-MNIST recording"
        )
    return Spikes(_SENSOR, microseconds, np.ravel_multi_index((polarity, y, x), _SENSOR))
