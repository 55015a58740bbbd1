"""What a recipe returns: a network, how to use it, and the ANN that it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann.forward import answers
from converters.ann.graph import Ann
from converters.ann.macs import macs
from converters.intake.graph_json import ann_from_source, ann_to_source
from eventsnn import Analog, Evaluation, EventsnnError, InputError, Network, Preprocessing, Spikes
from eventsnn import Conversion as NetworkConversion
from eventsnn.datasets.batches import images_and_labels
from eventsnn.hdf5 import NetworkFile, Source, load_network

__all__ = ["Conversion", "ann_inside", "converted", "fed_with"]


@dataclass(frozen=True, eq=False, repr=False)
class Conversion(NetworkConversion):
    """A spiking network, how to use it, and the ANN that it came from.

    ``network``, ``preprocessing``, ``ticks``, ``recipe``, ``parameters``, ``thresholds``: see
    `eventsnn.Conversion`, which has ``save``. An amplitude of 1 of a layer stands for its
    threshold.

    Attributes:
        ann: the source, as it was given; `converters.canonical` is the form whose ReLUs have
            the names and shapes of the spiking layers.
    """

    ann: Ann = field(kw_only=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save`, or ``eventsnn convert``, wrote.

        Raises:
            FileFormatError: missing, damaged, of another kind; names the item.
            InputError: the file holds no ANN; `eventsnn.Conversion.load` reads it.
        """
        file = load_network(path)
        if file.source is None:
            raise InputError(
                f"{path}: holds no ANN that the network came from; use eventsnn.Conversion.load"
            )
        ann = ann_inside(file.source, str(path))
        return cls(**{f.name: getattr(file, f.name) for f in fields(NetworkFile)}, ann=ann)

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        *,
        ticks: int | None = None,
        **options: Any,
    ) -> Evaluation:
        """As `eventsnn.Conversion.evaluate`, with the agreement with the ANN.

        Args:
            x: raw images, as the preprocessing expects them, or recordings of events, which an
                ANN cannot see.
            y, ticks, options: see there.
        """
        x, beside = images_and_labels(x, self.network.inputs[0].shape)
        y = beside if y is None else y
        if "ann_predictions" not in options and not _are_events(x):
            images = self.prepared(x)
            options = {**options, "ann_predictions": answers(self.ann, images)}
        return super().evaluate(x, y, ticks=ticks, **options)


def ann_inside(source: Source, name: str) -> Ann:
    """The ANN that a network file holds; errors name the file.

    Raises:
        EventsnnError: of the kind that `ann_from_source` raises.
    """
    try:
        return ann_from_source(source.graph, source.arrays)
    except EventsnnError as error:
        raise type(error)(f"{name}: the ANN inside: {error}") from None


def _are_events(x: Any) -> bool:
    return isinstance(x, Sequence) and all(isinstance(sample, Spikes) for sample in x[:1])


def converted(
    network: Network,
    ann: Ann,
    recipe: str,
    *,
    ticks: int,
    parameters: Mapping[str, Any],
    thresholds: Mapping[str, float | NDArray[np.float64]],
    preprocessing: Preprocessing | None = None,
) -> Conversion:
    """What a recipe made of ``ann``, with all that a file of it holds."""
    return Conversion(
        network=network,
        preprocessing=preprocessing,
        source=Source(*ann_to_source(ann)),
        ann_macs=macs(ann),
        recipe=recipe,
        ticks=ticks,
        parameters=dict(parameters),
        thresholds=dict(thresholds),
        ann=ann,
    )


def fed_with(network: Network, images: ArrayLike) -> Network:
    """``network`` with inputs that know the range of the images that it was made with."""
    values = np.asarray(images)
    known = Analog(float(values.min()), float(values.max()))
    return replace(network, inputs=tuple(replace(node, coding=known) for node in network.inputs))
