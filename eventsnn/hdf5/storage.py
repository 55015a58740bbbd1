"""Records <-> HDF5 groups: numbers and names as attributes, arrays and texts as datasets.

Everything is under a checksum: attributes by the object headers of HDF5 1.10, datasets by
the Fletcher filter. Damage is therefore found, not simulated.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import EventsnnError, FileFormatError
from eventsnn.files.hdf5 import attribute, has_member, member, read

__all__ = ["Item", "Record", "Text", "naming", "unknown_kind", "write"]

#: What h5py, NumPy and json raise on damaged files, and we on meaningless networks.
_DAMAGE = (
    OSError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    MemoryError,
    EventsnnError,
)

#: A group to be. Values: names, numbers, arrays, `Text`, records and lists of records.
Record = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """A text of any length, such as JSON."""

    text: str


def write(group: h5py.Group, record: Record) -> None:
    """Fill ``group`` with ``record``; a list becomes a group with members 0, 1, ...

    Reading back is `Item`'s.
    """
    for name, value in record.items():
        match value:
            case dict():
                write(group.create_group(name), value)
            case list():
                members = group.create_group(name)
                for index, member in enumerate(value):
                    write(members.create_group(str(index)), member)
            case Text(text=text):
                encoded = np.frombuffer(text.encode(), dtype=np.uint8)
                _write_array(group, name, encoded)
            case str():
                # A fixed length keeps the text in the object header, under its checksum.
                group.attrs[name] = np.bytes_(value.encode())
            case np.ndarray() if value.ndim:
                _write_array(group, name, value)
            case _:
                group.attrs[name] = value


def _write_array(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
    filters = {"compression": "gzip", "shuffle": True, "fletcher32": True} if values.size else {}
    chunks = values.shape if values.size else None
    group.create_dataset(name, data=values, chunks=chunks, **filters)


@contextlib.contextmanager
def naming(where: str) -> Iterator[None]:
    """Turn whatever damage raises into one error that says where; the innermost place wins.

    Raises:
        FileFormatError: instead of every other error.
    """
    try:
        yield
    except FileFormatError:
        raise
    except _DAMAGE as error:
        reason = f"{error.args[0] if isinstance(error, KeyError) and error.args else error}"
        raise FileFormatError(f"{where}: {reason or type(error).__name__}") from error


@dataclass(frozen=True)
class Item:
    """A group that is being read.

    Every method raises FileFormatError, naming file and item, where the item is missing
    or not of the type asked for.
    """

    file: str
    group: h5py.Group

    def where(self, name: str = "") -> str:
        """File and item, for messages."""
        path = f"{self.group.name.rstrip('/')}/{name}".rstrip("/")
        return f"{self.file}: item {path or '/'}"

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Refuse an attribute, dataset or group of a name that is not ``known``."""
        with naming(self.where()):
            unknown = sorted({*self.group.attrs, *self.group} - set(known))
            if unknown:
                raise FileFormatError(
                    f"{self.where(unknown[0])}: unknown; this eventsnn knows {', '.join(known)}; "
                    f"the file may come from a newer one"
                )

    def text(self, name: str) -> str:
        """A name."""
        with naming(self.where(name)):
            value = attribute(self.group, name)
            if not isinstance(value, bytes):
                raise FileFormatError(f"{self.where(name)}: expected text, found {value!r}")
            return value.decode()

    def integer(self, name: str) -> int:
        """A whole number."""
        with naming(self.where(name)):
            value = attribute(self.group, name)
            if not isinstance(value, np.integer):
                raise FileFormatError(f"{self.where(name)}: expected an integer, found {value!r}")
            return int(value)

    def integers(self, name: str) -> tuple[int, ...]:
        """A shape or a pair."""
        with naming(self.where(name)):
            values = attribute(self.group, name)
            if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind != "i":
                raise FileFormatError(f"{self.where(name)}: expected integers, found {values!r}")
            return tuple(values.tolist())

    def pair(self, name: str) -> tuple[int, int]:
        """Rows and columns."""
        values = self.integers(name)
        if len(values) != 2:
            raise FileFormatError(f"{self.where(name)}: expected two integers, found {values}")
        return values[0], values[1]

    def array(self, name: str) -> NDArray[Any]:
        """Numbers of any shape and type; a single one lies in an attribute."""
        with naming(self.where(name)):
            if name in self.group.attrs:
                values = np.asarray(attribute(self.group, name))
            elif isinstance(found := member(self.group, name), h5py.Dataset):
                values = read(found)
            else:
                raise FileFormatError(f"{self.where(name)}: is missing")
            if values.dtype.kind not in "biuf":
                raise FileFormatError(f"{self.where(name)}: expected numbers, found {values.dtype}")
            return values

    def json(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        with naming(self.where(name)):
            found = json.loads(self.long_text(name))
            if not isinstance(found, dict):
                raise FileFormatError(f"{self.where(name)}: expected a JSON object")
            return found

    def long_text(self, name: str) -> str:
        """What was written as `Text`."""
        with naming(self.where(name)):
            return self.array(name).astype(np.uint8).tobytes().decode()

    def child(self, name: str) -> Item:
        """A group within."""
        with naming(self.where(name)):
            found = member(self.group, name)
            if not isinstance(found, h5py.Group):
                raise FileFormatError(f"{self.where(name)}: is missing")
            return Item(self.file, found)

    def children(self, name: str) -> list[Item]:
        """What was written as a list of records."""
        members = self.child(name)
        with naming(self.where(name)):
            return [members.child(str(index)) for index in range(len(members.group))]

    def has(self, name: str) -> bool:
        """Whether there is an attribute, dataset or group of that name."""
        with naming(self.where(name)):
            return name in self.group.attrs or has_member(self.group, name)

    def has_group(self, name: str) -> bool:
        """Whether there is a group of that name."""
        with naming(self.where(name)):
            return isinstance(member(self.group, name), h5py.Group)


def unknown_kind(item: Item, kind: str, known: str) -> FileFormatError:
    """The error for a record of a kind that is not known."""
    return FileFormatError(
        f"{item.where('kind')}: `{kind}` is unknown; this eventsnn knows {known}; "
        f"the file may come from a newer one"
    )
