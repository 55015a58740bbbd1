"""What a recipe says of itself: its name, its options, and what it builds.

The command line, ``docs/api.md`` and tests take recipes from `converters.recipes.RECIPES`; a new
one is a file with a function and its `Recipe`, and a line in ``converters/recipes/__init__.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from converters.ann.graph import Ann
from converters.conversion import Conversion

__all__ = ["Option", "Recipe"]


@dataclass(frozen=True)
class Option:
    """One option of a recipe, as the command line offers it.

    Attributes:
        name: the keyword of the recipe's function; ``--name`` on the command line, with dashes.
        kind: what a value is: a whole number, a number, a bool, or one of ``choices``, or text
            that ``parse`` reads.
        help: a sentence.
        choices: for the kind "choice".
        least, most: bounds of numbers.
        required: without it the recipe does nothing.
        parse: text -> value, for the kind "text"; raises ValueError with a sentence.
        metavar: what stands for the value in the help.
    """

    name: str
    kind: Literal["int", "float", "bool", "choice", "text"]
    help: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    required: bool = False
    parse: Callable[[str], Any] | None = None
    metavar: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A way of converting.

    Attributes:
        name: on the command line and in files.
        summary: a sentence: for which wish.
        build: ``(ann, images, progress, **options) -> Conversion``; options that were not given
            are left out, so that the function's own defaults hold. ``images`` are those of the
            calibration, preprocessed, ``progress`` is called with 1 after each of ``steps``.
        options: all that ``build`` takes.
        calibrates: whether it needs images; where not, they only say the range of the input.
        steps: how many steps of progress an ANN takes, where that is worth a bar.
    """

    name: str
    summary: str
    build: Callable[..., Conversion]
    options: tuple[Option, ...]
    calibrates: bool = True
    steps: Callable[[Ann], int] | None = None

    def __call__(
        self,
        ann: Ann,
        images: Any,
        options: Mapping[str, Any],
        progress: Callable[[int], object] | None = None,
    ) -> Conversion:
        """Convert ``ann`` by the recipe."""
        return self.build(ann, images, progress, **options)


TICKS = Option(
    "ticks",
    "int",
    "Run for this many ticks T; networks that were trained with levels advise theirs.",
    least=1,
    metavar="T",
)
QUANTILE = Option(
    "quantile",
    "float",
    "Set thresholds to this quantile of the activations (0.999 by default).",
    least=0,
    most=1,
    metavar="Q",
)
