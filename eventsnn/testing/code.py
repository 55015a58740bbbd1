"""Descriptions as Python code that rebuilds them: what a failing example prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from eventsnn.description.base import Description

__all__ = ["as_code"]


def as_code(value: Any, prefixes: Mapping[str, str] | None = None) -> str:
    """An expression that evaluates to an equal object.

    It needs the names of `eventsnn` and `eventsnn.testing`, ``np`` and ``sp``
    (``scipy.sparse``). Fields at their defaults are left out.

    Args:
        value: a description, a dataclass of them, or tuples, dicts and arrays.
        prefixes: what stands before the names of classes, by the module that defines them:
            ``{"converters.ops": "ops."}``.
    """
    prefixes = prefixes or {}
    if isinstance(value, np.ndarray):
        return _array(value)
    if sp.issparse(value):
        csr: Any = sp.csr_array(value)
        entries = ", ".join(_array(part) for part in (csr.data, csr.indices, csr.indptr))
        return f"sp.csr_array(({entries}), {csr.shape})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        arguments = [
            f"{field.name}={as_code(getattr(value, field.name), prefixes)}"
            for field in dataclasses.fields(value)
            if not _is_default(field, getattr(value, field.name))
        ]
        prefix = prefixes.get(type(value).__module__, "")
        return f"{prefix}{type(value).__name__}({', '.join(arguments)})"
    if isinstance(value, tuple):
        inner = ", ".join(as_code(item, prefixes) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        items = (f"{key!r}: {as_code(item, prefixes)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    return repr(value)


def _array(values: np.ndarray[Any, Any]) -> str:
    if values.ndim == 0:
        return repr(values.item())
    if values.size == 0:
        return f"np.zeros({values.shape}, dtype={'int' if values.dtype.kind == 'i' else 'float'})"
    if values.dtype == np.float32:
        return f"np.array({values.tolist()}, dtype=np.float32)"
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
