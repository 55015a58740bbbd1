"""safetensors files: tensors by name, without any code in them. Needs an extra."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn import FileFormatError, MissingExtraError
from eventsnn.files.npz import LARGEST

__all__ = ["read_safetensors"]


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """All tensors of a safetensors file, by name.

    Raises:
        MissingExtraError: the package safetensors is not installed.
        FileFormatError: damaged, of another kind, too large, or with numbers that NumPy lacks.
        OSError: the file cannot be opened.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: reading it needs a package of its own: "
            f'python -m pip install "eventsnn[safetensors]"'
        ) from error
    size = Path(path).stat().st_size
    if size > LARGEST:
        raise FileFormatError(
            f"{path}: {size} bytes, the limit is {LARGEST}; if they are meant, raise "
            f"eventsnn.files.npz.LARGEST"
        )
    try:
        with safe_open(path, framework="np") as file:
            return {key: np.asarray(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, TypeError, AttributeError, ValueError) as error:
        raise FileFormatError(
            f"{path}: {error}; expected safetensors of float32 or float64, so the file is "
            f"truncated, of another kind, or to be saved as float32"
        ) from error
