"""Conversions from start to end: each a short list of passes and a choice of neuron.

`RECIPES` has them by name, in the order in which a user meets them.
"""

from collections.abc import Mapping

from converters.recipes.bsnn import BSNN
from converters.recipes.noise import NOISE
from converters.recipes.rate import RATE
from converters.recipes.recipe import Option, Recipe
from converters.recipes.ttrbr import TTRBR

__all__ = ["RECIPES", "Option", "Recipe"]

RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (RATE, TTRBR, BSNN, NOISE)}
