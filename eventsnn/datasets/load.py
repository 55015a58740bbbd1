"""One entrance for every kind of data set, chosen by the name of the file."""

from __future__ import annotations

import os
from pathlib import Path

from eventsnn.datasets.dataset import DataSet
from eventsnn.datasets.hdf5 import read_hdf5
from eventsnn.datasets.idx import read_idx_pair
from eventsnn.datasets.nmnist import read_event_folder
from eventsnn.datasets.npz import read_npz
from eventsnn.errors import DataError

__all__ = ["load_data"]


def load_data(path: str | os.PathLike[str]) -> DataSet:
    """Read a data set.

    Args:
        path: ``.npz`` or HDF5 (``.h5``, ``.hdf5``) with ``x`` and optionally ``y``; the images
            of an MNIST IDX pair (``...-images-idx3-ubyte``, also ``.gz``); a folder of N-MNIST
            ``.bin`` recordings. Images of HDF5 files and recordings are read when they are used.

    Raises:
        DataError: missing, of another kind, damaged, empty, or with labels that do not fit.
    """
    found = Path(path)
    name = found.name.lower()
    if found.is_dir():
        return read_event_folder(found)
    if not found.exists():
        raise DataError(f"{found}: no such file or folder")
    if name.endswith(".npz"):
        return read_npz(found)
    if name.endswith((".h5", ".hdf5")):
        return read_hdf5(found)
    if name.removesuffix(".gz").endswith("-ubyte"):
        return read_idx_pair(found)
    raise DataError(
        f"{found}: unknown kind of data; supported are .npz and .h5 or .hdf5 with x and y, "
        f"MNIST IDX (...-images-idx3-ubyte, also .gz), and a folder of N-MNIST .bin recordings"
    )
