"""Parameters of an object in one line, for tables."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.sparse as sp

__all__ = ["describe"]

#: Per channel in the ANN; their range tells nothing.
_TRAINED = {"bias", "running_mean", "running_var"}


def describe(thing: Any) -> str:
    """``Conv2d 16x3x3x3, padding 1``: a dataclass by its name, and what is not the default.

    Weights are told by their shape, thresholds and the like by their range.
    """
    parts = []
    name = type(thing).__name__
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, np.ndarray) or sp.issparse(value):
            if field.name == "weight":
                name += f" {'x'.join(map(str, value.shape))}"
            elif isinstance(value, np.ndarray) and field.name not in _TRAINED:
                parts.append(f"{field.name} {_range(value)}")
        elif dataclasses.is_dataclass(value):
            parts.append(f"{field.name} {describe(value)}")
        elif value not in (None, field.default, (field.default, field.default)):
            parts.append(f"{field.name} {_plain(value)}")
    return ", ".join([name, *parts])


def _range(values: np.ndarray[Any, Any]) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g}..{high:.4g}"


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        same = len(set(value)) == 1
        return str(value[0]) if same else "x".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
