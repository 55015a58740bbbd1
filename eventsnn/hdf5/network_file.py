"""One HDF5 file with all that later commands need.

::

    /               attributes format = "eventsnn network", format_version, written_by,
                    recipe, ticks (if known); JSON objects parameters, ann_macs (if known)
    /network        attribute output
        inputs/0..  attributes name, shape
            coding  attribute kind (analog, words, integers, events), its fields
        layers/0..  attributes name, shape; array bias
            neuron  attribute kind (if, lif, burst, signed, ...), its fields;
                    a reset is a group of its own
            links/0..       attributes source, delay
                chain/0..   attribute kind (linear, conv2d, ...), its fields
    /preprocessing  attribute scale, arrays mean, std              (if known)
    /source         JSON text graph; arrays/0.. have name, values  (if known)
    /thresholds     0.. have name, values: what a spike of a layer stands for
    /integers       attributes weight_bits, potential_bits, ticks, precision  (if in integers)

A missing field has its default, an unknown one is refused by name.

An array without dimensions is an attribute, others are datasets: float64, those of the
source in their own type. JSON is UTF-8 in a dataset of bytes. Nothing is pickled, and
everything has a checksum.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Values
from eventsnn.description.network import Network
from eventsnn.errors import FileFormatError
from eventsnn.files.hdf5 import open_to_read
from eventsnn.files.whole_file import write_whole
from eventsnn.hdf5.format_1 import fed_as_format_1, integers_of_format_1
from eventsnn.hdf5.integer_format import IntegerFormat
from eventsnn.hdf5.network_record import network_record, read_network
from eventsnn.hdf5.parameters import LONGEST, check_ann_macs, check_parameters
from eventsnn.hdf5.storage import Item, Record, Text, naming, write
from eventsnn.signals.preprocessing import Preprocessing
from eventsnn.version import __version__

__all__ = ["IntegerFormat", "NetworkFile", "Source", "load_network", "save_network"]

_FORMAT = "eventsnn network"
_FORMAT_VERSION = 2  # 1 had no coding at the inputs, see `eventsnn.hdf5.format_1`
_GROUPS = (
    "format",
    "format_version",
    "written_by",
    "recipe",
    "ticks",
    "parameters",
    "ann_macs",
    "network",
    "preprocessing",
    "source",
    "thresholds",
    "integers",
)


@dataclass(frozen=True, eq=False)
class Source:
    """The ANN that a network was made from, as the converters write it.

    Args:
        graph: JSON text of the graph.
        arrays: weights by name.
    """

    graph: str
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """A network and where it came from; all but the network may be unknown.

    Args:
        network: the spiking network.
        preprocessing: of the images it expects.
        source: the ANN it was converted from.
        ann_macs: multiply-accumulates of the ANN per image, by the name of its layers.
        recipe: how it was converted.
        ticks: that it was converted for.
        parameters: of the recipe, as JSON has them; for people, nothing depends on them.
        thresholds: what a spike of a layer stands for, in the units of the ANN, by name.
        integers: the proof of a network in integers; None for others.
        version: of eventsnn that made it.
    """

    network: Network
    preprocessing: Preprocessing | None = None
    source: Source | None = None
    ann_macs: Mapping[str, int] | None = None
    recipe: str = ""
    ticks: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, Values] = field(default_factory=dict)
    integers: IntegerFormat | None = None
    version: str = __version__


def save_network(path: str | os.PathLike[str], file: NetworkFile) -> None:
    """Write a network file; an older one is replaced when the new one is complete.

    Raises:
        OSError: the file cannot be written, see `eventsnn.files.whole_file.check_writable`.
        FileFormatError: an array of the source is not numeric.
    """
    root: Record = {
        "format": _FORMAT,
        "format_version": _FORMAT_VERSION,
        "written_by": file.version,
        "recipe": file.recipe,
        "parameters": Text(json.dumps(dict(file.parameters))),
        "network": network_record(file.network),
    }
    if file.ticks is not None:
        root["ticks"] = file.ticks
    if file.ann_macs is not None:
        root["ann_macs"] = Text(json.dumps(dict(file.ann_macs)))
    if file.preprocessing is not None:
        constants = file.preprocessing
        root["preprocessing"] = {
            "scale": constants.scale,
            "mean": np.array(constants.mean),
            "std": np.array(constants.std),
        }
    if file.thresholds:
        root["thresholds"] = [
            {"name": name, "values": np.asarray(values, dtype=np.float64)}
            for name, values in file.thresholds.items()
        ]
    if file.integers is not None:
        root["integers"] = dataclasses.asdict(file.integers)
    if file.source is not None:
        arrays = file.source.arrays
        for name, values in arrays.items():
            if values.dtype.kind not in "biuf":
                raise FileFormatError(
                    f"{path}: array `{name}` of the source has type {values.dtype}, "
                    f"expected numbers"
                )
        root["source"] = {
            "graph": Text(file.source.graph),
            "arrays": [{"name": name, "values": values} for name, values in arrays.items()],
        }
    write_whole(path, _as_bytes(root))


def _as_bytes(root: Record) -> bytes:
    """The file, made in memory: HDF5 that runs out of disk can end the process."""
    # Object headers have had checksums since 1.8 and its files are read by 1.10 and later.
    options: dict[str, Any] = {"driver": "core", "backing_store": False}
    with h5py.File("network", "w", libver=("v110", "v110"), **options) as out:
        write(out, root)
        out.flush()
        image: bytes = out.id.get_file_image()
    return image


def load_network(path: str | os.PathLike[str]) -> NetworkFile:
    """Read a network file.

    Raises:
        FileFormatError: missing, damaged, of another kind or version; names the item.
    """
    if not Path(path).is_file():
        raise FileFormatError(f"{path}: no such file; expected a network made by `convert`")
    with open_to_read(path) as file, naming(f"{path}: damaged, or not an HDF5 file"):
        root = Item(str(path), file)
        _check_format(root)
        root.refuse_unknown(_GROUPS)
        return NetworkFile(
            network=_read_network(root),
            preprocessing=_read_preprocessing(root) if root.has("preprocessing") else None,
            source=_read_source(root.child("source")) if root.has("source") else None,
            ann_macs=_read_ann_macs(root) if root.has("ann_macs") else None,
            recipe=root.text("recipe"),
            ticks=_read_ticks(root) if root.has("ticks") else None,
            parameters=_read_parameters(root),
            thresholds=_read_thresholds(root) if root.has("thresholds") else {},
            integers=_read_integers(root),
            version=root.text("written_by"),
        )


def _check_format(root: Item) -> None:
    if not root.has("format") or root.text("format") != _FORMAT:
        found = ", ".join(list(root.group)[:8]) or "nothing"
        raise FileFormatError(
            f"{root.file}: an HDF5 file, but not a network of eventsnn (it holds {found}); "
            f"expected one made by `convert`"
        )
    version = root.integer("format_version")
    if version not in (1, _FORMAT_VERSION):
        raise FileFormatError(
            f"{root.file}: format {version}, this eventsnn reads 1 to {_FORMAT_VERSION}; "
            f"upgrade eventsnn or convert again"
        )


def _read_ticks(root: Item) -> int:
    ticks = root.integer("ticks")
    if not 1 <= ticks <= LONGEST:
        raise FileFormatError(f"{root.where('ticks')}: expected 1 to {LONGEST}, found {ticks}")
    return ticks


def _read_parameters(root: Item) -> dict[str, Any]:
    parameters = root.json("parameters")
    if root.integer("format_version") != 1:
        return parameters  # for people: nothing depends on them
    try:
        check_parameters(parameters)
    except FileFormatError as error:
        raise FileFormatError(f"{root.file}: {error}") from None
    return parameters


def _read_ann_macs(root: Item) -> dict[str, Any]:
    macs = root.json("ann_macs")
    try:
        check_ann_macs(macs)
    except FileFormatError as error:
        raise FileFormatError(f"{root.file}: {error}") from None
    return macs


def _read_preprocessing(root: Item) -> Preprocessing:
    item = root.child("preprocessing")
    with naming(item.where()):
        scale = float(item.array("scale"))
        return Preprocessing(scale, tuple(item.array("mean")), tuple(item.array("std")))


def _read_thresholds(root: Item) -> dict[str, Values]:
    found: dict[str, Values] = {}
    for item in root.children("thresholds"):
        item.refuse_unknown(("name", "values"))
        found[item.text("name")] = item.array("values")
    return found


def _read_network(root: Item) -> Network:
    network = read_network(root.child("network"))
    if root.integer("format_version") != 1:
        return network
    with naming(root.where("parameters")):
        return fed_as_format_1(network, _read_parameters(root))


def _read_integers(root: Item) -> IntegerFormat | None:
    if root.integer("format_version") == 1:
        with naming(root.where("parameters")):
            return integers_of_format_1(_read_parameters(root))
    if not root.has("integers"):
        return None
    item = root.child("integers")
    item.refuse_unknown([field.name for field in dataclasses.fields(IntegerFormat)])
    bits, precision = item.integer("potential_bits"), item.text("precision")
    if bits not in (16, 32) or precision not in ("float32", "float64"):
        raise FileFormatError(
            f"{item.where()}: expected potentials of 16 or 32 bits in float32 or float64, found "
            f"{bits} bits in {precision}"
        )
    return IntegerFormat(
        item.integer("weight_bits"),
        16 if bits == 16 else 32,
        item.integer("ticks"),
        "float32" if precision == "float32" else "float64",
    )


def _read_source(item: Item) -> Source:
    arrays = {array.text("name"): array.array("values") for array in item.children("arrays")}
    return Source(item.long_text("graph"), arrays)
