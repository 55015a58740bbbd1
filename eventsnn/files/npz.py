"""NPZ archives, read without trust and written whole.

An NPZ is a zip of ``.npy`` members. Whoever made the file chose the sizes it declares
and may have pickled Python objects into it, so every header is checked before anything
is allocated, and nothing is ever unpickled.
"""

from __future__ import annotations

import ast
import contextlib
import lzma
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import FileFormatError
from eventsnn.files.unpacking import unpacks_too_far
from eventsnn.files.whole_file import replacing

__all__ = ["LARGEST", "Header", "copy_of_member", "headers", "keys", "read_npz", "write_npz"]

#: Bytes of all arrays together beyond which a file is refused: four times a VGG-16.
LARGEST = 2**31

#: What zipfile, its decompressors and Python's parser raise on bytes that are not as they were.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,  # what the parser says of parentheses without end
    NotImplementedError,  # a compression method or zip version that Python lacks
    OSError,  # an offset before the file's start
    RuntimeError,  # encrypted
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

_LONGEST_HEADER = 10_000
_PIECE = 2**20


@dataclass(frozen=True)
class Header:
    """What a member of the archive says of its array, checked against what it holds.

    Attributes:
        key: of the array.
        shape, dtype, fortran: of the array; ``fortran`` where the first index moves fastest.
        offset: of the values in the member.
        stored: whether they lie in the file as they are, without compression.
        start: of the values in the file, where they are stored.
        checksum: CRC-32 of the member's beginning up to the values.
        expected_checksum: CRC-32 of the whole member.
    """

    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int
    stored: bool
    start: int
    checksum: int
    expected_checksum: int

    @property
    def nbytes(self) -> int:
        """Size of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npz(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """All arrays of an NPZ, by key.

    Raises:
        FileFormatError: not an NPZ, damaged, larger than `LARGEST`, or with a member
            that holds Python objects; names file and key.
        OSError: the file cannot be opened.
    """
    found = headers(path)
    declared = sum(header.nbytes for header in found.values())
    if declared > LARGEST:
        raise FileFormatError(
            f"{path}: declares {declared} bytes of arrays, the limit is {LARGEST}; "
            f"if they are meant, raise eventsnn.files.npz.LARGEST"
        )
    return {key: copy_of_member(path, header) for key, header in found.items()}


def keys(path: str | os.PathLike[str]) -> list[str]:
    """The keys of an NPZ, whatever lies under them.

    Raises:
        FileFormatError: not an NPZ.
        OSError: the file cannot be opened.
    """
    with _opened(path) as (archive, _):
        return [name.removesuffix(".npy") for name in archive.namelist()]


def headers(
    path: str | os.PathLike[str], wanted: Collection[str] | None = None
) -> dict[str, Header]:
    """What the members of an NPZ are, by key, without reading their values.

    Args:
        path: of the file.
        wanted: leave out all other keys; None for all.

    Raises:
        FileFormatError: not an NPZ, damaged, a member that is no array of plain values, or
            that promises more than it holds or can hold; names file and key.
        OSError: the file cannot be opened.
    """
    with _opened(path) as (archive, size):
        members = archive.infolist()
        if sum(member.compress_size for member in members) > size:
            raise FileFormatError(f"{path}: its members share bytes, which no honest file does")
        found: dict[str, Header] = {}
        for member in members:
            key = member.filename.removesuffix(".npy")
            if wanted is not None and key not in wanted:
                continue
            if key == member.filename:
                raise FileFormatError(
                    f"{path}: member `{key}` is no .npy array; expected an NPZ as numpy.savez "
                    f"writes it (a file saved by torch.save is another kind of zip)"
                )
            if key in found:
                raise FileFormatError(f"{path}: key `{key}` is there twice")
            with _naming(path, key):
                found[key] = _header(archive, member, key)
        return found


def copy_of_member(path: str | os.PathLike[str], header: Header) -> NDArray[Any]:
    """The array of one member, in memory.

    Raises:
        FileFormatError: damaged.
        OSError: the file cannot be opened.
    """
    values = np.empty(header.shape, header.dtype, order="F" if header.fortran else "C")
    # the values in the order of the file; an array without dimensions is one of them
    flat = memoryview(values.reshape(-1, order="A").view(np.uint8).data)
    with (
        _opened(path) as (archive, _),
        _naming(path, header.key),
        archive.open(f"{header.key}.npy") as file,
    ):
        file.read(header.offset)
        place = 0
        while place < len(flat):
            piece = file.read(min(_PIECE, len(flat) - place))
            if not piece:
                raise EOFError(f"ends after {place} of {len(flat)} bytes")
            flat[place : place + len(piece)] = piece
            place += len(piece)
    return values


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write ``arrays``, compressed, whole or not at all.

    (numpy.savez_compressed takes ``allow_pickle`` for one more array before NumPy 2.2.)

    Raises:
        OSError: the file cannot be written.
        ValueError: an array of Python objects.
    """
    with replacing(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, values in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[zipfile.ZipFile, int]]:
    """The archive, and the size of the file."""
    with Path(path).open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGE as error:
            raise FileFormatError(
                f"{path}: {error}; expected an NPZ as numpy.savez writes it, so the file is "
                f"truncated or of another kind"
            ) from None
        with archive:
            yield archive, os.fstat(file.fileno()).st_size


@contextlib.contextmanager
def _naming(path: str | os.PathLike[str], key: str) -> Iterator[None]:
    try:
        yield
    except FileFormatError as error:
        raise FileFormatError(f"{path}: key `{key}`{error}") from None
    except _DAMAGE as error:
        raise FileFormatError(f"{path}: key `{key}` cannot be read: {error}") from None


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo, key: str) -> Header:
    with archive.open(member) as file:
        beginning = file.read(10)
        if beginning[:6] != b"\x93NUMPY" or len(beginning) < 10:
            raise ValueError("the magic string is not that of a .npy array")
        version = beginning[6], beginning[7]
        if version == (1, 0):
            length = int.from_bytes(beginning[8:10], "little")
        elif version in {(2, 0), (3, 0)}:
            beginning += file.read(2)
            length = int.from_bytes(beginning[8:12], "little")
        else:
            raise FileFormatError(f": .npy version {version} is unknown")
        if length > _LONGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        text = file.read(length)
    shape, dtype, fortran = _described(text.decode("utf-8" if version == (3, 0) else "latin1"))
    offset = len(beginning) + length
    expected, found = math.prod(shape) * dtype.itemsize, member.file_size - offset
    if expected != found:
        raise FileFormatError(
            f": the header promises {expected} bytes of {dtype} {shape}, the file holds {found}"
        )
    if unpacks_too_far(member.compress_size, member.file_size):
        raise FileFormatError(
            f" unpacks from {member.compress_size:,} bytes to {member.file_size:,}, too far to "
            f"be trusted; if that is meant, write it by numpy.savez, without compression"
        )
    return Header(
        key,
        shape,
        dtype,
        fortran,
        offset,
        stored=member.compress_type == zipfile.ZIP_STORED,
        start=_start_of_data(archive, member) + offset,
        checksum=zlib.crc32(beginning + text),
        expected_checksum=member.CRC,
    )


def _described(text: str) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """What the text of a header says, which is a Python dict of three entries."""
    found = ast.literal_eval(text)
    if not isinstance(found, dict) or found.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("the header is no description of an array")
    shape, description, fortran = found["shape"], found["descr"], found["fortran_order"]
    whole = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not whole or not isinstance(fortran, bool) or math.prod(n for n in shape if n) >= 2**62:
        raise ValueError(f"the header says shape {shape!r}, fortran_order {fortran!r}")
    dtype = np.dtype(description)
    if dtype.hasobject:
        raise FileFormatError(
            " holds pickled Python objects, which are never loaded; save plain arrays of numbers"
        )
    if dtype.kind not in "biufcUS" or not dtype.itemsize:
        raise ValueError(f"values of type {dtype}; expected numbers or text")
    return shape, dtype, fortran


def _start_of_data(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Behind the local header, whose name and extra field may differ from the directory's."""
    file = archive.fp
    assert file is not None
    file.seek(member.header_offset)
    local = struct.unpack("<4s22xHH", file.read(30))
    return member.header_offset + 30 + int(local[1]) + int(local[2])
