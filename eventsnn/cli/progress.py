"""How far an evaluation is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from eventsnn.cli.console import note, progress_bar

if TYPE_CHECKING:
    from eventsnn.evaluation.total import Standing

__all__ = ["EvaluationProgress", "duration"]

#: Seconds until the first line of a log, and between two lines: twice as many each time, at most.
_FIRST, _LONGEST = 10.0, 600.0
#: Seconds of work that the estimate rests on.
_LOOK = 1.0


class EvaluationProgress:
    """Shows what `eventsnn.evaluate` tells its ``watch``; use as a context.

    Args:
        clock: seconds, as `time.monotonic`.
        terminal: whether there is one; asked of standard error for None.
        tell: prints a line.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        terminal: bool | None = None,
        tell: Callable[[str], object] = note,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._bar = progress_bar()
        self._task = self._bar.add_task("SNN", total=None)
        self._last = clock()
        # when the first chunk of this run was done, and how many samples were then: before it
        # lies the loading of kernels, which says nothing about the rest
        self._begin: tuple[float, int] | None = None
        self._pause = _FIRST
        self._estimated = False

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, standing: Standing) -> None:
        """Show it, if it is time to."""
        now = self._clock()
        if self._begin is None and standing.finished > standing.resumed:
            self._begin = now, standing.finished
        if self._terminal:
            self._bar.update(
                self._task,
                total=standing.total,
                completed=standing.finished,
                description=self._text(standing, now),
            )
            return
        if not self._estimated and self._begin is not None and now >= self._begin[0] + _LOOK:
            self._estimated, left = True, self._left(standing, now)
            if left > _FIRST:
                kept = f", {standing.resumed:,} are in the journal" if standing.resumed else ""
                self._tell(f"{standing.total:,} samples{kept}; about {duration(left)}")
        elif now - self._last >= self._pause:
            self._last, self._pause = now, min(2 * self._pause, _LONGEST)
            self._tell(
                f"{standing.finished:,} of {standing.total:,} samples, "
                f"{self._text(standing, now)}, about {duration(self._left(standing, now))} left"
            )

    def _rate(self, standing: Standing, now: float) -> float:
        begin, finished = self._begin or (now, standing.finished)
        return (standing.finished - finished) / (now - begin) if now > begin else 0.0

    def _left(self, standing: Standing, now: float) -> float:
        rate = self._rate(standing, now)
        return (standing.total - standing.finished) / rate if rate else float("inf")

    def _text(self, standing: Standing, now: float) -> str:
        from eventsnn.evaluation.interval import wilson

        told = f"{self._rate(standing, now):.3g}/s"
        if standing.correct is None:
            return told
        low, high = wilson(standing.correct, standing.finished)
        share = standing.correct / standing.finished
        return f"{told}, accuracy {share:.1%} (95 %: {low:.1%} to {high:.1%})"


def duration(seconds: float) -> str:
    """As people say it: 42 s, 12 min, 3.5 h, 2.1 days."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
