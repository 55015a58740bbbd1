"""Images of a data set, as the network wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventsnn.errors import DataError
from eventsnn.signals.preprocessing import PreprocessedImages, Preprocessing, default_scale

if TYPE_CHECKING:
    from eventsnn.datasets import DataSet

__all__ = ["preprocessed"]


def preprocessed(
    data: DataSet,
    shape: tuple[int, ...],
    *,
    scale: float | None = None,
    mean: tuple[float, ...] = (0.0,),
    std: tuple[float, ...] = (1.0,),
) -> PreprocessedImages:
    """Images for an input of ``shape``; ``scale`` None is the default of their type.

    Raises:
        DataError: the images do not fit; names the data set.
    """
    raw = data.images()
    try:
        constants = Preprocessing(default_scale(raw.dtype) if scale is None else scale, mean, std)
        return PreprocessedImages(raw, constants, shape)
    except DataError as error:
        raise DataError(f"{data.name}: {error}") from None
