"""The ANN's own answers, to stand beside those of its spiking network."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from converters import Ann
    from eventsnn.signals.preprocessing import PreprocessedImages

__all__ = ["AnnAnswers", "classes_of", "predict"]

#: Images per forward pass: bounds memory for any number of images.
_BATCH = 64


def classes_of(ann: Ann) -> int:
    """Number of outputs."""
    return math.prod(ann.shapes[ann.output])


def predict(
    ann: Ann, images: PreprocessedImages | NDArray[np.float32], progress: Callable[[int], object]
) -> NDArray[np.int64]:
    """The argmax for each image, (N,); ``progress`` is told how many were just finished."""
    from converters import forward

    answers = []
    for start in range(0, len(images), _BATCH):
        logits = forward(ann, images[start : start + _BATCH])
        answers.append(logits.reshape(len(logits), -1).argmax(axis=1))
        progress(len(logits))
    return np.concatenate(answers)


class AnnAnswers:
    """The ANN's answers for a slice of images, for `eventsnn.evaluate`.

    Args:
        ann: to ask.
        images: as it expects them.
    """

    def __init__(self, ann: Ann, images: PreprocessedImages) -> None:
        self._ann = ann
        self._images = images

    def __call__(self, rows: slice) -> NDArray[np.int64]:
        """The argmax for each image of the slice."""
        return predict(self._ann, self._images[rows], lambda _: None)

    @property
    def digest(self) -> str:
        """SHA-256 of the ANN, for a journal."""
        from converters import ann_to_source

        graph, arrays = ann_to_source(self._ann)
        digest = hashlib.sha256(graph.encode())
        for key, values in arrays.items():
            digest.update(f"{key} {values.dtype.str} {values.shape}".encode())
            digest.update(values.tobytes())
        return digest.hexdigest()
