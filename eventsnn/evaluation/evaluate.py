"""A data set through a network: accuracy after every tick, operations per inference."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsnn.datasets.batches import images_and_labels
from eventsnn.description.network import Network, refuse_what_is_no_network
from eventsnn.errors import EventsnnError, InputError, JournalError
from eventsnn.evaluation.chunks import CHUNK, chunks
from eventsnn.evaluation.gather import Gathering, LostError
from eventsnn.evaluation.journal import Identity, Journal, data_digest
from eventsnn.evaluation.result import EarlyExit, Evaluation, reported_ticks, result
from eventsnn.evaluation.task import Task
from eventsnn.evaluation.total import Standing, Total
from eventsnn.evaluation.travel import Shipment
from eventsnn.hdf5.digest import network_digest
from eventsnn.signals.labels import as_labels, check_classes
from eventsnn.signals.samples import as_samples, warn_of_scales
from eventsnn.signals.spikes import Spikes
from eventsnn.simulate import check_ticks
from eventsnn.version import __version__

if TYPE_CHECKING:
    from eventsnn.engine.choices import Precision

__all__ = [
    "EarlyExit",
    "Evaluation",
    "Images",
    "Interrupted",
    "WorkersLostError",
    "classes",
    "evaluate",
    "merge",
    "reported_ticks",
]

#: The ANN's answers, or what tells them for some of the samples.
AnnPredictions = NDArray[np.integer[Any]] | Callable[[slice], NDArray[np.integer[Any]]]
#: Samples whose scale is compared with that of the calibration.
_LOOKED_AT = 64


class Images(Protocol):
    """Anything with a length whose slices are arrays (samples, *shape)."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> NDArray[Any]: ...


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an evaluation.

    Attributes:
        partial: of the samples that are finished; None where there are none.
    """

    def __init__(self, partial: Evaluation | None) -> None:
        super().__init__()
        self.partial = partial


class WorkersLostError(EventsnnError, RuntimeError):
    """Worker processes died and could not be replaced.

    Attributes:
        partial: of the samples that are finished; None where there are none.
    """

    def __init__(self, message: str, partial: Evaluation | None) -> None:
        super().__init__(message)
        self.partial = partial


def evaluate(
    network: Network,
    x: Images | Sequence[Spikes],
    y: Any = None,
    *,
    ticks: int,
    workers: int = 1,
    executor: Executor | None = None,
    ann_predictions: AnnPredictions | None = None,
    precision: Precision | None = None,
    progress: Callable[[int], object] | None = None,
    exit_confidences: Sequence[float] = (),
    seed: int = 0,
    journal: str | os.PathLike[str] | None = None,
    shard: tuple[int, int] = (1, 1),
    watch: Callable[[Standing], object] | None = None,
    order_seed: int | None = None,
) -> Evaluation:
    """Run every sample once and read the answer after every tick.

    The answer is the argmax of the output layer: of its potential for a read-out, of its
    spike count for a firing layer. Ties go to the lowest index. A single output answers 1
    where it is > 0, else 0.

    Args:
        network: with one input, and one output per class, or a single one.
        x: images (samples, *shape), sliced as needed and coded as the input says, or a
            sequence of `Spikes`; or batches or samples, with or without labels, of a PyTorch
            ``DataLoader``, ``Dataset`` or generator, see `eventsnn.datasets.batches`, which are
            gathered in memory.
        y: labels: integers from 0, (samples,), or another form that can mean nothing else
            (`eventsnn.signals.labels.as_labels`); None for those beside the batches, if any.
        ticks: how many, >= 1.
        workers: threads, where no executor is given.
        executor: any `concurrent.futures` executor; its tasks are picklable. The result
            does not depend on it, nor on ``workers``. Chunks of workers that died are run
            again where the executor starts others, as `eventsnn.evaluation.executors.Processes`.
        ann_predictions: the ANN's answers, (samples,), for the agreement; or a function that
            tells those of a slice, which is asked as the evaluation goes on.
        precision: see `eventsnn.simulate`.
        progress: called with the number of samples finished since the last call.
        exit_confidences: each in [0.5, 1), for `EarlyExit`.
        seed: of the noise of layers that have any.
        journal: folder that keeps what is finished, see `eventsnn.evaluation.journal`; the same
            call goes on where the last one ended, with the same result to the bit.
        shard: (i, n): only the i-th of n parts of the samples, counted from 1; `merge` adds up
            their journals.
        watch: told how things stand after each chunk, in order; ends the evaluation by True,
            as `eventsnn.evaluation.interval.narrower_than` does.
        order_seed: draws the order of the chunks; None is the order of the samples.

    Raises:
        InputError: predictions of another length, inputs that do not fit, an output that is
            no vector, a confidence out of range, no such shard.
        DataError: labels that do not say one class for each sample.
        NetworkError: ``network`` is something else.
        JournalError: the journal is of another evaluation.
        Interrupted: Ctrl-C, after the chunks that are running; a KeyboardInterrupt.
        WorkersLostError: workers died that could not be replaced.

    Warns:
        ScaleWarning: images of another scale than those the network was made with.
    """
    if workers < 1:
        raise InputError(f"workers must be >= 1, found {workers}")
    refuse_what_is_no_network(network)
    x, beside = images_and_labels(x, network.inputs[0].shape)
    y = beside if y is None else y
    job = _Job(network, x, y, ticks, ann_predictions, precision, exit_confidences, seed)
    mine = chunks(len(x), shard, order_seed)
    kept = None if journal is None else Journal(journal, job.identity())
    begin = time.perf_counter()
    pool = ThreadPoolExecutor(workers) if executor is None else nullcontext(executor)
    with Shipment(job.task) as shipment, pool as running:
        gathering = Gathering(
            shipment,
            job.arguments,
            mine,
            running,
            kept,
            progress or (lambda _: None),
            watch or (lambda _: None),
            labelled=y is not None,
        )

        def finished() -> Evaluation | None:
            # with a journal an evaluation may have been many runs, and its result is one
            seconds = None if journal is not None else time.perf_counter() - begin
            return result(gathering.total, job.task, len(x), job.labels, seconds)

        try:
            gathering.run()
        except KeyboardInterrupt:
            raise Interrupted(finished()) from None
        except LostError as error:
            advice = (
                "with a journal it could be gone on with"
                if journal is None
                else "the journal has it, and the same call goes on"
            )
            raise WorkersLostError(
                f"evaluate: {error}; {gathering.total.finished} of {len(x)} samples are finished; "
                f"{advice}",
                finished(),
            ) from error
    if kept is not None and shard == (1, 1) and gathering.total.finished == len(x):
        kept.tidy()
    whole = finished()
    assert whole is not None
    return whole


def merge(
    journals: Sequence[str | os.PathLike[str]],
    network: Network,
    x: Images | Sequence[Spikes],
    y: Any,
    *,
    ticks: int,
    ann_predictions: AnnPredictions | None = None,
    precision: Precision | None = None,
    exit_confidences: Sequence[float] = (),
    seed: int = 0,
) -> Evaluation:
    """Add up the journals of all shards of an evaluation; nothing is run.

    Args:
        journals: folders; each chunk is taken from the first that has it.
        network, x, y, ticks, ann_predictions, precision, exit_confidences, seed: as for
            `evaluate`.

    Raises:
        JournalError: a journal is of another evaluation, or a chunk is in none of them.
    """
    job = _Job(network, x, y, ticks, ann_predictions, precision, exit_confidences, seed)
    for folder in map(Path, journals):
        if not folder.is_dir():
            raise JournalError(f"{folder}: no such folder")
    found = [Journal(folder, job.identity()) for folder in journals]
    total = Total()
    missing: list[range] = []
    for chunk in chunks(len(x)):
        part = next(filter(None, (journal.read(chunk) for journal in found)), None)
        if part is None:
            missing.append(chunk)
        else:
            total.add(chunk, part)
    if missing:
        count = sum(map(len, missing))
        raise JournalError(
            f"merge: {count} of {len(x)} samples are in no journal, from number {missing[0].start} "
            f"on; repeat the shards that were interrupted"
        )
    whole = result(total, job.task, len(x), job.labels, None)
    assert whole is not None
    return whole


def classes(network: Network) -> int:
    """Number of outputs that are compared.

    Raises:
        InputError: the output is an image; one answer per sample needs one number per class.
    """
    layer = network.layer(network.output)
    if layer.size != layer.shape[0]:
        raise InputError(
            f"output `{layer.name}` has shape {layer.shape}; the accuracy, in % of the samples, "
            f"needs one answer per sample, so one number per class: is the pooling or flattening "
            f"at the end missing? Outputs of every pixel are eventsnn.simulate's to tell"
        )
    return layer.size


class _Job:
    """What is evaluated, checked."""

    def __init__(
        self,
        network: Network,
        x: Images | Sequence[Spikes],
        y: Any,
        ticks: int,
        ann_predictions: AnnPredictions | None,
        precision: Precision | None,
        exit_confidences: Sequence[float],
        seed: int,
    ) -> None:
        from eventsnn.engine.granularity import choose_granularity
        from eventsnn.engine.plan import make_plan

        refuse_what_is_no_network(network)
        check_ticks(ticks)
        samples = len(x)
        if samples == 0:
            raise InputError("evaluate: no samples")
        outputs = classes(network)
        self.labels = None if y is None else as_labels(y, samples)
        if self.labels is not None:
            check_classes(self.labels, outputs)
        told = ann_predictions
        if told is not None and not callable(told) and np.shape(told) != (samples,):
            raise InputError(
                f"evaluate: ann_predictions must have shape ({samples},), found {np.shape(told)}"
            )
        confidences = tuple(float(c) for c in exit_confidences)
        if not all(0.5 <= c < 1 for c in confidences):
            raise InputError(f"exit confidences lie in [0.5, 1), found {confidences}")
        warn_of_scales(network, x[:_LOOKED_AT])
        looked_at, _ = as_samples(network, x[:CHUNK])
        plan = make_plan(
            network,
            precision=precision,
            order="by_layer",
            granularity=choose_granularity(network, looked_at),
            seed=seed,
        )
        self.task = Task(plan, ticks, tuple(reported_ticks(ticks).tolist()), confidences)
        self._x, self._ann = x, ann_predictions

    def arguments(self, chunk: range) -> tuple[Any, ...]:
        """Of the task, for a chunk."""
        rows = slice(chunk.start, chunk.stop)
        samples, _ = as_samples(self.task.plan.network, self._x[rows])
        labels = None if self.labels is None else self.labels[rows]
        ann = self._ann(rows) if callable(self._ann) else self._ann
        answers = None if ann is None else np.asarray(ann if callable(self._ann) else ann[rows])
        return samples, chunk.start, labels, answers

    def identity(self) -> Identity:
        """For a journal; reads all samples once."""
        task, ann = self.task, self._ann
        return Identity(
            network=network_digest(task.plan.network),
            data=data_digest(self._x),
            labels="" if self.labels is None else data_digest(self.labels),
            ann=_told(ann) if callable(ann) else "" if ann is None else data_digest(ann),
            samples=len(self._x),
            ticks=task.ticks,
            seed=task.plan.seed,
            precision=task.plan.precision,
            confidences=task.confidences,
            chunk=CHUNK,
            version=__version__,
        )


def _told(ann: Callable[[slice], Any]) -> str:
    """A function says by an attribute ``digest`` what it stands for."""
    return str(getattr(ann, "digest", "a function"))
