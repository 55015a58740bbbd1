"""A data set through a network: accuracy after every tick, operations per inference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, OperationsAfter
from eventsnn.description.network import Network, refuse_what_is_no_network
from eventsnn.engine.granularity import choose_granularity
from eventsnn.engine.plan import Precision, make_plan
from eventsnn.errors import InputError
from eventsnn.evaluation.task import Part, Task
from eventsnn.signals.labels import as_labels, check_classes
from eventsnn.signals.samples import Sample, as_samples, warn_of_scales
from eventsnn.signals.spikes import Spikes
from eventsnn.simulate import check_ticks

__all__ = ["EarlyExit", "Evaluation", "Images", "classes", "evaluate", "reported_ticks"]

_CHUNK = 8  # samples per task: long enough to hide its overhead, short enough to share fairly
_LOOKED_AT = 64  # samples whose scale is compared with that of the calibration
_WAITING = 64  # tasks in flight at most: any number of samples in bounded memory
#: Every tick is reported up to here, `_POINTS` of them beyond.
_EVERY_TICK = 256
_POINTS = 128


class Images(Protocol):
    """Anything with a length whose slices are arrays (samples, *shape)."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> NDArray[Any]: ...


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
        samples: how many.
        ticks: how many each was run.
        accuracy: share of correct answers after each tick, (ticks,); None without labels.
        agreement: share of answers equal to the ANN's, (ticks,); None without an ANN.
        predictions: the answer at the end, (samples,).
        counts: operations, summed over samples.
        seconds: wall time of the simulation.
        synops_per_sample: (samples,).
        after: operations after each of `reported_ticks`, summed over samples.
        early_exit: None unless asked for.
    """

    samples: int
    ticks: int
    accuracy: NDArray[np.float64] | None
    agreement: NDArray[np.float64] | None
    predictions: NDArray[np.int64]
    counts: Counts
    seconds: float
    synops_per_sample: NDArray[np.int64]
    after: OperationsAfter
    early_exit: EarlyExit | None = None

    def __str__(self) -> str:
        lines = [f"Evaluation: {self.samples} samples, T = {self.ticks}, {self.seconds:.1f} s"]
        for what, curve in (("accuracy", self.accuracy), ("as the ANN", self.agreement)):
            if curve is not None:
                at = [t for t in (1, 2, 4, 8, 16, 32, 64, 128, 256) if t < self.ticks]
                shown = ", ".join(f"T {t} {curve[t - 1]:.1%}" for t in [*at, self.ticks])
                lines.append(f"{what}: {shown}")
        lines.append(
            f"per sample: {self.counts.synops / self.samples:,.0f} synops, "
            f"{sum(self.counts.spikes.values()) / self.samples:,.0f} spikes"
        )
        return "\n".join(lines)

    __repr__ = __str__


def evaluate(
    network: Network,
    x: Images | Sequence[Spikes],
    y: Any = None,
    *,
    ticks: int,
    workers: int = 1,
    executor: Executor | None = None,
    ann_predictions: NDArray[np.integer[Any]] | None = None,
    precision: Precision | None = None,
    progress: Callable[[int], object] | None = None,
    exit_confidences: Sequence[float] = (),
    seed: int = 0,
) -> Evaluation:
    """Run every sample once and read the answer after every tick.

    The answer is the argmax of the output layer: of its potential for a read-out, of its
    spike count for a firing layer. Ties go to the lowest index. A single output answers 1
    where it is > 0, else 0.

    Args:
        network: with one input, and one output per class, or a single one.
        x: images (samples, *shape), sliced as needed and coded as the input says, or a
            sequence of `Spikes`.
        y: labels: integers from 0, (samples,), or another form that can mean nothing else
            (`eventsnn.signals.labels.as_labels`).
        ticks: how many, >= 1.
        workers: threads, where no executor is given.
        executor: any `concurrent.futures` executor; its tasks are picklable. The result
            does not depend on it, nor on ``workers``.
        ann_predictions: the ANN's answers, (samples,), for the agreement.
        precision: see `eventsnn.simulate`.
        progress: called with the number of samples finished since the last call.
        exit_confidences: each in [0.5, 1), for `EarlyExit`.
        seed: of the noise of layers that have any.

    Raises:
        InputError: predictions of another length, inputs that do not fit, an output that is no
            vector, a confidence out of range.
        DataError: labels that do not say one class for each sample.
        NetworkError: ``network`` is something else.

    Warns:
        ScaleWarning: images of another scale than those the network was made with.
    """
    refuse_what_is_no_network(network)
    check_ticks(ticks)
    samples = len(x)
    if samples == 0:
        raise InputError("evaluate: no samples")
    outputs = classes(network)
    labels = None if y is None else as_labels(y, samples)
    if labels is not None:
        check_classes(labels, outputs)
    if ann_predictions is not None and np.shape(ann_predictions) != (samples,):
        raise InputError(
            f"evaluate: ann_predictions must have shape ({samples},), found "
            f"{np.shape(ann_predictions)}"
        )
    if workers < 1:
        raise InputError(f"workers must be >= 1, found {workers}")
    confidences = tuple(float(c) for c in exit_confidences)
    if not all(0.5 <= c < 1 for c in confidences):
        raise InputError(f"exit confidences lie in [0.5, 1), found {confidences}")
    warn_of_scales(network, x[:_LOOKED_AT])
    looked_at, _ = as_samples(network, x[:_CHUNK])
    plan = make_plan(
        network,
        precision=precision,
        order="by_layer",
        granularity=choose_granularity(network, looked_at),
        seed=seed,
    )
    task = Task(plan, ticks, tuple(reported_ticks(ticks).tolist()), confidences)
    begin = time.perf_counter()
    if executor is None:
        with ThreadPoolExecutor(workers) as threads:
            whole = _gather(task, x, threads, progress)
    else:
        whole = _gather(task, x, executor, progress)
    return Evaluation(
        samples=samples,
        ticks=ticks,
        accuracy=_share_equal(whole.answers, labels),
        agreement=_share_equal(whole.answers, ann_predictions),
        predictions=whole.answers[:, -1].astype(np.int64),
        counts=whole.counts,
        seconds=time.perf_counter() - begin,
        synops_per_sample=whole.synops,
        after=whole.after,
        early_exit=_early_exit(task, whole, labels) if confidences else None,
    )


def classes(network: Network) -> int:
    """Number of outputs that are compared.

    Raises:
        InputError: the output is an image; one answer per sample needs one number per class.
    """
    layer = network.layer(network.output)
    if layer.size != layer.shape[0]:
        raise InputError(
            f"output `{layer.name}` has shape {layer.shape}, and one answer per sample needs one "
            f"number per class: is the pooling or flattening at the end missing? Outputs of "
            f"every pixel are eventsnn.simulate's to tell"
        )
    return layer.size


def _early_exit(task: Task, whole: Part, y: NDArray[np.integer[Any]] | None) -> EarlyExit:
    at = np.array(task.points)[whole.exits]  # (samples, confidences)
    answers = np.take_along_axis(whole.answers, at - 1, axis=1)
    return EarlyExit(
        confidence=task.confidences,
        accuracy=None if y is None else (answers == np.asarray(y)[:, None]).mean(axis=0),
        mean_ticks=at.mean(axis=0),
        operations=whole.exit_operations,
    )


def _share_equal(
    answers: NDArray[np.int32], wanted: NDArray[np.integer[Any]] | None
) -> NDArray[np.float64] | None:
    if wanted is None:
        return None
    return np.asarray((answers == np.asarray(wanted)[:, None]).mean(axis=0))


def _gather(
    task: Task,
    x: Images | Sequence[Spikes],
    executor: Executor,
    progress: Callable[[int], object] | None,
) -> Part:
    """Submit tasks as others finish; the counts are integers, so their order is free."""
    samples = len(x)
    answers = np.zeros((samples, task.ticks), dtype=np.int32)
    synops = np.zeros(samples, dtype=np.int64)
    exits = np.zeros((samples, len(task.confidences)), dtype=np.int64)
    sums: tuple[Counts, OperationsAfter, OperationsAfter] | None = None
    running: dict[Future[Part], int] = {}
    chunks = _chunks(task.plan.network, x)
    exhausted = False
    try:
        while running or not exhausted:
            while not exhausted and len(running) < _WAITING:
                start, chunk = next(chunks, (0, []))
                if chunk:
                    running[executor.submit(task, chunk, start)] = start
                else:
                    exhausted = True
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                start = running.pop(future)
                part = future.result()
                rows = slice(start, start + len(part.answers))
                answers[rows], synops[rows], exits[rows] = part.answers, part.synops, part.exits
                new = (part.counts, part.after, part.exit_operations)
                sums = new if sums is None else _added(sums, new)
                if progress is not None:
                    progress(len(part.answers))
    finally:
        for future in running:
            future.cancel()
    assert sums is not None
    return Part(answers, synops, exits, *sums)


def _added(
    a: tuple[Counts, OperationsAfter, OperationsAfter],
    b: tuple[Counts, OperationsAfter, OperationsAfter],
) -> tuple[Counts, OperationsAfter, OperationsAfter]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _chunks(network: Network, x: Images | Sequence[Spikes]) -> Iterator[tuple[int, list[Sample]]]:
    for start in range(0, len(x), _CHUNK):
        yield start, as_samples(network, x[start : start + _CHUNK])[0]
