"""NumPy archives: ``x`` and optionally ``y``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from eventsnn.datasets.dataset import DataSet
from eventsnn.datasets.packed_images import PackedImages, Place
from eventsnn.errors import DataError, FileFormatError
from eventsnn.files.npz import Header, copy_of_member, headers, keys

__all__ = ["IN_MEMORY", "read_npz"]

#: Bytes of images that are read at once; more stay in their file.
IN_MEMORY = 2**26


def read_npz(path: Path) -> DataSet:
    """Images ``x`` and labels ``y`` of an archive written by ``numpy.savez``.

    Raises:
        DataError: damaged, no archive, without ``x``, with pickled objects, or promising more
            than it holds or can hold.
    """
    remedy = "write it by np.savez(path, x=images, y=labels)"
    try:
        found = headers(path, {"x", "y"})
        if "x" not in found:
            names = ", ".join(keys(path)[:8]) or "nothing"
            raise DataError(f"{path}: expected the arrays x and y, found {names}; {remedy}")
        y = copy_of_member(path, found["y"]) if "y" in found else None
        return DataSet(_images(path, found["x"]), y, path.name)
    except FileFormatError as error:
        raise DataError(f"{error}; {remedy}") from error


def _images(path: Path, header: Header) -> PackedImages | NDArray[Any]:
    if header.nbytes <= IN_MEMORY or header.fortran or not header.shape:
        return copy_of_member(path, header)
    place = Place(path, "zip", header.offset, f"{header.key}.npy")
    if header.stored:
        checksum = header.checksum, header.expected_checksum
        place = Place(path, "plain", header.start, checksum=checksum)
    return PackedImages(place, header.shape, header.dtype)
