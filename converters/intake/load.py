"""Trained networks on disk: `load_ann` and `save_ann`.

An NPZ comes in two layouts:

- **self-describing**, as `save_ann` writes it: the key ``graph`` holds the JSON text of
  `converters.intake.graph_json` (a 0-d string, or its UTF-8 bytes as uint8), beside the arrays.
  A key ``about`` may hold free text, and is not read.
- **bare**: the tensors of a PyTorch ``state_dict`` by their own names. What they are is
  said by ``arch``: a name from `converters.architectures`, or the path of a graph's JSON.
  A safetensors file is read as this layout.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.ann.graph import Ann
from converters.intake.architectures import KNOWN, architecture
from converters.intake.file_kinds import kind_of, refuse_other_kinds
from converters.intake.graph_json import ann_from_source, ann_to_source
from converters.intake.prefixes import described, without_prefixes
from converters.intake.safetensors import read_safetensors
from eventsnn import ConversionError, FileFormatError, NetworkError
from eventsnn.files.npz import read_npz, write_npz

__all__ = ["load_ann", "read_arrays", "save_ann"]

Arrays = Mapping[str, NDArray[Any]]


def load_ann(path: str | os.PathLike[str], arch: str | None = None) -> Ann:
    """Read a trained network.

    Args:
        path: an NPZ or safetensors file, known by its first bytes, see `converters.intake.load`.
            Where all keys of a bare one share a first part, as ``module.`` of DataParallel or
            ``_orig_mod.`` of torch.compile, and fit without it, it is left out;
            ``num_batches_tracked`` is ignored, any other key is used.
        arch: what the weights are, for a bare NPZ: a name such as "resnet20-cifar", or
            the path of a ``.json`` graph.

    Raises:
        FileFormatError: the file is damaged, of another kind, a pickle, or its arrays do
            not fit the graph; names file and key, and lists all keys missing or left over.
        ConversionError: ``arch`` is missing, unknown, or given for a file that needs none.
        NetworkError: the graph means nothing.
        OSError: the file cannot be opened.
    """
    stored = read_arrays(path)
    try:
        if "graph" not in stored:
            return _ann_of_bare(stored, arch)
        return ann_from_source(*_source(stored, arch))
    except (FileFormatError, ConversionError, NetworkError) as error:
        what = path if arch is None else f"{path} as {arch}"
        raise type(error)(f"{what}: {error}") from None


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """All arrays of a file of weights, by key, whatever they mean.

    Raises:
        FileFormatError: the file is damaged, of another kind, or a pickle.
        MissingExtraError: a safetensors file without the extra.
        OSError: the file cannot be opened.
    """
    path = Path(path)
    kind = kind_of(path)
    refuse_other_kinds(path, kind)
    return read_safetensors(path) if kind == "safetensors" else read_npz(path)


def save_ann(
    path: str | os.PathLike[str], ann: Ann, about: Mapping[str, Any] | None = None
) -> None:
    """Write a self-describing NPZ, whole or not at all.

    Args:
        path: where to.
        ann: the network; ``load_ann(path) == ann`` afterwards.
        about: origin, license and the like, kept as JSON text under the key ``about``.
    """
    graph, arrays = ann_to_source(ann)
    arrays["graph"] = np.array(graph)
    if about is not None:
        arrays["about"] = np.array(json.dumps(about))
    write_npz(path, arrays)


def _source(stored: Arrays, arch: str | None) -> tuple[str, Arrays]:
    """The graph and its arrays, of a file that describes itself."""
    if arch is not None:
        raise ConversionError("the file describes its own network; leave arch out")
    arrays = {key: values for key, values in stored.items() if key not in {"graph", "about"}}
    return _text(stored["graph"], "graph"), arrays


def _ann_of_bare(stored: Arrays, arch: str | None) -> Ann:
    """A ``state_dict``, without the counters of batch norm and the prefixes of wrappers."""
    arrays = {k: v for k, v in stored.items() if not k.endswith("num_batches_tracked")}
    first: FileFormatError | NetworkError | None = None
    for candidate in without_prefixes(arrays):
        try:
            return ann_from_source(_graph_of(arch, candidate), candidate)
        except (FileFormatError, NetworkError) as error:
            first = first or error
    assert first is not None
    raise type(first)(f"{first}{described(arrays)}")


def _text(value: NDArray[Any], key: str) -> str:
    if value.dtype.kind == "U" and value.ndim == 0:
        return str(value)
    if value.dtype == np.uint8 and value.ndim == 1:
        try:
            return value.tobytes().decode()
        except UnicodeDecodeError as error:
            raise FileFormatError(f"key `{key}`: {error}") from None
    raise FileFormatError(
        f"key `{key}`: expected JSON text as a 0-d string or as uint8, found {value.dtype} "
        f"of shape {value.shape}"
    )


def _graph_of(arch: str | None, arrays: Arrays) -> str:
    if arch is None:
        raise ConversionError(
            f"the file holds weights without a graph; say what they are with arch: the path "
            f"of a graph's .json, or one of {KNOWN}"
        )
    if Path(arch).suffix.lower() != ".json":
        return architecture(arch, arrays)
    try:
        return Path(arch).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{arch}: {error}") from None
