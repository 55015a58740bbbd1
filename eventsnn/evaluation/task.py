"""What one task of an evaluation does: some samples, their answers, counts and exits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, OperationsAfter
from eventsnn.description.neurons import ReadOut
from eventsnn.evaluation.part import Part
from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.signals.samples import Sample

if TYPE_CHECKING:
    from eventsnn.engine.plan import Plan

__all__ = ["Task"]

_Addable = TypeVar("_Addable", Counts, OperationsAfter)
_Answers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Task:
    """Runs some samples; picklable, so that any executor can call it.

    Args:
        plan: of the network.
        ticks: of each sample.
        points: numbers of ticks after which the answer is read, operations are told and
            samples may stop.
        confidences: see `eventsnn.evaluation.evaluate.EarlyExit`.
    """

    plan: Plan
    ticks: int
    points: tuple[int, ...]
    confidences: tuple[float, ...]

    def __call__(
        self,
        samples: list[Sample],
        first: int,
        labels: _Answers | None = None,
        ann_answers: _Answers | None = None,
    ) -> Part:
        """Run the samples one after the other.

        Args:
            samples: to run.
            first: the number of the first of them.
            labels, ann_answers: that the answers are compared with.
        """
        from eventsnn.engine.execute import run_chunk

        output = self.plan.network.layer(self.plan.network.output)
        at_points = np.array(self.points) - 1
        if isinstance(output.neuron, ReadOut):
            record = Record(
                potentials=(output.name,),
                ticks=at_points.tolist(),
                operations_after=self.points,
            )
        else:
            record = Record(spikes=(output.name,), operations_after=self.points)
        runs = run_chunk(self.plan, samples, self.ticks, record, first)
        read_outs = np.stack([self._read_outs(run, output.name) for run in runs])
        answers = _classes(read_outs)  # (samples, points)
        exits = np.stack([self._exits(read_out) for read_out in read_outs])
        return Part(
            answers=answers[:, -1].astype(np.int64),
            outputs=np.stack([run.output.ravel() for run in runs]),
            synops=np.array([run.counts.synops for run in runs], dtype=np.int64),
            correct=_equal(answers, labels),
            agreeing=_equal(answers, ann_answers),
            ann_answers=None if ann_answers is None else np.asarray(ann_answers, np.int64),
            exits=exits,
            exit_answers=np.take_along_axis(answers, exits, axis=1).astype(np.int64),
            counts=_sum([run.counts for run in runs]),
            after=_sum([_after(run) for run in runs]),
            exit_operations=_sum(
                [_until(_after(run), stops) for run, stops in zip(runs, exits, strict=True)]
            ),
        )

    def _read_outs(self, run: Run, output: str) -> NDArray[np.float64]:
        """What is read out after each of the points, (points, classes)."""
        if run.potentials:
            return run.potentials[output].reshape(len(self.points), -1)
        spikes = run.spikes[output]
        sums = np.zeros((len(self.points), int(np.prod(spikes.shape))))
        # a spike counts from the first point behind its tick on
        place = np.searchsorted(self.points, spikes.tick, side="right")
        np.add.at(sums, (place, spikes.index), spikes.amplitude)
        return sums.cumsum(axis=0)

    def _exits(self, read_out: NDArray[np.float64]) -> NDArray[np.int64]:
        """For each confidence, where in ``points`` it is reached; the last where it never is."""
        if not self.confidences:
            return np.zeros(0, dtype=np.int64)
        means = np.sort(read_out, axis=1) / self.ticks
        # of a single logit m the confidence is that of its sign, 1 / (1 + exp(-|m|))
        margin = means[:, -1] - means[:, -2] if means.shape[1] > 1 else np.abs(means[:, 0])
        wanted = np.array(self.confidences)
        reached = margin[:, None] >= np.log(wanted / (1 - wanted))
        reached[-1] = True
        return np.asarray(reached.argmax(axis=0), dtype=np.int64)


def _classes(read_outs: NDArray[np.float64]) -> NDArray[np.int64]:
    """The answer of each read-out, along the last axis; a single logit says 1 where it is > 0."""
    single = read_outs.shape[-1] == 1
    found = read_outs[..., 0] > 0 if single else read_outs.argmax(axis=-1)
    return np.asarray(found, dtype=np.int64)


def _after(run: Run) -> OperationsAfter:
    assert run.after is not None
    return run.after


def _until(after: OperationsAfter, exits: NDArray[np.int64]) -> OperationsAfter:
    return OperationsAfter(
        ticks=(),
        spikes=after.spikes[:, exits],
        delivered=after.delivered[:, exits],
        ac=after.ac[:, exits],
        mac=after.mac[:, exits],
    )


def _equal(answers: NDArray[np.integer[Any]], wanted: _Answers | None) -> NDArray[np.int64]:
    if wanted is None:
        return np.zeros(answers.shape[1], dtype=np.int64)
    return np.asarray((answers == np.asarray(wanted)[:, None]).sum(axis=0), dtype=np.int64)


def _sum(values: list[_Addable]) -> _Addable:
    total = values[0]
    for value in values[1:]:
        total += value
    return total
