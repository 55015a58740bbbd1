"""Thresholds by which words of K bits come nearest to the activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.forward import activations
from converters.ann.graph import Ann
from converters.ann.quantized import as_words
from converters.calibration.activation_quantiles import Per
from converters.calibration.trains import Train, walk

__all__ = ["word_thresholds"]

Array = NDArray[np.floating[Any]]

#: Candidates for theta, as fractions of the one to start from.
_FRACTIONS = (1.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1)


def word_thresholds(
    ann: Ann,
    images: ArrayLike,
    start: Mapping[str, float | NDArray[np.float64]],
    *,
    phases: int,
    rounding: bool = True,
    per: Per = "channel",
) -> dict[str, float | NDArray[np.float64]]:
    """The theta of each ReLU whose words miss the ANN's activations by the least squares.

    A smaller theta rounds less and clips more. From the input to the output, each ReLU is
    looked at on what the words before it make of the images, so that it may trade for the
    loss there: of nine fractions of ``start`` it takes the one that minimizes
    ``mean (word(z') - relu(z))^2``, z' behind words, z in the ANN.

    Args:
        ann: batch norm folded.
        images: calibration images (N, *input_shape), preprocessed; all at once.
        start: theta of every ReLU by name, for example from a high quantile.
        phases, rounding: K, and whether words are the nearest ones.
        per: one theta per "layer", or per "channel".

    Returns:
        By name of the ReLU, as `activation_quantiles`; never above ``1.1 start``.
    """
    # float64: what libraries of linear algebra differ in then decides no comparison below
    images = np.asarray(images, dtype=np.float64)
    relus = ann.names_of(ops.ReLU)
    wanted = activations(ann, images, relus, dtype=np.float64)
    found: dict[str, float | NDArray[np.float64]] = {}

    def fire(name: str, currents: Train, _held: Train | None) -> Train:
        z, target = currents[0], wanted.pop(name)
        shape = (-1, *(1,) * (z.ndim - 2))
        pixels = (0, *range(2, z.ndim))
        first = np.broadcast_to(np.ravel(start[name]), z.shape[1:2]).astype(np.float64)
        best, least = first, np.full(len(first), np.inf)
        for fraction in _FRACTIONS:
            theta = fraction * first
            word = as_words(z, theta.reshape(shape), phases=phases, rounding=rounding)
            error = np.square(word - target).mean(axis=pixels, dtype=np.float64)
            if per == "layer":
                error = np.full_like(error, error.mean())
            best = np.where(error < least, theta, best)
            least = np.minimum(error, least)
        found[name] = float(best[0]) if per == "layer" else best.reshape(shape)
        return as_words(z, best.reshape(shape), phases=phases, rounding=rounding)[None]

    for _ in walk(ann, images, fire):
        pass  # each ReLU needs those before it
    return found
