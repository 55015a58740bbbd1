"""What a data set is, and the checks that every reader shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventsnn.datasets.packed_images import PackedImages
from eventsnn.datasets.recordings import EventRecordings
from eventsnn.datasets.stored_images import StoredImages
from eventsnn.errors import DataError
from eventsnn.signals.labels import as_labels, check_classes
from eventsnn.signals.preprocessing import ImageArray
from eventsnn.signals.spikes import Spikes

__all__ = ["DataSet"]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Samples and their labels.

    Args:
        x: images, (N, C, H, W), (N, H, W) or (N, D), or N recordings of events.
        y: labels in any form that `eventsnn.signals.labels.as_labels` takes, kept as the class
            of each sample, int64; or None.
        name: of the file or folder, for messages and reports.

    Raises:
        DataError: no samples, images that are no numbers, or labels that do not say one
            class for each sample.
    """

    x: ImageArray | Sequence[Spikes]
    y: NDArray[np.int64] | None
    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.x, Sequence):
            if not 2 <= len(self.x.shape) <= 4 or self.x.dtype.kind not in "biuf":
                raise DataError(
                    f"{self.name}: x must be numbers of shape (N, C, H, W), (N, H, W) or (N, D), "
                    f"found {self.x.dtype} of shape {tuple(self.x.shape)}"
                )
            if 0 in self.x.shape[1:]:
                raise DataError(f"{self.name}: x has shape {tuple(self.x.shape)}: no pixels")
        if not len(self.x):
            raise DataError(f"{self.name}: holds no samples")
        if self.y is not None:
            object.__setattr__(self, "y", as_labels(self.y, len(self.x), self.name))

    @property
    def kind(self) -> Literal["images", "events"]:
        """What a sample is."""
        return "events" if isinstance(self.x, Sequence) else "images"

    def __len__(self) -> int:
        return len(self.x)

    def check_classes(self, outputs: int) -> None:
        """Refuse labels that a network with so many outputs cannot answer.

        Raises:
            DataError: see `eventsnn.signals.labels.check_classes`.
        """
        if self.y is not None:
            check_classes(self.y, outputs, self.name)

    def images(self) -> ImageArray:
        """``x`` of a data set of images.

        Raises:
            DataError: it holds events.
        """
        if isinstance(self.x, Sequence):
            raise DataError(f"{self.name}: holds event recordings, expected images")
        return self.x

    def recordings(self) -> Sequence[Spikes]:
        """``x`` of a data set of events.

        Raises:
            DataError: it holds images.
        """
        if not isinstance(self.x, Sequence):
            raise DataError(f"{self.name}: holds images, expected event recordings")
        return self.x

    def head(self, count: int) -> DataSet:
        """The first ``count`` samples, or all if there are fewer."""
        y = None if self.y is None else self.y[:count]
        if isinstance(self.x, StoredImages | PackedImages | EventRecordings):
            return replace(self, x=self.x.head(count), y=y)
        return replace(self, x=self.x[:count], y=y)

    def draw(self, count: int, seed: int = 0) -> DataSet:
        """``count`` samples drawn at random without replacement, in the order of the file.

        The first ``count`` of a permutation of all samples by ``seed``; all samples if
        there are no more than that.
        """
        order = np.random.default_rng(seed).permutation(len(self))
        chosen = np.sort(order[:count])
        y = None if self.y is None else self.y[chosen]
        if isinstance(self.x, Sequence):
            return replace(self, x=[self.x[int(i)] for i in chosen], y=y)
        return replace(self, x=self.x[chosen], y=y)
