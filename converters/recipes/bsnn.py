"""Phase words and bistable neurons: K spikes at most stand for the activation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import Ann
from converters.calibration.activation_quantiles import Per, activation_quantiles
from converters.calibration.word_thresholds import word_thresholds
from converters.conversion import Conversion, converted, fed_with
from converters.lowering.lower import lower
from converters.lowering.phase_words import bistable
from converters.passes.canonical import canonical
from converters.passes.dyadic_parameters import dyadic_parameters
from converters.passes.only_activations import only_activations
from converters.passes.phase_coded_input import phase_coded_input, pixel_range
from converters.passes.trained_levels import advised_phases, without_exact_levels
from converters.recipes.recipe import Option, Recipe
from eventsnn import ConversionError, Words, reading_ticks
from eventsnn.datasets.batches import images_and_labels

__all__ = ["BSNN", "bsnn"]

#: Where the search for thresholds begins.
_START = 0.9999


def bsnn(
    ann: Ann,
    calibration: Any,
    *,
    phases: int | None = None,
    rounding: bool = True,
    carry: bool = False,
    readings: int | None = 1,
    quantile: float | None = None,
    per: Per = "channel",
    coding: Literal["analog", "phase"] = "analog",
    synchronous: bool = True,
    places: int | None = None,
) -> Conversion:
    """Convert for phase words, bistable neurons and synchronous ones where paths are short.

    Every reading of every neuron is its activation in K bits of its threshold theta,
    ``theta 2^-K clip(floor(2^K (z / theta + h)), 0, 2^K - 1)``, ``h = 2^-(1+K)`` for rounding:
    nothing else separates the spiking network from the ANN. Theta is what makes words miss
    the activations least (`converters.calibration.word_thresholds`), or lets the largest word
    stand for a ``quantile`` of them. The first reading is complete after depth x K ticks
    (`eventsnn.reading_ticks`), then there is one each 2 K ticks.

    A reconstruction after Li, Zhao and Zeng, Frontiers in Neuroscience 16:991851 (2022);
    see ``docs/methods/bsnn.md``.

    Args:
        ann: the network.
        calibration: images (N, C, H, W) preprocessed as for the ANN, from the training set, as an
            array, or as batches of a PyTorch DataLoader or Dataset.
        phases: K, 1 to 16: bits of a word, ticks of a cycle. None for as many as the levels need
            that the activations were trained with; 2^K - 1 levels are the words to the bit.
        rounding: to the nearest word; without it to the one below.
        carry: keep what a word could not tell for the next reading.
        readings: how many the network takes of an image; None for a stream without end.
        quantile: None for the theta of least squares; else ``theta = q / (1 - 2^-K)`` with q
            the quantile of the activations, see `activation_quantiles`.
        per: one theta per "layer" or per "channel".
        coding: "analog" for a constant image, "phase" for spikes that spell its pixels: the
            network's input then has the coding `eventsnn.Words`, of the range of each channel.
        synchronous: False leaves the synchronous layers out, to see what they are for.
        places: round weights, biases and theta to multiples of 2^-places. With 16 places and
            float64 the words are exact.

    Raises:
        ConversionError: impossible parameters.
        UnsupportedLayerError: a node without a spiking counterpart, by name.
        InputError: images that do not fit the network.
    """
    if coding not in ("analog", "phase"):
        raise ConversionError(f'coding: expected "analog" or "phase", found {coding!r}')
    form = canonical(only_activations(ann))
    calibration, _ = images_and_labels(calibration, ann.input_shape)
    phases = advised_phases(form, phases)
    if places is not None:
        form = dyadic_parameters(form, places)
    largest = activation_quantiles(form, calibration, quantile=quantile or _START, per=per)
    thresholds = {name: q / (1 - 2.0**-phases) for name, q in largest.items()}
    if quantile is None:
        thresholds = word_thresholds(
            form,
            calibration,
            thresholds,
            phases=phases,
            rounding=rounding,
            per=per,
        )
    thresholds = {
        name: _on_grid(theta, places, _ceiling(form, name)) for name, theta in thresholds.items()
    }
    exact = without_exact_levels(form, phases)[1] if rounding else {}
    thresholds |= {name: _on_grid(theta, places, np.inf) for name, theta in exact.items()}
    parameters: dict[str, str | int | float | list[float]] = {
        "phases": phases,
        "coding": coding,
        "rounding": rounding,
        "carry": carry,
        "readings": readings or 0,
        "quantile": quantile or 0.0,
        "per": per,
        "synchronous": synchronous,
    }
    if places is not None:
        parameters["places"] = places
    if coding == "phase":
        low, width = pixel_range(calibration, phases)
        form = phase_coded_input(form, low, width)
    network = bistable(
        lower(without_exact_levels(form, phases)[0] if exact else form, thresholds),
        phases,
        rounding=rounding,
        carry=carry,
        readings=readings,
        synchronous=synchronous,
        image=coding == "analog",
    )
    if coding == "phase":
        words = Words(phases, low, width, readings or 1)
        inputs = tuple(dataclasses.replace(node, coding=words) for node in network.inputs)
        network = dataclasses.replace(network, inputs=inputs)
    else:
        network = fed_with(network, calibration)
    return converted(
        network,
        ann,
        "bsnn",
        ticks=int(reading_ticks(network, readings or 1)[-1]),
        parameters=parameters,
        thresholds=thresholds,
    )


def _build(
    ann: Ann, images: NDArray[Any], progress: Callable[[int], object] | None, **options: Any
) -> Conversion:
    del progress  # seconds
    return bsnn(ann, images, **options)


BSNN = Recipe(
    "bsnn",
    "Phase words and bistable neurons: fewest synaptic operations without training.",
    _build,
    (
        Option(
            "phases",
            "int",
            "Spell activations in words of this many bits K; networks that were trained with "
            "levels advise theirs.",
            least=1,
            most=16,
            metavar="K",
        ),
        Option("readings", "int", "Take this many words of a neuron and image.", least=1),
        Option("carry", "bool", "Keep what a word could not tell for the next one."),
        Option("rounding", "bool", "Round to the nearest word, or down to the one below."),
        Option(
            "coding",
            "choice",
            "Feed a constant image (analog, the default), or spikes that spell its pixels (phase).",
            choices=("analog", "phase"),
        ),
        Option(
            "quantile",
            "float",
            "Let the largest word stand for this quantile of the activations; by default words "
            "miss the activations least.",
            least=0,
            most=1,
            metavar="Q",
        ),
        Option(
            "per",
            "choice",
            "Choose one threshold per layer or per channel (the default of bsnn).",
            choices=("layer", "channel"),
        ),
    ),
)


def _ceiling(ann: Ann, name: str) -> float:
    relu = ann.by_name[name].op
    assert isinstance(relu, ops.ReLU)
    return np.inf if relu.ceiling is None else relu.ceiling


def _on_grid(
    theta: float | NDArray[np.float64], places: int | None, ceiling: float
) -> float | NDArray[np.float64]:
    """A multiple of 2^-places, and no more than the ceiling of the ReLU."""
    theta = np.minimum(np.asarray(theta, dtype=np.float64), ceiling)
    if places is not None:
        theta = np.ldexp(np.maximum(np.round(np.ldexp(theta, places)), 1), -places)
    return theta if theta.ndim else float(theta)
