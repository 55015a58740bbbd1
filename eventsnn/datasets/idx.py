"""IDX, the format of MNIST: a file of images and a file of labels, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.datasets.dataset import DataSet
from eventsnn.datasets.npz import IN_MEMORY
from eventsnn.datasets.packed_images import PackedImages, Place
from eventsnn.errors import DataError
from eventsnn.files.unpacking import unpacks_too_far

__all__ = ["read_idx_pair"]

#: Third byte of the header: the only element type that MNIST and its kin use.
_UNSIGNED_BYTE = 8
_PIECE = 2**20


def read_idx_pair(images: Path) -> DataSet:
    """Images (N, H, W) and the labels beside them.

    The labels' name is the images' with ``images`` replaced by ``labels`` and ``idx3`` by
    ``idx1``; either file may end in ``.gz``.

    Raises:
        DataError: damaged or truncated, the wrong one of the two files, or no labels beside
            it.
    """
    x = _read_idx(images)
    if len(x.shape) != 3:
        raise DataError(
            f"{images}: expected images (N, rows, columns), found {len(x.shape)} dimension(s); "
            f"give the file of the images, the labels are found by its name"
        )
    return DataSet(x, _read_idx(_labels_beside(images))[:], images.name)


def _labels_beside(images: Path) -> Path:
    plain = images.name.removesuffix(".gz")
    name = plain.replace("images", "labels").replace("idx3", "idx1")
    for candidate in (images.with_name(name), images.with_name(f"{name}.gz")):
        if name != plain and candidate.is_file():
            return candidate
    raise DataError(f"{images}: no labels beside it; expected {name} or {name}.gz there")


def _read_idx(path: Path) -> PackedImages | NDArray[Any]:
    """One file: two zero bytes, the type, the rank, big-endian sizes, then the values."""
    place = Place(path, "gzip" if path.suffix == ".gz" else "plain", 0)
    try:
        with place.open() as stream:
            shape = _shape(path, stream)
            _check_size(path, shape, stream)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip file ({error}); fetch it again") from error
    values = PackedImages(replace(place, offset=4 + 4 * len(shape)), shape, np.dtype(np.uint8))
    return values if math.prod(shape) > IN_MEMORY or not shape else values[:]


def _shape(path: Path, stream: IO[bytes] | gzip.GzipFile) -> tuple[int, ...]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0":
        raise DataError(f"{path}: not an IDX file; it starts with {start.hex(' ') or 'nothing'}")
    kind, rank = start[2], start[3]
    if kind != _UNSIGNED_BYTE:
        raise DataError(f"{path}: IDX type {kind:#04x}; only unsigned bytes (0x08) are supported")
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise DataError(f"{path}: truncated in its header; fetch it again")
    return struct.unpack(f">{rank}I", sizes)


def _check_size(path: Path, shape: tuple[int, ...], stream: IO[bytes] | gzip.GzipFile) -> None:
    """Read on to the end, which also holds gzip's checksum against all of it."""
    expected, stored = math.prod(shape), path.stat().st_size
    if unpacks_too_far(stored, expected):
        raise DataError(
            f"{path}: {stored:,} bytes promise {expected:,} of images, too far to be trusted; if "
            f"that is meant, unpack the file"
        )
    found = 0
    while found <= expected and (piece := stream.read(_PIECE)):
        found += len(piece)
    if found != expected:
        more = " or more" if found > expected else ""
        raise DataError(
            f"{path}: expected {expected} values for shape {shape}, found {found}{more}; the file "
            f"is damaged, fetch it again"
        )
