"""Chunks through an executor: a bounded number in flight, lost ones run again."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsnn.evaluation.part import Part
from eventsnn.evaluation.total import Standing, Total
from eventsnn.evaluation.travel import Call, Missing, Shipment

__all__ = ["Gathering", "Journal", "LostError"]

_WAITING = 64  # chunks in flight at most, and bytes of their samples
_WAITING_BYTES = 2**28
#: Deaths of workers, with nothing finished between them, after which it is no accident.
_DEATHS = 3


class LostError(Exception):
    """Workers died and cannot be replaced, or die again and again."""


class Journal(Protocol):
    """Keeps parts; `eventsnn.evaluation.journal` has the one on disk."""

    def read(self, samples: range) -> Part | None:
        """The part of these samples, if it was kept."""

    def keep(self, samples: range, part: Part) -> None:
        """Keep a part."""


@dataclass
class Gathering:
    """Runs chunks and adds up their parts, in the order of ``chunks``.

    Args:
        shipment: of the task.
        arguments: of the task for a chunk.
        chunks: to run.
        executor: that runs them.
        journal: where parts are kept, and may lie already.
        progress: told the number of samples that were just finished.
        watch: told how things stand after each chunk in order; True ends it.
        labelled: whether answers are right or wrong.
    """

    shipment: Shipment
    arguments: Callable[[range], tuple[Any, ...]]
    chunks: Sequence[range]
    executor: Executor
    journal: Journal | None = None
    progress: Callable[[int], object] = lambda _: None
    watch: Callable[[Standing], object] = lambda _: None
    labelled: bool = True
    total: Total = field(default_factory=Total)
    _running: dict[Future[Part | Missing], range] = field(default_factory=dict)
    _arguments_of: dict[range, tuple[Any, ...]] = field(default_factory=dict)
    _sizes: dict[range, int] = field(default_factory=dict)
    _again: deque[range] = field(default_factory=deque)
    _bouncing: deque[range] = field(default_factory=deque)
    _carrying: set[Future[Part | Missing]] = field(default_factory=set)
    _early: dict[range, Part] = field(default_factory=dict)
    _next: int = 0  # position in chunks of what is submitted next
    _added: int = 0  # chunks that are in the total
    _ended: bool = False
    _deaths: int = 0

    def run(self) -> Total:
        """Run all chunks; the total is right at any time, also after an error.

        Raises:
            LostError: see there.
        """
        try:
            while not self._ended and self._added < len(self.chunks):
                self._submit()
                if self._running:
                    self._collect(wait(self._running, return_when=FIRST_COMPLETED).done)
        except (KeyboardInterrupt, LostError):
            self._finish()
            raise
        finally:
            for future in self._running:
                future.cancel()
        return self.total

    def _submit(self) -> None:
        while self._again and self._has_room():
            self._start(self._again.popleft())
        if self._bouncing and not self._carrying:
            self._start(self._bouncing.popleft(), carrying=True)
        while not self._ended and self._next < len(self.chunks) and self._has_room():
            chunk = self.chunks[self._next]
            self._next += 1
            kept = self.journal.read(chunk) if self.journal is not None else None
            if kept is None:
                arguments = self.arguments(chunk)
                self._arguments_of[chunk], self._sizes[chunk] = arguments, _size(arguments)
                self._start(chunk)
            else:
                self.total.resumed += len(chunk)
                self._finished(chunk, kept)

    def _has_room(self) -> bool:
        if len(self._running) + len(self._bouncing) >= _WAITING:
            return False
        sizes = self._sizes.values()
        return len(sizes) < 2 * (os.cpu_count() or 1) or sum(sizes) < _WAITING_BYTES

    def _start(self, chunk: range, *, carrying: bool = False) -> None:
        call: Call = self.shipment.with_task() if carrying else self.shipment.call
        try:
            future = self.executor.submit(call, *self._arguments_of[chunk])
        except BrokenExecutor as error:
            raise LostError(
                f"a worker died, and this executor starts no others ({error})"
            ) from error
        self._running[future] = chunk
        if carrying:
            self._carrying.add(future)

    def _collect(self, done: set[Future[Part | Missing]]) -> None:
        if any(isinstance(future.exception(), BrokenExecutor) for future in done):
            done = wait(self._running).done  # all of that pool end so
            self._count_death()
        for future in done:
            chunk = self._running.pop(future)
            self._carrying.discard(future)
            if isinstance(future.exception(), BrokenExecutor):
                self._again.append(chunk)
                continue
            found = future.result()
            if isinstance(found, Missing):
                self._bouncing.append(chunk)
                continue
            self._deaths = 0
            del self._arguments_of[chunk], self._sizes[chunk]
            # whoever had no task may have it now
            self._again.extend(self._bouncing)
            self._bouncing.clear()
            if self.journal is not None:
                self.journal.keep(chunk, found)
            self._finished(chunk, found)

    def _count_death(self) -> None:
        self._deaths += 1
        if self._deaths == _DEATHS:
            raise LostError(
                f"workers died {_DEATHS} times without finishing anything between (for want of "
                f"memory?)"
            )

    def _finished(self, chunk: range, part: Part) -> None:
        """Add what is next in order, however early it came."""
        self._early[chunk] = part
        self.progress(len(chunk))
        while not self._ended and self._added < len(self.chunks):
            following = self._early.pop(self.chunks[self._added], None)
            if following is None:
                return
            self.total.add(self.chunks[self._added], following)
            self._added += 1
            total = sum(map(len, self.chunks))
            self._ended = self.watch(self.total.standing(total, labelled=self.labelled)) is True

    def _finish(self) -> None:
        """After an interrupt: let what is running end, and count all that is finished."""
        for future in list(self._running):
            if future.cancel():
                del self._running[future]
        for future in wait(self._running).done:
            chunk = self._running.pop(future)
            if future.exception() is None and isinstance(part := future.result(), Part):
                if self.journal is not None:
                    self.journal.keep(chunk, part)
                self._early[chunk] = part
        for chunk, part in self._early.items():
            self.total.add(chunk, part)


def _size(arguments: tuple[Any, ...]) -> int:
    """Bytes of the samples among the arguments of a task, as far as they are arrays."""
    samples = arguments[0]
    return sum(
        _bytes(value)
        for sample in samples
        for value in (sample.values() if isinstance(sample, dict) else (sample,))
    )


def _bytes(value: Any) -> int:
    arrays: list[NDArray[Any]] = [v for v in vars(value).values() if isinstance(v, np.ndarray)]
    return sum(array.nbytes for array in arrays)
