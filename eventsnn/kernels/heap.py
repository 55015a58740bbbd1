"""A binary heap on parallel arrays, with the total order (tick, order).

``order`` is position * 2^32 + link, wakes last; no two entries are equal, so the order of
pops does not depend on the order of pushes.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import entry_point, jit
from eventsnn.kernels.tables import HEAP_SIZE, ZERO

__all__ = ["pop", "push", "restore"]


@jit
def _before(tick: Any, order: Any, a: int, b: int) -> bool:
    return bool(tick[a] < tick[b] or (tick[a] == tick[b] and order[a] < order[b]))


@jit
def _swap(tick: Any, order: Any, payload: Any, a: int, b: int) -> None:
    tick[a], tick[b] = tick[b], tick[a]
    order[a], order[b] = order[b], order[a]
    payload[a], payload[b] = payload[b], payload[a]


@entry_point
def push(
    tick: Any, order: Any, payload: Any, registers: Any, new_tick: int, new_order: int, new: int
) -> None:
    """Add one entry; the caller has made sure that there is room."""
    child = registers[HEAP_SIZE]
    registers[HEAP_SIZE] = child + 1
    tick[child], order[child], payload[child] = new_tick, new_order, new
    while child > 0:
        parent = (child - 1) // 2
        if not _before(tick, order, child, parent):
            break
        _swap(tick, order, payload, child, parent)
        child = parent


@entry_point
def pop(tick: Any, order: Any, payload: Any, registers: Any) -> int:
    """Take out the first entry and return its payload."""
    first = payload[0]
    size = registers[HEAP_SIZE] - 1
    registers[HEAP_SIZE] = size
    tick[0], order[0], payload[0] = tick[size], order[size], payload[size]
    parent = ZERO
    while True:
        child = 2 * parent + 1
        if child >= size:
            break
        if child + 1 < size and _before(tick, order, child + 1, child):
            child += 1
        if not _before(tick, order, child, parent):
            break
        _swap(tick, order, payload, child, parent)
        parent = child
    return int(first)


@entry_point
def restore(tick: Any, order: Any, payload: Any, registers: Any, entries: Any) -> None:
    """Add entries that were taken out before, (tick, order, payload) by column."""
    for k in range(entries.shape[1]):
        push(tick, order, payload, registers, entries[0, k], entries[1, k], entries[2, k])
