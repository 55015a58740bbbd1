"""The short way: a PyTorch model in, a spiking network out, in two calls."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.ann.graph import Ann
from converters.conversion import Conversion
from converters.intake.export import export
from converters.recipes import RECIPES
from eventsnn import ConversionError

__all__ = ["TrainedModel", "from_torch"]


@dataclass(frozen=True)
class TrainedModel:
    """A PyTorch model as an ANN.

    Attributes:
        ann: what the model computes.
    """

    ann: Ann

    def convert(self, recipe: str, calibration: Any = None, **options: Any) -> Conversion:
        """A spiking network.

        Args:
            recipe: a name of `converters.recipes.RECIPES`; "noise" needs no calibration.
            calibration: images preprocessed as for the model: an array, or batches of a
                DataLoader or Dataset.
            options: of the recipe, see `converters.rate` and its like.

        Raises:
            ConversionError: an unknown recipe or impossible options.
        """
        if recipe not in RECIPES:
            raise ConversionError(f"recipe: expected one of {list(RECIPES)}, found {recipe!r}")
        chosen = RECIPES[recipe]
        if calibration is None and chosen.calibrates:
            raise ConversionError(
                f"recipe {recipe} needs calibration images; give some of the training set"
            )
        try:
            made = chosen(self.ann, calibration, options)
        except TypeError as error:
            raise ConversionError(f"recipe {recipe}: {error}") from error
        return made


def from_torch(model: Any, example: Any) -> TrainedModel:
    """A PyTorch ``model`` in memory, ready to be converted; nothing is left on disk.

    ::

        conversion = converters.from_torch(model, images).convert("rate", loader, ticks=16)

    Args:
        model, example: see `converters.export`.

    Raises:
        MissingExtraError, UnsupportedLayerError, ConversionError: see `converters.export`.
    """
    with tempfile.TemporaryDirectory() as folder:
        return TrainedModel(export(model, example, Path(folder) / "weights.npz"))
