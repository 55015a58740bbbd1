"""Descriptions as Python code that rebuilds them: what a failing example prints."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.sparse as sp

from eventsnn.description import Description

__all__ = ["as_code"]


def as_code(value: Any) -> str:
    """An expression that evaluates to an equal object.

    It needs the names of `eventsnn` and `eventsnn.testing`, ``np`` and ``sp``
    (``scipy.sparse``). Fields at their defaults are left out.
    """
    if isinstance(value, np.ndarray):
        return _array(value)
    if sp.issparse(value):
        csr: Any = sp.csr_array(value)
        entries = ", ".join(_array(part) for part in (csr.data, csr.indices, csr.indptr))
        return f"sp.csr_array(({entries}), {csr.shape})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        arguments = [
            f"{field.name}={as_code(getattr(value, field.name))}"
            for field in dataclasses.fields(value)
            if not _is_default(field, getattr(value, field.name))
        ]
        return f"{type(value).__name__}({', '.join(arguments)})"
    if isinstance(value, tuple):
        inner = ", ".join(as_code(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {as_code(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _array(values: np.ndarray[Any, Any]) -> str:
    if values.ndim == 0:
        return repr(values.item())
    if values.size == 0:
        return f"np.zeros({values.shape}, dtype={'int' if values.dtype.kind == 'i' else 'float'})"
    return f"np.array({values.tolist()})"


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        default = field.default
    elif field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    else:
        return False
    if value is None or default is None:
        return value is default
    if isinstance(value, Description):
        return bool(value == default)
    return np.ndim(value) == np.ndim(default) and bool(np.all(value == default))
