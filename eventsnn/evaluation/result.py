"""What a data set showed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, OperationsAfter
from eventsnn.evaluation.task import Task
from eventsnn.evaluation.total import Total

__all__ = ["EarlyExit", "Evaluation", "reported_ticks", "result"]

#: Every tick is reported up to here, `_POINTS` of them beyond.
_EVERY_TICK = 256
_POINTS = 128


def reported_ticks(ticks: int) -> NDArray[np.int64]:
    """The ticks of the curves: all of 1..ticks up to 256, else 128 evenly spaced ones."""
    if ticks <= _EVERY_TICK:
        return np.arange(1, ticks + 1)
    return np.linspace(1, ticks, _POINTS).round().astype(np.int64)


@dataclass(frozen=True)
class EarlyExit:
    """What stopping each sample on its own would have given, by confidence.

    With o(t) the accumulated read-out after tick t of T, a sample stops at the first of
    `reported_ticks` where the two largest entries of o(t) / T, a > b, reach
    ``1 / (1 + exp(b - a)) >= confidence``, else at the end: the margin that the mean
    read-out of the whole run would have if nothing followed. (Not o(t) / t: its first
    values rest on a handful of spikes, and look certain.) One full run tells it exactly:
    what happens by tick t does not depend on later ticks.

    Attributes:
        confidence: asked for, (confidences,); the other attributes are in its order.
        accuracy: of the answers at the exits; None without labels.
        mean_ticks: at the exits.
        operations: up to the exits, summed over samples; its second axis is confidences.
    """

    confidence: tuple[float, ...]
    accuracy: NDArray[np.float64] | None
    mean_ticks: NDArray[np.float64]
    operations: OperationsAfter


@dataclass(frozen=True, repr=False)
class Evaluation:
    """What a data set showed.

    Attributes:
        samples: how many were run.
        ticks: how many each was run.
        accuracy: share of correct answers after each of `reported_ticks`; None without labels.
        agreement: share of answers equal to the ANN's, likewise; None without an ANN.
        predictions: the answer at the end, (samples,).
        counts: operations, summed over samples.
        seconds: wall time of the simulation; None with a journal, which may be of many runs.
        synops_per_sample: (samples,).
        after: operations after each of `reported_ticks`, summed over samples.
        early_exit: None unless asked for.
        index: which samples these are, (samples,); None for all of them.
        ann_predictions: of the ANN, (samples,); None without an ANN.
    """

    samples: int
    ticks: int
    accuracy: NDArray[np.float64] | None
    agreement: NDArray[np.float64] | None
    predictions: NDArray[np.int64]
    counts: Counts
    seconds: float | None
    synops_per_sample: NDArray[np.int64]
    after: OperationsAfter
    early_exit: EarlyExit | None = None
    index: NDArray[np.int64] | None = None
    ann_predictions: NDArray[np.int64] | None = None

    def __str__(self) -> str:
        took = "" if self.seconds is None else f", {self.seconds:.1f} s"
        lines = [f"Evaluation: {self.samples} samples, T = {self.ticks}{took}"]
        points = reported_ticks(self.ticks)
        shown = [at for at, tick in enumerate(points) if tick & (tick - 1) == 0]
        shown = [*(at for at in shown if at < len(points) - 1), len(points) - 1]
        for what, curve in (("accuracy", self.accuracy), ("as the ANN", self.agreement)):
            if curve is not None:
                values = ", ".join(f"T {points[at]} {curve[at]:.1%}" for at in shown)
                lines.append(f"{what}: {values}")
        lines.append(
            f"per sample: {self.counts.synops / self.samples:,.0f} synops, "
            f"{sum(self.counts.spikes.values()) / self.samples:,.0f} spikes"
        )
        return "\n".join(lines)

    __repr__ = __str__


def result(
    total: Total,
    task: Task,
    samples: int,
    y: NDArray[np.integer[Any]] | None,
    seconds: float | None,
) -> Evaluation | None:
    """The sum of what is finished as an `Evaluation`; None where nothing is.

    Args:
        total: of the parts.
        task: that made them.
        samples: of the whole data set.
        y: labels of the whole data set.
        seconds: that it took.
    """
    if total.counts is None or total.after is None or total.correct is None:
        return None
    finished, index = total.finished, total.index()
    labels = None if y is None else np.asarray(y)[index]
    ann = total.has_ann()
    return Evaluation(
        samples=finished,
        ticks=task.ticks,
        accuracy=None if y is None else total.correct / finished,
        agreement=total.agreeing / finished if ann and total.agreeing is not None else None,
        predictions=total.of_samples("answers"),
        counts=total.counts,
        seconds=seconds,
        synops_per_sample=total.of_samples("synops"),
        after=total.after,
        early_exit=_early_exit(total, task, labels) if task.confidences else None,
        index=None if finished == samples else index,
        ann_predictions=total.of_samples("ann_answers") if ann else None,
    )


def _early_exit(total: Total, task: Task, labels: NDArray[np.integer[Any]] | None) -> EarlyExit:
    assert total.exit_operations is not None
    answers = total.of_samples("exit_answers")
    at = np.array(task.points)[total.of_samples("exits")]  # (samples, confidences)
    return EarlyExit(
        confidence=task.confidences,
        accuracy=None if labels is None else (answers == labels[:, None]).mean(axis=0),
        mean_ticks=at.mean(axis=0),
        operations=total.exit_operations,
    )
