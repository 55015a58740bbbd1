"""Values of options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = [
    "EXISTING_FILE",
    "OUTPUT_FILE",
    "confidence_number",
    "exit_grid",
    "numbers",
    "positive_number",
    "workers_option",
]

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT_FILE = click.Path(path_type=Path)


def numbers(text: str) -> tuple[float, ...]:
    """Finite numbers with commas between."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = (math.nan,)
    if not all(map(math.isfinite, found)):
        raise click.BadParameter(f"{text!r}: expected numbers such as .485,.456,.406")
    return found


def positive_number(text: str) -> float:
    """A finite number > 0."""
    found = numbers(text)
    if len(found) != 1 or found[0] <= 0:
        raise click.BadParameter(f"{text!r}: expected a number > 0")
    return found[0]


def confidence_number(text: str) -> float:
    """A number in [0.5, 1)."""
    found = numbers(text)
    if len(found) != 1 or not 0.5 <= found[0] < 1:
        raise click.BadParameter(f"{text!r}: expected a number >= 0.5 and < 1")
    return found[0]


def exit_grid(confidence: float) -> tuple[float, ...]:
    """The confidences of the curve, with the one asked for."""
    return tuple(sorted({0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, confidence}))


def workers_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--workers``: threads over samples."""
    return click.option(
        "--workers",
        type=click.IntRange(min=1),
        help="Threads over samples. Default: one per CPU. The result does not depend on it.",
    )(command)
