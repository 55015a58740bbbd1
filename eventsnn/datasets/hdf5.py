"""HDF5 data sets: ``x`` and optionally ``y``."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from eventsnn.datasets.dataset import DataSet
from eventsnn.datasets.stored_images import StoredImages
from eventsnn.errors import DataError

__all__ = ["read_hdf5"]


def read_hdf5(path: Path) -> DataSet:
    """Images ``x``, which stay on disk, and labels ``y``: datasets at the root of the file.

    Raises:
        DataError: damaged, no HDF5 file, or without ``x``.
    """
    try:
        with h5py.File(path, "r") as file:
            names = list(file)
            x, y = file.get("x"), file.get("y")
            usable = isinstance(x, h5py.Dataset) and x.shape is not None
            images = StoredImages(path, x.shape, x.dtype) if usable else None
            labels = np.asarray(y[()]) if isinstance(y, h5py.Dataset) else None
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise DataError(f"{path}: damaged, or not an HDF5 file ({error})") from error
    if images is None:
        found = ", ".join(names[:8]) or "nothing"
        raise DataError(f"{path}: expected the datasets x (images) and y (labels), found {found}")
    return DataSet(images, labels, path.name)
