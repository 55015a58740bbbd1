"""Images in files that are read from their beginning on: compressed, or larger than memory."""

from __future__ import annotations

import gzip
import lzma
import math
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape
from eventsnn.errors import DataError

__all__ = ["PackedImages", "Place"]

_PIECE = 2**20
_DAMAGE = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Place:
    """Where the values of an array begin.

    Args:
        path: of the file.
        kind: ``plain``, ``gzip``, or ``zip`` for a compressed member of an archive.
        offset: in what the file holds once it is unpacked.
        member: of the archive.
        checksum: CRC-32 of all that lies before the values and of all up to their end, for a
            plain file that has one.
    """

    path: Path
    kind: Literal["plain", "gzip", "zip"]
    offset: int
    member: str = ""
    checksum: tuple[int, int] | None = None

    def open(self) -> IO[bytes] | gzip.GzipFile:
        """A stream that stands at the first value."""
        stream: IO[bytes] | gzip.GzipFile
        match self.kind:
            case "plain":
                stream = self.path.open("rb")
                stream.seek(self.offset)
                return stream
            case "gzip":
                stream = gzip.open(self.path)  # noqa: SIM115  # the caller's
            case "zip":
                stream = zipfile.ZipFile(self.path).open(self.member)  # noqa: SIM115  # same
        stream.read(self.offset)
        return stream


@dataclass
class _Reader:
    """One open stream and where it stands; `PackedImages` is frozen, this is not."""

    stream: IO[bytes] | gzip.GzipFile | None = None
    at: int = 0
    checksum: int | None = None  # of everything up to ``at``, while nothing was left out
    lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = None

    __del__ = close

    def __getstate__(self) -> dict[str, Any]:
        return {}  # another process opens the file itself

    def __setstate__(self, _: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]


@dataclass(frozen=True, eq=False)
class PackedImages:
    """The first ``shape[0]`` images of an array that stays in its file.

    One image after the other is fast; what lies behind is found by reading on, what lies before
    by beginning again, unless the file is plain.

    Args:
        place: of the values.
        shape, dtype: of the array, whose last index moves fastest.
        stored: how many images the file has, where these are the first of them.
    """

    place: Place
    shape: Shape
    dtype: np.dtype[Any]
    stored: int = 0
    reader: _Reader = field(default_factory=_Reader, repr=False)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def random_access(self) -> bool:
        """Whether any image is as near as any other."""
        return self.place.kind == "plain"

    def __getitem__(self, key: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Read a slice, or increasing indices.

        Raises:
            DataError: the file is damaged there.
        """
        wanted = np.arange(*key.indices(len(self))) if isinstance(key, slice) else np.asarray(key)
        images = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        with self.reader.lock:
            try:
                for first, stop, where in _runs(wanted):
                    self._read(first, images[where : where + stop - first])
            except _DAMAGE as error:
                self.reader.close()
                raise DataError(
                    f"{self.place.path}: damaged, images {wanted[0]}..{wanted[-1]} cannot be "
                    f"read: {error}"
                ) from error
        return images

    def head(self, count: int) -> PackedImages:
        """The first ``count`` of these."""
        shape = (min(count, len(self)), *self.shape[1:])
        return replace(self, shape=shape, stored=self.stored or len(self), reader=_Reader())

    def _read(self, first: int, images: NDArray[Any]) -> None:
        """Fill ``images`` with those from ``first`` on."""
        reader, size = self.reader, math.prod(self.shape[1:]) * self.dtype.itemsize
        begin = first * size
        if reader.stream is None or begin < reader.at:
            reader.close()
            reader.stream, reader.at = self.place.open(), 0
            reader.checksum = self.place.checksum and self.place.checksum[0]
        if self.random_access and begin != reader.at:
            reader.stream.seek(self.place.offset + begin)
            reader.at, reader.checksum = begin, None
        while reader.at < begin:
            self._take(min(_PIECE, begin - reader.at))
        flat = images.reshape(-1).view(np.uint8)
        for start in range(0, flat.size, _PIECE):
            data = self._take(min(_PIECE, flat.size - start))
            flat[start : start + len(data)] = np.frombuffer(data, np.uint8)
        self._check_end((self.stored or len(self)) * size)

    def _take(self, count: int) -> bytes:
        reader = self.reader
        assert reader.stream is not None
        data = reader.stream.read(count)
        if len(data) != count:
            raise EOFError(f"the file ends after {reader.at + len(data)} bytes of values")
        reader.at += count
        if reader.checksum is not None:
            reader.checksum = zlib.crc32(data, reader.checksum)
        return data

    def _check_end(self, size: int) -> None:
        """What was read from first to last has to be what was written."""
        reader = self.reader
        known = self.place.checksum
        if reader.at == size and known and reader.checksum not in {None, known[1]}:
            raise ValueError("their checksum is another")


def _runs(wanted: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Neighbours together: (first, behind the last, place in ``wanted``)."""
    if not wanted.size:
        return
    breaks = np.flatnonzero(np.diff(wanted) != 1) + 1
    for start, stop in zip([0, *breaks], [*breaks, len(wanted)], strict=True):
        yield int(wanted[start]), int(wanted[stop - 1]) + 1, int(start)
