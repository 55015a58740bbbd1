"""HDF5 data sets: ``x`` and optionally ``y``."""

from __future__ import annotations

from pathlib import Path

import h5py

from eventsnn.datasets.dataset import DataSet
from eventsnn.datasets.stored_images import StoredImages
from eventsnn.errors import DataError, FileFormatError
from eventsnn.files.hdf5 import check_chunks, checked, member, open_to_read, read

__all__ = ["read_hdf5"]


def read_hdf5(path: Path) -> DataSet:
    """Images ``x``, which stay on disk, and labels ``y``: datasets at the root of the file.

    Raises:
        DataError: damaged, no HDF5 file, or without ``x``.
    """
    try:
        with open_to_read(path) as file:
            x, y = _dataset(file, "x"), _dataset(file, "y")
            images = StoredImages(path, x.shape, x.dtype) if x else None
            labels = read(y) if y else None
            found = ", ".join(list(file)[:8]) or "nothing"
    except FileFormatError as error:
        raise DataError(str(error)) from error
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged, or not an HDF5 file ({error})") from error
    if images is None:
        raise DataError(f"{path}: expected the datasets x (images) and y (labels), found {found}")
    return DataSet(images, labels, path.name)


def _dataset(file: h5py.File, name: str) -> h5py.Dataset | None:
    found = member(file, name)
    if found is None:
        return None
    if not isinstance(found, h5py.Dataset):
        raise FileFormatError(f"{file.filename}: {name} is a group, expected a dataset of numbers")
    return check_chunks(checked(found))
