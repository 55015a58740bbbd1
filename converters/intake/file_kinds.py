"""What a file of weights is, by its first bytes, whatever it is called."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from eventsnn import FileFormatError

__all__ = ["Kind", "kind_of", "pickle_advice", "refuse_other_kinds"]

Kind = Literal["npz", "pickle", "safetensors", "network", "graph"]

_PICKLES = {".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".th", ".tar"}
_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"
#: Every pickle of protocol 2 and later begins so: a mark, and the protocol's number.
_PICKLE, _LATEST = 0x80, 5


def kind_of(path: Path) -> Kind:
    """The kind of a file.

    ``torch.save`` makes a zip with ``data.pkl`` in it, before PyTorch 1.6 a bare pickle; both are
    pickles here. What begins as nothing known is told by its suffix, and taken for an NPZ, whose
    reader says what it lacks.

    Raises:
        OSError: the file cannot be opened.
    """
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(_ZIP):
        return "pickle" if _holds_a_pickle(path) else "npz"
    if start.startswith(_HDF5):
        return "network"
    if len(start) > 1 and start[0] == _PICKLE and 2 <= start[1] <= _LATEST:
        return "pickle"
    if start[8:9] == b"{" or path.suffix.lower() == ".safetensors":
        return "safetensors"
    if start.lstrip().startswith(b"{"):
        return "graph"
    return "pickle" if path.suffix.lower() in _PICKLES else "npz"


def refuse_other_kinds(path: Path, kind: Kind) -> None:
    """Refuse what holds no weights that are read here.

    Raises:
        FileFormatError: says what it is, and what to do.
    """
    match kind:
        case "pickle":
            raise FileFormatError(pickle_advice(path))
        case "network":
            raise FileFormatError(
                f"{path}: this is HDF5, as a spiking network already converted is; expected "
                f"weights, an NPZ or safetensors file (are the arguments swapped?)"
            )
        case "graph":
            raise FileFormatError(
                f"{path}: this is JSON, as a graph is; give the weights, and the graph as arch "
                f"(--arch {path.name})"
            )


def pickle_advice(path: Path) -> str:
    """Why a pickle is not read, and the lines that export it."""
    name = path.name.removesuffix(".tar") if path.name.endswith(".tar") else path.name
    target = path.with_name(name).with_suffix(".npz")
    return (
        f"{path}: a pickle can run any code when loaded, so it is not read here. Where you "
        f"trust it and have PyTorch, export it and load {target} instead:\n\n"
        f"import numpy, torch\n"
        f'found = torch.load(r"{path}", map_location="cpu", weights_only=True)\n'
        f'for key in ("state_dict", "model_state_dict", "model", "net"):\n'
        f"    found = found.get(key, found)\n"
        f"tensors = {{k: v for k, v in found.items() if torch.is_tensor(v)}}\n"
        f'assert tensors, f"no tensors, but {{list(found)}}: which of these holds the weights?"\n'
        f'numpy.savez(r"{target}", **{{k: (v.float() if v.dtype == torch.bfloat16 else v).numpy() '
        f"for k, v in tensors.items()}})\n"
    )


def _holds_a_pickle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return path.suffix.lower() in _PICKLES
    return any(name.endswith("/data.pkl") or name == "data.pkl" for name in names)
