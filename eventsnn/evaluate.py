"""A data set through a network: accuracy after every tick, operations per inference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.execute import run_chunk
from eventsnn.engine.inputs import Sample, as_samples
from eventsnn.engine.plan import Plan, Precision, make_plan
from eventsnn.errors import InputError
from eventsnn.network import Network
from eventsnn.neurons import Accumulator
from eventsnn.run import Counts, Record
from eventsnn.simulate import check_ticks
from eventsnn.spikes import Spikes

__all__ = ["Evaluation", "Images", "evaluate"]

_CHUNK = 8  # samples per task: long enough to hide its overhead, short enough to share fairly
_WAITING = 64  # tasks in flight at most: any number of samples in bounded memory


class Images(Protocol):
    """Anything with a length whose slices are arrays (samples, *shape)."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Evaluation:
    """What a data set showed.

    Attributes:
        samples: how many.
        ticks: how many each was run.
        accuracy: share of correct answers after each tick, (ticks,); None without labels.
        agreement: share of answers equal to the ANN's, (ticks,); None without an ANN.
        predictions: the answer at the end, (samples,).
        counts: operations, summed over samples.
        seconds: wall time of the simulation.
    """

    samples: int
    ticks: int
    accuracy: NDArray[np.float64] | None
    agreement: NDArray[np.float64] | None
    predictions: NDArray[np.int64]
    counts: Counts
    seconds: float


def evaluate(
    network: Network,
    x: Images | Sequence[Spikes],
    y: NDArray[np.integer[Any]] | None,
    *,
    ticks: int,
    workers: int = 1,
    executor: Executor | None = None,
    ann_predictions: NDArray[np.integer[Any]] | None = None,
    precision: Precision = "float32",
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Run every sample once and read the answer after every tick.

    The answer is the argmax of the output layer: of its potential for an accumulator, of
    its spike count for a firing layer. Ties go to the lowest index.

    Args:
        network: with one input.
        x: constant images (samples, *shape), sliced as needed, or a sequence of `Spikes`.
        y: labels, (samples,).
        ticks: how many, >= 1.
        workers: threads, where no executor is given.
        executor: any `concurrent.futures` executor; its tasks are picklable. The result
            does not depend on it, nor on ``workers``.
        ann_predictions: the ANN's answers, (samples,), for the agreement.
        precision: see `eventsnn.simulate`.
        progress: called with the number of samples finished since the last call.

    Raises:
        InputError: labels or predictions of another length, inputs that do not fit.
    """
    check_ticks(ticks)
    samples = len(x)
    if samples == 0:
        raise InputError("evaluate: no samples")
    for what, values in (("y", y), ("ann_predictions", ann_predictions)):
        if values is not None and np.shape(values) != (samples,):
            raise InputError(
                f"evaluate: {what} must have shape ({samples},), found {np.shape(values)}"
            )
    if workers < 1:
        raise InputError(f"workers must be >= 1, found {workers}")
    plan = make_plan(network, precision=precision, order="by_layer")
    begin = time.perf_counter()
    if executor is None:
        with ThreadPoolExecutor(workers) as threads:
            answers, counts = _gather(plan, x, ticks, threads, progress)
    else:
        answers, counts = _gather(plan, x, ticks, executor, progress)
    return Evaluation(
        samples=samples,
        ticks=ticks,
        accuracy=_share_equal(answers, y),
        agreement=_share_equal(answers, ann_predictions),
        predictions=answers[:, -1].astype(np.int64),
        counts=counts,
        seconds=time.perf_counter() - begin,
    )


def _share_equal(
    answers: NDArray[np.int32], wanted: NDArray[np.integer[Any]] | None
) -> NDArray[np.float64] | None:
    if wanted is None:
        return None
    return np.asarray((answers == np.asarray(wanted)[:, None]).mean(axis=0))


def _gather(
    plan: Plan,
    x: Images | Sequence[Spikes],
    ticks: int,
    executor: Executor,
    progress: Callable[[int], object] | None,
) -> tuple[NDArray[np.int32], Counts]:
    """Submit tasks as others finish; the counts are integers, so their order is free."""
    answers = np.zeros((len(x), ticks), dtype=np.int32)
    total: Counts | None = None
    running: dict[Future[tuple[NDArray[np.int32], Counts]], int] = {}
    chunks = _chunks(plan.network, x)
    exhausted = False
    try:
        while running or not exhausted:
            while not exhausted and len(running) < _WAITING:
                start, chunk = next(chunks, (0, []))
                if chunk:
                    running[executor.submit(_answers, plan, chunk, ticks)] = start
                else:
                    exhausted = True
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                start = running.pop(future)
                rows, counts = future.result()
                answers[start : start + len(rows)] = rows
                total = counts if total is None else total + counts
                if progress is not None:
                    progress(len(rows))
    finally:
        for future in running:
            future.cancel()
    assert total is not None
    return answers, total


def _chunks(network: Network, x: Images | Sequence[Spikes]) -> Iterator[tuple[int, list[Sample]]]:
    for start in range(0, len(x), _CHUNK):
        yield start, as_samples(network, x[start : start + _CHUNK])[0]


def _answers(plan: Plan, samples: list[Sample], ticks: int) -> tuple[NDArray[np.int32], Counts]:
    """The task: the answers after every tick, (samples, ticks), and the summed counts."""
    output = plan.network.layer(plan.network.output)
    if isinstance(output.neuron, Accumulator):
        runs = run_chunk(plan, samples, ticks, Record(potentials=(output.name,)))
        sums = [run.potentials[output.name] for run in runs]
    else:
        runs = run_chunk(plan, samples, ticks, Record(spikes=(output.name,)))
        sums = [run.spikes[output.name].to_dense(ticks).cumsum(axis=0) for run in runs]
    rows = [s.reshape(ticks, -1).argmax(axis=1).astype(np.int32) for s in sums]
    total = runs[0].counts
    for run in runs[1:]:
        total += run.counts
    return np.stack(rows), total
