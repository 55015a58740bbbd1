"""The short way: a PyTorch model in, a spiking network out, in two calls."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.ann.graph import Ann
from converters.conversion import Conversion
from converters.intake.export import export
from converters.recipes.bsnn import bsnn
from converters.recipes.noise import noise
from converters.recipes.rate import rate
from converters.recipes.ttrbr import ttrbr
from eventsnn import ConversionError

__all__ = ["TrainedModel", "from_torch"]

_RECIPES: dict[str, Any] = {"rate": rate, "ttrbr": ttrbr, "bsnn": bsnn, "noise": noise}


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
            recipe: "rate", "ttrbr", "bsnn", or "noise", which needs no calibration.
            calibration: images preprocessed as for the model: an array, or batches of a
                DataLoader or Dataset.
            options: of the recipe, see `converters.rate` and its like.

        Raises:
            ConversionError: an unknown recipe or impossible options.
        """
        if recipe not in _RECIPES:
            raise ConversionError(f"recipe: expected one of {list(_RECIPES)}, found {recipe!r}")
        images = () if calibration is None else (calibration,)
        try:
            made: Conversion = _RECIPES[recipe](self.ann, *images, **options)
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
