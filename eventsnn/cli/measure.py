"""A data set through a network and its ANN, as a report: evaluate and demo share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsnn.cli.ann import AnnAnswers
from eventsnn.cli.console import note
from eventsnn.errors import DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from converters import Ann
    from eventsnn.datasets import DataSet
    from eventsnn.evaluation.evaluate import Evaluation
    from eventsnn.hdf5 import NetworkFile
    from eventsnn.signals.preprocessing import PreprocessedImages
    from eventsnn.signals.spikes import Spikes

__all__ = ["MeasurementInterrupted", "images_for", "input_shape", "measure"]


class MeasurementInterrupted(KeyboardInterrupt):
    """Ctrl-C while a data set is run.

    Attributes:
        report: of what is finished; None where nothing is.
    """

    def __init__(self, report: dict[str, Any] | None) -> None:
        super().__init__()
        self.report = report


def measure(
    file: NetworkFile,
    name: str,
    data: DataSet,
    *,
    ticks: int,
    run: Callable[..., Evaluation],
    ann: Ann | None,
    ann_macs: Mapping[str, int] | None,
    exit_confidences: Sequence[float] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """The report of `eventsnn.report.build_report`.

    Args:
        file, name: the network, and what to call it.
        data: images or events, with labels.
        ticks: see `eventsnn.evaluate`.
        run: does what `eventsnn.evaluate` does, such as `eventsnn.cli.running.Running`.
        ann, ann_macs: what to compare with; None where there is none. Events are not
            compared, an ANN cannot see them.
        exit_confidences, seed: see `eventsnn.evaluate`.

    Raises:
        DataError: the data has no labels, or does not fit the network.
        InputError: the network has several inputs.
        MeasurementInterrupted: Ctrl-C.
    """
    from eventsnn.energy import ENERGY_MODELS
    from eventsnn.evaluation.evaluate import Interrupted, classes
    from eventsnn.report import build_report

    if data.y is None:
        raise DataError(f"{data.name}: has no labels y; the accuracy cannot be told without them")
    labels = data.y
    data.check_classes(classes(file.network))
    shape = input_shape(file, name)
    samples: PreprocessedImages | Sequence[Spikes]
    answers = None
    if data.kind == "events":
        samples = _recordings(data, shape, name)
        ann_macs = None
    else:
        samples = images = images_for(file, name, data)
        answers = None if ann is None else AnnAnswers(ann, images)

    def report_of(evaluation: Evaluation) -> dict[str, Any]:
        ann_right = None
        if evaluation.ann_predictions is not None:
            known = labels if evaluation.index is None else labels[evaluation.index]
            ann_right = float((evaluation.ann_predictions == known).mean())
        return build_report(
            evaluation,
            file,
            ENERGY_MODELS[0],
            network_name=name,
            data_name=data.name,
            labels=labels,
            ann_accuracy=ann_right,
            ann_macs=None if ann_macs is None else sum(ann_macs.values()),
        )

    try:
        evaluation = run(
            file.network,
            samples,
            labels,
            ticks=ticks,
            ann_predictions=answers,
            exit_confidences=exit_confidences,
            seed=seed,
            precision=None if file.integers is None else file.integers.precision,
        )
    except Interrupted as error:
        partial = None if error.partial is None else report_of(error.partial)
        raise MeasurementInterrupted(partial) from None
    return report_of(evaluation)


def input_shape(file: NetworkFile, name: str) -> tuple[int, ...]:
    """Shape of the one input.

    Raises:
        InputError: there are several.
    """
    if len(file.network.inputs) != 1:
        names = ", ".join(f"`{node.name}`" for node in file.network.inputs)
        raise InputError(
            f"{name}: has the inputs {names}; only networks with one are evaluated here, "
            f"use eventsnn.simulate"
        )
    return file.network.inputs[0].shape


def images_for(file: NetworkFile, name: str, data: DataSet) -> PreprocessedImages:
    """Images as the network expects them, by the preprocessing that its file names.

    Raises:
        DataError: the images do not fit.
        InputError: the network has several inputs.
    """
    from eventsnn.cli.images import preprocessed

    shape = input_shape(file, name)
    known = file.preprocessing
    if known is None:
        images = preprocessed(data, shape)
        note(f"the network names no preprocessing: scale {images.preprocessing.scale:g}")
        return images
    return preprocessed(data, shape, scale=known.scale, mean=known.mean, std=known.std)


def _recordings(data: DataSet, shape: tuple[int, ...], name: str) -> Sequence[Spikes]:
    recordings = data.recordings()
    found = recordings[0].shape
    if found != shape:
        raise DataError(
            f"{data.name}: event recordings of shape {found}, but the input of {name} has shape "
            f"{shape}; give data of that shape, or a network made for these events"
        )
    note("events: the ANN is not compared, and a tick is a microsecond")
    return recordings
