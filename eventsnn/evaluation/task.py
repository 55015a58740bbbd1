"""What one task of an evaluation does: some samples, their answers, counts and exits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, OperationsAfter
from eventsnn.description.neurons import ReadOut
from eventsnn.engine.execute import run_chunk
from eventsnn.engine.plan import Plan
from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.signals.samples import Sample

__all__ = ["Part", "Task"]

_Addable = TypeVar("_Addable", Counts, OperationsAfter)


@dataclass(frozen=True)
class Part:
    """Some samples' share of an evaluation; the axes of arrays are as in `Evaluation`."""

    answers: NDArray[np.int32]
    synops: NDArray[np.int64]
    exits: NDArray[np.int64]  # (samples, confidences), positions in reported_ticks
    counts: Counts
    after: OperationsAfter
    exit_operations: OperationsAfter


@dataclass(frozen=True)
class Task:
    """Runs some samples; picklable, so that any executor can call it.

    Args:
        plan: of the network.
        ticks: of each sample.
        points: numbers of ticks after which operations are told and samples may stop.
        confidences: see `eventsnn.evaluation.evaluate.EarlyExit`.
    """

    plan: Plan
    ticks: int
    points: tuple[int, ...]
    confidences: tuple[float, ...]

    def __call__(self, samples: list[Sample], first: int) -> Part:
        """Run the samples one after the other; ``first`` is the number of the first."""
        output = self.plan.network.layer(self.plan.network.output)
        if isinstance(output.neuron, ReadOut):
            record = Record(potentials=(output.name,), operations_after=self.points)
        else:
            record = Record(spikes=(output.name,), operations_after=self.points)
        runs = run_chunk(self.plan, samples, self.ticks, record, first)
        parts = [self._part(run, output.name) for run in runs]
        return Part(
            answers=np.concatenate([part.answers for part in parts]),
            synops=np.concatenate([part.synops for part in parts]),
            exits=np.concatenate([part.exits for part in parts]),
            counts=_sum([part.counts for part in parts]),
            after=_sum([part.after for part in parts]),
            exit_operations=_sum([part.exit_operations for part in parts]),
        )

    def _part(self, run: Run, output: str) -> Part:
        if run.potentials:
            sums = run.potentials[output]
        else:
            sums = run.spikes[output].to_dense(self.ticks).cumsum(axis=0)
        sums = sums.reshape(self.ticks, -1)
        assert run.after is not None
        exits = self._exits(sums)
        after = run.after
        return Part(
            answers=_answers(sums)[None],
            synops=np.array([run.counts.synops]),
            exits=exits[None],
            counts=run.counts,
            after=after,
            exit_operations=OperationsAfter(
                ticks=(),
                spikes=after.spikes[:, exits],
                delivered=after.delivered[:, exits],
                ac=after.ac[:, exits],
                mac=after.mac[:, exits],
            ),
        )

    def _exits(self, sums: NDArray[np.float64]) -> NDArray[np.int64]:
        """For each confidence, where in ``points`` it is reached; the last where it never is."""
        if not self.confidences:
            return np.zeros(0, dtype=np.int64)
        points = np.array(self.points)
        means = np.sort(sums[points - 1], axis=1) / self.ticks
        # of a single logit m the confidence is that of its sign, 1 / (1 + exp(-|m|))
        margin = means[:, -1] - means[:, -2] if means.shape[1] > 1 else np.abs(means[:, 0])
        wanted = np.array(self.confidences)
        reached = margin[:, None] >= np.log(wanted / (1 - wanted))
        reached[-1] = True
        return np.asarray(reached.argmax(axis=0), dtype=np.int64)


def _answers(sums: NDArray[np.float64]) -> NDArray[np.int32]:
    """The class after each tick; a single logit says 1 where it is > 0."""
    found = sums[:, 0] > 0 if sums.shape[1] == 1 else sums.argmax(axis=1)
    return np.asarray(found, dtype=np.int32)


def _sum(values: list[_Addable]) -> _Addable:
    total = values[0]
    for value in values[1:]:
        total += value
    return total
