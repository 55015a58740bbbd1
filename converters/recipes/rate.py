"""Rate coding: the number of spikes stands for the activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from converters.ann.graph import Ann
from converters.calibration.activation_quantiles import Per, activation_quantiles
from converters.conversion import Conversion, converted, fed_with
from converters.lowering.lower import lower
from converters.passes.canonical import canonical
from converters.passes.only_activations import only_activations
from converters.passes.trained_levels import advised_ticks, trained_ceilings
from converters.recipes.recipe import QUANTILE, TICKS, Option, Recipe
from eventsnn.datasets.batches import images_and_labels

__all__ = ["RATE", "rate"]


def rate(
    ann: Ann,
    calibration: Any,
    *,
    ticks: int | None = None,
    quantile: float = 0.999,
    per: Per = "layer",
) -> Conversion:
    """Convert for rate coding with soft-reset neurons and thresholds from calibration images.

    After T ticks of a constant image a neuron with mean input I has fired
    ``clip(floor((T I + theta / 2) / theta), 0, T)`` times if its input was constant, so
    ``theta count / T`` approximates ``clip(I, 0, theta)`` to within ``theta / (2 T)``.
    Batch norm is folded, theta is a quantile of the ANN's activations (Rueckauer et al.,
    Front. Neurosci. 11:682, 2017), and v starts at theta / 2, which halves the error of
    starting at 0.

    A ReLU that was trained with a ceiling and L levels (QCFS: Bu et al., ICLR 2022) takes its
    ceiling as theta, whatever the quantile; then T = L is what it was trained for.

    Args:
        ann: the network.
        calibration: images (N, C, H, W) preprocessed as for the ANN, from the training set, as an
            array, or as batches of a PyTorch DataLoader or Dataset.
        ticks: how long the network is meant to run. It does not change the network, and is
            kept with it. None for the levels that its activations were trained with.
        quantile: of the activations, in (0, 1].
        per: one threshold per "layer" or per "channel".

    Raises:
        ConversionError: impossible parameters.
        UnsupportedLayerError: a node without a spiking counterpart, by name.
        InputError: images that do not fit the network.
    """
    form = canonical(only_activations(ann))
    calibration, _ = images_and_labels(calibration, ann.input_shape)
    ticks = advised_ticks(form, ticks)
    thresholds = activation_quantiles(form, calibration, quantile=quantile, per=per)
    thresholds |= trained_ceilings(form)
    return converted(
        fed_with(lower(form, thresholds), calibration),
        ann,
        "rate",
        ticks=ticks,
        parameters={"quantile": quantile, "per": per},
        thresholds=thresholds,
    )


def _build(
    ann: Ann, images: NDArray[Any], progress: Callable[[int], object] | None, **options: Any
) -> Conversion:
    del progress  # a second
    return rate(ann, images, **options)


RATE = Recipe(
    "rate",
    "Rate coding without tuning: the baseline, and exact for long T.",
    _build,
    (
        TICKS,
        QUANTILE,
        Option(
            "per",
            "choice",
            "Choose one threshold per layer (the default of rate) or per channel.",
            choices=("layer", "channel"),
        ),
    ),
)
