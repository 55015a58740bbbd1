"""Parts of an evaluation, added up as they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, OperationsAfter
from eventsnn.evaluation.part import Part

__all__ = ["Standing", "Total"]

#: What is kept of every sample.
_OF_SAMPLES = ("answers", "synops", "exits", "exit_answers", "ann_answers")


@dataclass(frozen=True)
class Standing:
    """How far an evaluation is.

    Attributes:
        finished: samples.
        resumed: those of them that an earlier run had kept in the journal.
        total: samples there are to run.
        correct: of the finished ones; None without labels.
        chunks: finished.
        squares: summed over chunks: samples^2, samples x correct, correct^2.
    """

    finished: int
    resumed: int
    total: int
    correct: int | None
    chunks: int
    squares: tuple[int, int, int]


@dataclass
class Total:
    """The sum of parts; integers, so the order in which they come does not matter."""

    rows: dict[range, dict[str, NDArray[Any]]] = field(default_factory=dict)
    correct: NDArray[np.int64] | None = None
    agreeing: NDArray[np.int64] | None = None
    counts: Counts | None = None
    after: OperationsAfter | None = None
    exit_operations: OperationsAfter | None = None
    finished: int = 0
    resumed: int = 0
    squares: tuple[int, int, int] = (0, 0, 0)

    def add(self, samples: range, part: Part) -> None:
        """Add the part of ``samples``; what they put out is not kept."""
        self.rows[samples] = {
            name: getattr(part, name) for name in _OF_SAMPLES if getattr(part, name) is not None
        }
        size, right = len(samples), int(part.correct[-1])
        new_squares = (size * size, size * right, right * right)
        a, b, c = (old + new for old, new in zip(self.squares, new_squares, strict=True))
        self.squares = a, b, c
        self.finished += size
        for name in ("correct", "agreeing", "counts", "after", "exit_operations"):
            before, new = getattr(self, name), getattr(part, name)
            setattr(self, name, new if before is None else before + new)

    def standing(self, total: int, *, labelled: bool) -> Standing:
        """How far this is of ``total`` samples."""
        right = None if self.correct is None or not labelled else int(self.correct[-1])
        return Standing(self.finished, self.resumed, total, right, len(self.rows), self.squares)

    def has_ann(self) -> bool:
        """Whether the ANN's answers are known."""
        return all("ann_answers" in row for row in self.rows.values())

    def of_samples(self, name: str) -> NDArray[Any]:
        """What is known of every sample by this name, in the order of the data."""
        return np.concatenate([self.rows[samples][name] for samples in self._in_order()])

    def index(self) -> NDArray[np.int64]:
        """Which samples these are."""
        return np.concatenate([np.arange(s.start, s.stop) for s in self._in_order()])

    def _in_order(self) -> list[range]:
        return sorted(self.rows, key=lambda samples: samples.start)
