"""``eventsnn convert``: exported weights -> a spiking network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventsnn.cli.console import progress_bar, say, warn
from eventsnn.cli.options import EXISTING_FILE, OUTPUT_FILE, numbers, positive_number
from eventsnn.cli.recipe_options import RecipeCommand, options_of
from eventsnn.cli.target import check_target

if TYPE_CHECKING:
    from converters import Ann, Conversion
    from converters.recipes import Recipe
    from eventsnn.datasets import DataSet
    from eventsnn.signals.preprocessing import PreprocessedImages

__all__ = ["convert", "convert_images"]


class _RecipeName(click.ParamType["Recipe"]):
    """The name of a recipe, looked up when it is needed."""

    name = "recipe"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's
        """The names."""
        from converters.recipes import RECIPES

        return f"[{'|'.join(RECIPES)}]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Recipe:
        """The recipe of that name."""
        from converters.recipes import RECIPES

        if value not in RECIPES:
            self.fail(f"{value!r} is not one of {', '.join(map(repr, RECIPES))}.", param, ctx)
        return RECIPES[value]


@click.command(cls=RecipeCommand)
@click.argument("weights", type=EXISTING_FILE)
@click.option("-o", "--output", "target", required=True, type=OUTPUT_FILE, help="File to write.")
@click.option("--arch", help="For bare weights: a name such as resnet20-cifar, or a graph.json.")
@click.option("--recipe", required=True, type=_RecipeName(), help="Convert by this method.")
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
def convert(
    weights: Path,
    target: Path,
    arch: str | None,
    recipe: Recipe,
    calibration: Path,
    samples: int,
    scale: float | None,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    **given: Any,
) -> None:
    """Convert the trained network WEIGHTS (.npz or .safetensors) to a spiking network (HDF5)."""
    from converters import load_ann
    from eventsnn.cli.images import preprocessed
    from eventsnn.datasets import load_data

    options = options_of(recipe, given)
    check_target(target, "--output", (weights, calibration, arch))
    ann = load_ann(weights, arch)
    data = load_data(calibration)
    drawn = data.draw(samples)
    images = preprocessed(drawn, ann.input_shape, scale=scale, mean=mean, std=std)
    say(f"calibration: {len(drawn)} of the {len(data)} images of {calibration.name}")
    say(f"scale {images.preprocessing.scale:g}, mean {_listed(mean)}, std {_listed(std)}")
    _report_accuracy(ann, drawn, images)
    conversion = convert_images(recipe, ann, images, options)
    conversion.save(target)
    network = conversion.network
    neurons = sum(layer.size for layer in network.layers)
    say(
        f"{target}: recipe {recipe.name} for T = {conversion.ticks}, {len(network.layers)} layers, "
        f"{neurons:,} neurons"
    )


def convert_images(
    recipe: Recipe, ann: Ann, images: PreprocessedImages, options: dict[str, Any]
) -> Conversion:
    """The conversion by ``recipe``, with the preprocessing of its calibration images."""
    with progress_bar() as bar:
        steps = None if recipe.steps is None else recipe.steps(ann)
        task = None if steps is None else bar.add_task("tuning layers", total=steps)
        conversion = recipe(
            ann,
            images[:],
            options,
            progress=None if task is None else lambda count: bar.advance(task, count),
        )
    return replace(conversion, preprocessing=images.preprocessing)


def _report_accuracy(ann: Ann, data: DataSet, images: PreprocessedImages) -> None:
    """The ANN on the calibration images: the cheapest test of the preprocessing."""
    from converters.ann.forward import answers, classes_of

    if data.y is None:
        say(f"{data.name} has no labels, so the ANN's accuracy is not checked")
        return
    outputs = classes_of(ann)
    data.check_classes(outputs)
    with progress_bar() as bar:
        task = bar.add_task("ANN", total=len(data))
        predicted = answers(ann, images, lambda count: bar.advance(task, count))
    accuracy = float((predicted == data.y).mean())
    say(f"ANN accuracy on them: {accuracy:.1%}")
    chance = 1 / max(outputs, 2)
    # Twice chance is 100 % for two classes; there, half way to perfect.
    if accuracy < min(2 * chance, (1 + chance) / 2):
        warn(
            f"the ANN is right on {accuracy:.1%} of the calibration images, chance is "
            f"{chance:.1%}: check scale, mean, layout"
        )


def _listed(values: tuple[float, ...]) -> str:
    return ",".join(f"{value:g}" for value in values)
