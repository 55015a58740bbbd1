"""The ANN's own answers, to stand beside those of its spiking network."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from converters import Ann
    from eventsnn.signals.preprocessing import PreprocessedImages

__all__ = ["AnnAnswers"]


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
        """The class of each image of the slice."""
        from converters.ann.forward import answers

        return answers(self._ann, self._images[rows])

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
