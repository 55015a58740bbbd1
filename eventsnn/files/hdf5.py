"""An HDF5 file of anybody, read without trust.

HDF5 follows links into other files, gathers values from them, and promises any size by a few
bytes. Here nothing is followed out of a file, and a size is checked before it is allocated.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import FileFormatError
from eventsnn.files.unpacking import unpacks_too_far

__all__ = ["attribute", "check_chunks", "checked", "has_member", "member", "open_to_read", "read"]

_LINKS_AT_MOST = 16  # links that refer to links
_ATTRIBUTE_BYTES = 2**24


@contextlib.contextmanager
def open_to_read(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """The file, opened; errors of the block are the caller's.

    Raises:
        FileFormatError: no HDF5 file, damaged, or open for writing elsewhere.
        OSError: it cannot be opened at all.
    """
    with open(path, "rb"):  # noqa: PTH123  # a missing right is no damage: the system says it
        pass
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise FileFormatError(f"{path}: {_reason(error)}") from error
    with file:
        yield file


def _reason(error: Exception) -> str:
    text = str(error)
    if "unable to lock" in text or "already open" in text:
        return (
            "is open for writing elsewhere, or was left so by a program that died; close it "
            "there, or, on a file system without locks, set HDF5_USE_FILE_LOCKING=FALSE"
        )
    return f"damaged, or not an HDF5 file ({text})"


def has_member(group: h5py.Group, name: str) -> bool:
    """Whether there is a link of that name, wherever it leads."""
    return bool(group.id.links.exists(name.encode()))


def member(group: h5py.Group, name: str, links: int = _LINKS_AT_MOST) -> Any:
    """A group or dataset of the same file; None where there is no such name.

    Raises:
        FileFormatError: a link out of the file, or into nothing.
    """
    if not has_member(group, name):
        return None
    kind = group.id.links.get_info(name.encode()).type
    if kind == h5py.h5l.TYPE_HARD:
        return group[name]
    if kind == h5py.h5l.TYPE_EXTERNAL:
        file, path = (os.fsdecode(part) for part in group.id.links.get_val(name.encode()))
        raise FileFormatError(
            f"{_where(group, name)}: is a link to {path} in the file {file}, and links out of a "
            f"file are not followed; store the values themselves"
        )
    if kind != h5py.h5l.TYPE_SOFT:
        raise FileFormatError(f"{_where(group, name)}: is a link of unknown kind")
    target = os.fsdecode(group.id.links.get_val(name.encode()))
    found = group.file if target.startswith("/") else group
    for part in target.split("/"):
        if part in {"", "."}:
            continue
        found = member(found, part, links - 1) if links and isinstance(found, h5py.Group) else None
    if found is None:
        raise FileFormatError(f"{_where(group, name)}: is a link to {target}, which is missing")
    return found


def checked(dataset: h5py.Dataset) -> h5py.Dataset:
    """The dataset, if its values are numbers, lie in this file, and are as many as it can hold.

    Raises:
        FileFormatError: says which of these it is not.
    """
    where = _where(dataset)
    if dataset.external or dataset.is_virtual:
        raise FileFormatError(
            f"{where}: its values lie in another file, which is not followed; store them here"
        )
    if dataset.shape is None or dataset.dtype.kind not in "biuf":
        found = "nothing" if dataset.shape is None else f"{dataset.dtype}"
        raise FileFormatError(f"{where}: expected numbers, found {found}")
    stored = dataset.id.get_storage_size()
    # a part of a chunk cannot be unpacked alone
    for shape in (dataset.shape, dataset.chunks or ()):
        size = math.prod(shape) * dataset.dtype.itemsize
        if unpacks_too_far(stored, size):
            raise FileFormatError(
                f"{where}: promises {size:,} bytes, the file holds {stored:,} for it; if that is "
                f"meant, store it without compression"
            )
    return dataset


def check_chunks(dataset: h5py.Dataset) -> h5py.Dataset:
    """The dataset, if the index of its chunks makes sense; HDF5 may end the process if not.

    Raises:
        FileFormatError: a chunk lies outside the array or the file, or two lie in one place.
    """
    if dataset.chunks is None:
        return dataset
    shape, chunk, seen = dataset.shape, dataset.chunks, set()
    end = os.path.getsize(os.fsdecode(dataset.file.filename))  # noqa: PTH202  # a name as it is
    filters = dataset.id.get_create_plist().get_nfilters()
    whole = math.prod(chunk) * dataset.dtype.itemsize

    def look(found: Any) -> None:
        place = tuple(found.chunk_offset or ())
        inside = len(place) == len(shape) and all(
            0 <= at < most and at % step == 0
            for at, most, step in zip(place, shape, chunk, strict=False)
        )
        sized = found.size == whole if not filters else 0 < found.size <= 2 * whole + 2**16
        if place in seen or not inside or not sized or found.byte_offset + found.size > end:
            raise FileFormatError(f"{_where(dataset)}: the index of its chunks is damaged")
        if filters and found.filter_mask >= 1 << filters:
            raise FileFormatError(f"{_where(dataset)}: the filters of a chunk are damaged")
        seen.add(place)

    dataset.id.chunk_iter(look)
    return dataset


def attribute(item: h5py.Group | h5py.Dataset, name: str) -> Any:
    """The value of an attribute.

    Raises:
        FileFormatError: missing, or larger than any that belongs into an attribute.
    """
    where = _where(item, name)
    if name not in item.attrs:
        raise FileFormatError(f"{where}: is missing")
    size = item.attrs.get_id(name).get_storage_size()
    if size > _ATTRIBUTE_BYTES:
        raise FileFormatError(f"{where}: has {size:,} bytes, too many for an attribute")
    return item.attrs[name]


def read(dataset: h5py.Dataset) -> NDArray[Any]:
    """All values of a dataset that is `checked`."""
    return np.asarray(check_chunks(checked(dataset))[()])


def _where(item: h5py.Group | h5py.Dataset, name: str = "") -> str:
    path = f"{(item.name or '?').rstrip('/')}/{name}".rstrip("/") or "/"
    return f"{os.fsdecode(item.file.filename)}: item {path}"
