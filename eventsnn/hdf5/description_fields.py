"""Descriptions <-> records, by a walk over their fields: one rule for all kinds.

A record is named by its class (``CubaLIF`` is ``cuba_lif``) and holds the fields that are not
None. Read back, a field that is missing has its default, so older files stay readable; one that
is unknown is refused by name, so what a newer file means is never lost without a word.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from typing import Any, TypeVar

import scipy.sparse as sp

from eventsnn.description.base import Description
from eventsnn.description.fields import Role, role_of
from eventsnn.errors import FileFormatError
from eventsnn.hdf5.storage import Item, Record, naming, unknown_kind

__all__ = ["description_record", "matrix_record", "read_description", "read_matrix"]

D = TypeVar("D", bound=Description)

#: Kinds by the names that format 1 had for them.
_FORMER = {"none": "no_reset"}
_MATRIX = ("shape", "row_starts", "columns", "values")


def description_record(thing: Description) -> Record:
    """The group of a neuron, a synapse, a coding or a part of one."""
    record: Record = {"kind": _kind(type(thing))}
    for field in _fields(type(thing)):
        value = getattr(thing, field.name)
        if value is None:
            continue
        match role_of(field):
            case Role.PART:
                record[field.name] = description_record(value)
            case Role.MATRIX:
                record[field.name] = matrix_record(value)
            case Role.FLAG:
                record[field.name] = int(value)
            case _:
                record[field.name] = value
    return record


def read_description(item: Item, union: Any) -> Any:
    """What `description_record` wrote, one of the classes of ``union``.

    Raises:
        FileFormatError: an unknown kind or field, a missing field without a default, values
            that mean nothing.
    """
    classes = {_kind(cls): cls for cls in _members(union)}
    if item.has("kind"):
        found = item.text("kind")
        kind = _FORMER.get(found, found)
        if kind not in classes:
            raise unknown_kind(item, found, ", ".join(classes))
    elif len(classes) == 1:
        kind = next(iter(classes))
    else:
        raise FileFormatError(f"{item.where('kind')}: is missing")
    cls = classes[kind]
    with naming(item.where()):
        known = _fields(cls)
        former = _MATRIX if kind == "sparse" and item.has("row_starts") else ()
        item.refuse_unknown(("kind", *(field.name for field in known), *former))
        values = {f.name: _read(item, f, cls) for f in known if item.has(f.name)}
        if former:
            values["weight"] = read_matrix(item)
        for field in known:
            if field.name not in values and _required(field):
                raise FileFormatError(f"{item.where(field.name)}: is missing")
        return cls(**values)


def _read(item: Item, field: dataclasses.Field[Any], cls: type[Description]) -> Any:
    match role_of(field):
        case Role.PART:
            return read_description(item.child(field.name), typing.get_type_hints(cls)[field.name])
        case Role.MATRIX:
            return read_matrix(item.child(field.name))
        case Role.FLAG:
            return item.integer(field.name) != 0
        case Role.COUNT:
            return item.integer(field.name)
        case Role.PIXELS:
            return item.pair(field.name)
        case Role.SIZES:
            return item.integers(field.name)
        case _:
            return item.array(field.name)


def matrix_record(matrix: Any) -> Record:
    """A sparse matrix as a group."""
    return {
        "shape": matrix.shape,
        "row_starts": matrix.indptr,
        "columns": matrix.indices,
        "values": matrix.data,
    }


def read_matrix(item: Item) -> Any:
    """What `matrix_record` wrote."""
    rows = (item.array("values"), item.array("columns"), item.array("row_starts"))
    matrix = sp.csr_array(rows, shape=item.pair("shape"), dtype="float64")
    matrix.check_format()
    return matrix


def _fields(cls: type[Description]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)  # type: ignore[arg-type]  # every description is a dataclass


def _required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _members(union: Any) -> tuple[type[Description], ...]:
    """The classes of a union, without None."""
    parts = typing.get_args(union) if isinstance(union, types.UnionType) else (union,)
    return tuple(part for part in parts if part is not types.NoneType)


def _kind(cls: type[Description]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
