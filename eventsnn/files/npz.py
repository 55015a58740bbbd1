"""NPZ archives, read without trust and written whole.

An NPZ is a zip of ``.npy`` members. Whoever made the file chose the sizes it declares
and may have pickled Python objects into it, so every header is checked before anything
is allocated, and nothing is ever unpickled.
"""

from __future__ import annotations

import lzma
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import FileFormatError

__all__ = ["LARGEST", "read_npz", "write_npz"]

#: Bytes of all arrays together beyond which a file is refused: four times a VGG-16.
LARGEST = 2**31

#: What zipfile and NumPy raise on bytes that are not what they should be.
_DAMAGE = (
    EOFError,
    NotImplementedError,  # a compression method or zip version that Python lacks
    OSError,  # an offset before the file's start
    RuntimeError,  # encrypted
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """All arrays of an NPZ, by key.

    Raises:
        FileFormatError: not an NPZ, damaged, larger than `LARGEST`, or with a member
            that holds Python objects; names file and key.
        OSError: the file cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGE as error:
            raise FileFormatError(
                f"{path}: {error}; expected an NPZ as numpy.savez writes it, so the file is "
                f"truncated or of another kind"
            ) from None
        with archive:
            return _read_members(archive, str(path))


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write ``arrays`` beside ``path`` and move them there, so that no half file is left."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _read_members(archive: zipfile.ZipFile, path: str) -> dict[str, NDArray[Any]]:
    members = archive.infolist()
    declared = sum(member.file_size for member in members)
    if declared > LARGEST:
        raise FileFormatError(
            f"{path}: declares {declared} bytes of arrays, the limit is {LARGEST}; "
            f"if they are meant, raise eventsnn.files.npz.LARGEST"
        )
    arrays: dict[str, NDArray[Any]] = {}
    for member in members:
        key = member.filename.removesuffix(".npy")
        where = f"{path}: key `{key}`"
        if key == member.filename:
            raise FileFormatError(
                f"{path}: member `{key}` is no .npy array; expected an NPZ as numpy.savez "
                f"writes it (a file saved by torch.save is another kind of zip)"
            )
        if key in arrays:
            raise FileFormatError(f"{where} is there twice")
        try:
            arrays[key] = _read_array(archive, member, where)
        except FileFormatError:
            raise
        except _DAMAGE as error:
            raise FileFormatError(f"{where} cannot be read: {error}") from None
    return arrays


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> NDArray[Any]:
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise FileFormatError(f"{where}: .npy version {version} is unknown")
        shape, _, dtype = _HEADERS[version](file)
        if dtype.hasobject:
            raise FileFormatError(
                f"{where} holds pickled Python objects, which are never loaded; "
                f"save plain arrays of numbers"
            )
        found = member.file_size - file.tell()
        expected = math.prod(shape) * dtype.itemsize
        if expected != found:
            raise FileFormatError(
                f"{where}: the header promises {expected} bytes of {dtype} {shape}, "
                f"the file holds {found}"
            )
        file.seek(0)
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array
