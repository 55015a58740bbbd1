"""The ANN's own answers, to stand beside those of its spiking network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from converters import Ann
    from eventsnn.signals.preprocessing import PreprocessedImages

__all__ = ["classes_of", "predict"]

#: Images per forward pass: bounds memory for any number of images.
_BATCH = 64


def classes_of(ann: Ann) -> int:
    """Number of outputs."""
    return math.prod(ann.shapes[ann.output])


def predict(
    ann: Ann, images: PreprocessedImages, progress: Callable[[int], object]
) -> NDArray[np.int64]:
    """The argmax for each image, (N,); ``progress`` is told how many were just finished."""
    from converters import forward

    answers = []
    for start in range(0, len(images), _BATCH):
        logits = forward(ann, images[start : start + _BATCH])
        answers.append(logits.reshape(len(logits), -1).argmax(axis=1))
        progress(len(logits))
    return np.concatenate(answers)
