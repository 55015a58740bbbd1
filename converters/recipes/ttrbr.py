"""Threshold tuning: as few time steps as the trained network allows, without training.

A reconstruction after Meng et al., "Training much deeper spiking neural networks with a
small number of time-steps", Neural Networks 153:254-268 (2022),
doi 10.1016/j.neunet.2022.06.001. `docs/methods/ttrbr.md` says what is theirs and what is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import Ann
from converters.calibration.activation_quantiles import activation_quantiles
from converters.calibration.tune_thresholds import tune_thresholds
from converters.conversion import Conversion, converted, fed_with
from converters.lowering.lower import lower
from converters.lowering.neuron_kinds import NeuronKind, NeuronKinds, neuron_kinds
from converters.passes.canonical import canonical
from converters.passes.only_activations import only_activations
from converters.passes.trained_levels import advised_ticks
from converters.recipes.recipe import QUANTILE, TICKS, Option, Recipe
from eventsnn import ConversionError
from eventsnn.datasets.batches import images_and_labels

__all__ = ["TTRBR", "kinds_of_neurons", "ttrbr"]


def ttrbr(
    ann: Ann,
    calibration: Any,
    *,
    ticks: int | None = None,
    neuron: NeuronKinds = "if",
    burst: int = 1,
    quantile: float = 0.999,
    ridge: float | None = 2.0,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Conversion:
    """Convert for rate coding within a given T, with thresholds and biases tuned for it.

    The error of a rate has a part that shrinks with theta (quantization) and parts that grow
    when theta shrinks (clipping) or when currents leave [0, theta] (deviation); which theta
    is best depends on T and on the currents that the spiking network really carries. So
    thresholds start at a quantile of the activations, and are tuned per channel and layer by
    layer with all layers before already spiking, together with a correction of each bias,
    see `converters.calibration.tune_thresholds`.

    Args:
        ann: the network. Where its ReLUs have a ceiling (trained clipping thresholds), no
            threshold exceeds it.
        calibration: images (N, C, H, W) preprocessed as for the ANN, from the training set, as an
            array, or as batches of a PyTorch DataLoader or Dataset;
            about 128.
        ticks: T, how long the network will run; other T work, less well.
        neuron: "if", or "signed": neurons that take back spikes given too early, which needs
            hardware (or a simulator) with negative spikes, and costs about twice the spikes
            per tick; in return T can be about 2 to 4 times smaller. Or kinds by name or
            pattern of ReLUs, as in ``{"layer3.*": "signed"}``; others are "if".
        burst: most spikes of a neuron in one tick, as an integer amplitude; above 1 the
            thresholds become smaller and T can be too, at about the same number of spikes
            an image.
        quantile: of the activations, where the search starts; in (0, 1].
        ridge: how firmly the weights stay at the trained ones while least squares moves them
            against what the layers before lost, relative to the mean square of the inputs;
            None leaves them alone. Weak ridges fit the calibration images' noise.
        seed: of the sample of neurons by which a channel is tuned.
        progress: called with 1 after each layer.

    Raises:
        ConversionError: impossible parameters.
        UnsupportedLayerError: a node without a spiking counterpart, by name.
        InputError: images that do not fit the network.
    """
    if not isinstance(burst, int) or burst < 1:
        raise ConversionError(f"burst: expected an int >= 1, found {burst!r}")
    form = canonical(only_activations(ann))
    calibration, _ = images_and_labels(calibration, ann.input_shape)
    ticks = advised_ticks(form, ticks)
    kinds = neuron_kinds(form, neuron)
    start = activation_quantiles(form, calibration, quantile=quantile, per="channel")
    lower(form, start)  # refuses what cannot spike, before the work
    tuning = tune_thresholds(
        form,
        calibration,
        start,
        ticks=ticks,
        neuron=kinds,
        burst=burst,
        ridge=ridge,
        seed=seed,
        progress=progress,
    )
    network = lower(tuning.ann, tuning.thresholds, tuning.initial, kinds, burst)
    parameters: dict[str, str | int | float] = {
        "neuron": _described(neuron),
        "burst": burst,
        "quantile": quantile,
        "ridge": ridge or 0.0,
        "seed": seed,
    }
    return converted(
        fed_with(network, calibration),
        ann,
        "ttrbr",
        ticks=ticks,
        parameters=parameters,
        thresholds=tuning.thresholds,
    )


def _described(neuron: NeuronKinds) -> str:
    """As the command line takes it."""
    if isinstance(neuron, Mapping):
        return ",".join(f"{pattern}={kind}" for pattern, kind in neuron.items())
    return neuron


def kinds_of_neurons(text: str) -> NeuronKinds:
    """``signed``, or ``layer3.*=signed,layer2.*=if``."""
    if text in ("if", "signed"):
        return "signed" if text == "signed" else "if"
    kinds: dict[str, NeuronKind] = {}
    for part in text.split(","):
        pattern, _, kind = (word.strip() for word in part.partition("="))
        if not pattern or kind not in ("if", "signed"):
            raise ValueError(
                f"{text!r}: expected if, signed, or patterns such as 'layer3.*=signed,fc=if'"
            )
        kinds[pattern] = "signed" if kind == "signed" else "if"
    return kinds


def _build(
    ann: Ann, images: NDArray[Any], progress: Callable[[int], object] | None, **options: Any
) -> Conversion:
    return ttrbr(ann, images, progress=progress, **options)


TTRBR = Recipe(
    "ttrbr",
    "Threshold tuning: few ticks without training.",
    _build,
    (
        TICKS,
        QUANTILE,
        Option(
            "neuron",
            "text",
            "Use if or signed neurons; signed ones take back spikes given too early. In some "
            "layers only: 'layer3.*=signed'.",
            parse=kinds_of_neurons,
            metavar="KIND|PATTERN=KIND,...",
        ),
        Option("burst", "int", "Allow this many spikes of a neuron in one tick.", least=1),
    ),
    steps=lambda ann: len(ann.names_of(ops.ReLU)),
)
