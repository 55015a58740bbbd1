"""``eventsnn convert``: exported weights -> a spiking network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from click.core import ParameterSource

from eventsnn.cli.console import progress_bar, say, warn
from eventsnn.cli.convert_bsnn import WordOptions, convert_by_words, word_options
from eventsnn.cli.convert_noise import convert_by_noise
from eventsnn.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    kinds_of_neurons,
    numbers,
    positive_number,
    share,
)
from eventsnn.cli.target import check_target

if TYPE_CHECKING:
    from converters import Ann, Conversion
    from converters.lowering.neuron_kinds import NeuronKinds
    from eventsnn.datasets import DataSet
    from eventsnn.hdf5 import NetworkFile
    from eventsnn.signals.preprocessing import PreprocessedImages

__all__ = ["convert", "convert_by_rate"]

#: Options that not every recipe has, beside the measures of time.
_RECIPES_WITH = {
    "quantile": ("rate", "ttrbr", "bsnn"),
    "per": ("rate", "bsnn"),
    "neuron": ("ttrbr",),
    "burst": ("ttrbr",),
    "mode": ("noise",),
    "readings": ("bsnn",),
    "carry": ("bsnn",),
    "rounding": ("bsnn",),
    "coding": ("bsnn",),
}


@click.command()
@click.argument("weights", type=EXISTING_FILE)
@click.option("-o", "--output", "target", required=True, type=OUTPUT_FILE, help="File to write.")
@click.option("--arch", help="For bare weights: a name such as resnet20-cifar, or a graph.json.")
@click.option(
    "--recipe",
    required=True,
    type=click.Choice(["rate", "ttrbr", "bsnn", "noise"]),
    help="Conversion method.",
)
@click.option(
    "--ticks", "-T", "--steps", type=click.IntRange(min=1), help="Ticks T, of rate, ttrbr, noise."
)
@click.option(
    "--calibration",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Training images: .npz or HDF5 with x (and y), or MNIST IDX.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Calibration images: the first N after a shuffle that is always the same.",
)
@click.option(
    "--scale",
    type=positive_number,
    metavar="S",
    help="Pixels are divided by it first. Default: 255 for uint8, 1 for floats.",
)
@click.option(
    "--mean",
    type=numbers,
    metavar="A,B,C",
    default="0",
    help="Per channel, subtracted after scaling.",
)
@click.option(
    "--std", type=numbers, metavar="A,B,C", default="1", help="Per channel, divides after the mean."
)
@click.option(
    "--quantile",
    type=share,
    metavar="Q",
    help="Thresholds are this quantile of the activations (ttrbr: where its search starts). "
    "Default: 0.999; bsnn: what makes words miss the activations least.",
)
@click.option(
    "--per",
    type=click.Choice(["layer", "channel"]),
    help="One threshold per layer (default of rate) or per channel (default of bsnn); "
    "ttrbr: always per channel.",
)
@click.option(
    "--neuron",
    type=kinds_of_neurons,
    metavar="KIND|PATTERN=KIND,...",
    default="if",
    show_default=True,
    help="ttrbr: if or signed; signed neurons take back spikes given too early. In some layers "
    "only: 'layer3.*=signed'.",
)
@click.option(
    "--burst",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="ttrbr: most spikes of a neuron in one tick.",
)
@click.option(
    "--mode",
    type=click.Choice(["reset", "carry", "noise"]),
    default="carry",
    show_default=True,
    help="noise: what every step after the first starts from.",
)
@word_options
def convert(
    weights: Path,
    target: Path,
    arch: str | None,
    recipe: str,
    ticks: int | None,
    calibration: Path,
    samples: int,
    scale: float | None,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    quantile: float | None,
    per: Literal["layer", "channel"] | None,
    neuron: NeuronKinds,
    burst: int,
    mode: Literal["reset", "carry", "noise"],
    phases: int | None,
    readings: int,
    carry: bool,
    rounding: bool,
    coding: Literal["analog", "phase"],
) -> None:
    """Convert the trained network WEIGHTS (.npz or .safetensors) to a spiking network (HDF5)."""
    from converters import load_ann
    from eventsnn.cli.images import preprocessed
    from eventsnn.datasets import load_data
    from eventsnn.hdf5 import save_network

    _check_length(recipe, ticks, phases)
    _check_options(recipe)
    check_target(target, "--output", (weights, calibration, arch))
    ann = load_ann(weights, arch)
    data = load_data(calibration)
    drawn = data.draw(samples)
    images = preprocessed(drawn, ann.input_shape, scale=scale, mean=mean, std=std)
    say(f"calibration: {len(drawn)} of the {len(data)} images of {calibration.name}")
    say(f"scale {images.preprocessing.scale:g}, mean {_listed(mean)}, std {_listed(std)}")
    _report_accuracy(ann, drawn, images)
    if recipe == "bsnn":
        words = WordOptions(phases, readings, carry, rounding, coding)
        file = convert_by_words(ann, images, words, quantile=quantile, per=per)
    elif recipe == "noise":
        assert ticks is not None
        file = convert_by_noise(ann, images, ticks=ticks, mode=mode)
    else:
        assert ticks is not None
        q = 0.999 if quantile is None else quantile
        if recipe == "rate":
            each = per or "layer"
            file = convert_by_rate(ann, images, ticks=ticks, quantile=q, per=each)
        else:
            file = _convert_by_ttrbr(
                ann, images, ticks=ticks, quantile=q, neuron=neuron, burst=burst
            )
    save_network(target, file)
    neurons = sum(layer.size for layer in file.network.layers)
    say(
        f"{target}: recipe {recipe} for T = {file.ticks}, {len(file.network.layers)} layers, "
        f"{neurons:,} neurons"
    )


def _check_length(recipe: str, ticks: int | None, phases: int | None) -> None:
    """Each recipe has its own measure of time."""
    given = {"--ticks": ticks, "--phases": phases}
    needed = "--phases" if recipe == "bsnn" else "--ticks"
    if given.pop(needed) is None:
        raise click.UsageError(f"Missing option '{needed}': recipe {recipe} needs it")
    for name, value in given.items():
        if value is not None:
            raise click.UsageError(f"recipe {recipe} has no {name}; {needed} says how long it runs")


def _check_options(recipe: str) -> None:
    """An option of another recipe would do nothing; who gives it expects something."""
    context = click.get_current_context()
    for name, recipes in _RECIPES_WITH.items():
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and recipe not in recipes:
            raise click.UsageError(
                f"recipe {recipe} has no --{name}; leave it out, or use --recipe "
                f"{' or '.join(recipes)}"
            )


def convert_by_rate(
    ann: Ann,
    images: PreprocessedImages,
    *,
    ticks: int,
    quantile: float = 0.999,
    per: Literal["layer", "channel"] = "layer",
) -> NetworkFile:
    """The network by recipe ``rate``, with the ANN that it came from."""
    from converters import rate

    conversion = rate(ann, images[:], ticks=ticks, quantile=quantile, per=per)
    return _file(conversion, ann, images, ticks)


def _convert_by_ttrbr(
    ann: Ann,
    images: PreprocessedImages,
    *,
    ticks: int,
    quantile: float,
    neuron: NeuronKinds,
    burst: int,
) -> NetworkFile:
    from converters import ops, ttrbr

    with progress_bar() as bar:
        task = bar.add_task("tuning layers", total=len(ann.names_of(ops.ReLU)))
        conversion = ttrbr(
            ann,
            images[:],
            ticks=ticks,
            neuron=neuron,
            burst=burst,
            quantile=quantile,
            progress=lambda count: bar.advance(task, count),
        )
    return _file(conversion, ann, images, ticks)


def _file(conversion: Conversion, ann: Ann, images: PreprocessedImages, ticks: int) -> NetworkFile:
    """The network with the ANN that it came from."""
    from converters import ann_to_source, macs
    from eventsnn.hdf5 import NetworkFile, Source

    return NetworkFile(
        network=conversion.network,
        preprocessing=images.preprocessing,
        source=Source(*ann_to_source(ann)),
        ann_macs=macs(ann),
        recipe=conversion.recipe,
        ticks=ticks,
        parameters=conversion.parameters,
    )


def _report_accuracy(ann: Ann, data: DataSet, images: PreprocessedImages) -> None:
    """The ANN on the calibration images: the cheapest test of the preprocessing."""
    from eventsnn.cli.ann import classes_of, predict

    if data.y is None:
        say(f"{data.name} has no labels, so the ANN's accuracy is not checked")
        return
    classes = classes_of(ann)
    data.check_classes(classes)
    with progress_bar() as bar:
        task = bar.add_task("ANN", total=len(data))
        predicted = predict(ann, images, lambda count: bar.advance(task, count))
    accuracy = float((predicted == data.y).mean())
    say(f"ANN accuracy on them: {accuracy:.1%}")
    chance = 1 / classes
    # Twice chance is 100 % for two classes; there, half way to perfect.
    if accuracy < min(2 * chance, (1 + chance) / 2):
        warn(
            f"the ANN is right on {accuracy:.1%} of the calibration images, chance is "
            f"{chance:.1%}: check scale, mean, layout"
        )


def _listed(values: tuple[float, ...]) -> str:
    return ",".join(f"{value:g}" for value in values)
