"""IDX, the format of MNIST: a file of images and a file of labels, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.datasets.dataset import DataSet
from eventsnn.errors import DataError

__all__ = ["read_idx_pair"]

#: Third byte of the header: the only element type that MNIST and its kin use.
_UNSIGNED_BYTE = 8


def read_idx_pair(images: Path) -> DataSet:
    """Images (N, H, W) and the labels beside them.

    The labels' name is the images' with ``images`` replaced by ``labels`` and ``idx3`` by
    ``idx1``; either file may end in ``.gz``.

    Raises:
        DataError: damaged or truncated, the wrong one of the two files, or no labels beside
            it.
    """
    x = _read_idx(images)
    if x.ndim != 3:
        raise DataError(
            f"{images}: expected images (N, rows, columns), found {x.ndim} dimension(s); "
            f"give the file of the images, the labels are found by its name"
        )
    return DataSet(x, _read_idx(_labels_beside(images)), images.name)


def _labels_beside(images: Path) -> Path:
    plain = images.name.removesuffix(".gz")
    name = plain.replace("images", "labels").replace("idx3", "idx1")
    for candidate in (images.with_name(name), images.with_name(f"{name}.gz")):
        if name != plain and candidate.is_file():
            return candidate
    raise DataError(f"{images}: no labels beside it; expected {name} or {name}.gz there")


def _read_idx(path: Path) -> NDArray[Any]:
    """One file: two zero bytes, the type, the rank, big-endian sizes, then the values."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip file ({error}); fetch it again") from error
    if len(data) < 4 or data[:2] != b"\0\0":
        raise DataError(f"{path}: not an IDX file; it starts with {data[:4].hex(' ') or 'nothing'}")
    kind, rank = data[2], data[3]
    if kind != _UNSIGNED_BYTE:
        raise DataError(f"{path}: IDX type {kind:#04x}; only unsigned bytes (0x08) are supported")
    header = 4 + 4 * rank
    if len(data) < header:
        raise DataError(f"{path}: truncated in its header; fetch it again")
    shape = struct.unpack(f">{rank}I", data[4:header])
    if len(data) - header != math.prod(shape):
        raise DataError(
            f"{path}: expected {math.prod(shape)} values for shape {shape}, found "
            f"{len(data) - header}; the file is damaged, fetch it again"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=header).reshape(shape)
