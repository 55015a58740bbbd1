"""NumPy archives: ``x`` and optionally ``y``."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from eventsnn.datasets.dataset import DataSet
from eventsnn.errors import DataError

__all__ = ["read_npz"]


def read_npz(path: Path) -> DataSet:
    """Images ``x`` and labels ``y`` of an archive written by ``numpy.savez``.

    Raises:
        DataError: damaged, no archive, without ``x``, or with pickled objects.
    """
    remedy = "write it by np.savez(path, x=images, y=labels)"
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: truncated, or not a NumPy archive; {remedy}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
            arrays = {name: archive[name] for name in ("x", "y") if name in names}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path}: damaged, or not an archive of plain arrays ({error}); {remedy}"
        ) from error
    if "x" not in arrays:
        found = ", ".join(names[:8]) or "nothing"
        raise DataError(f"{path}: expected the arrays x and y, found {found}; {remedy}")
    return DataSet(arrays["x"], arrays.get("y"), path.name)
