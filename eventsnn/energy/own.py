"""A user's own energy model, from a mapping or a small TOML file.

::

    name = "our-asic"
    ac_pj = 0.5
    mac_pj = 2.0
    source = "post-layout simulation, 2026"
    year = 2026
    includes = "arithmetic and local SRAM"
    technology = "22 nm, 0.8 V"
    neuron_update_pj = 1.5        # optional, as are runs_ann and note
"""

from __future__ import annotations

import dataclasses
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eventsnn.energy.model import EnergyModel
from eventsnn.errors import FileFormatError, InputError

__all__ = ["model_from_mapping", "model_from_toml"]


def model_from_mapping(values: Mapping[str, Any], where: str = "energy model") -> EnergyModel:
    """A model from the fields of `EnergyModel`.

    Args:
        values: by the name of the field; all without a default are needed, the source too.
        where: for messages.

    Raises:
        InputError: a field that is missing, unknown, or of the wrong type.
    """
    fields = {field.name: field for field in dataclasses.fields(EnergyModel)}
    unknown = sorted(set(values) - set(fields))
    needed = [name for name, f in fields.items() if f.default is dataclasses.MISSING]
    missing = [name for name in needed if name not in values]
    for what, names in (("unknown", unknown), ("missing", missing)):
        if names:
            raise InputError(
                f"{where}: {what} {', '.join(names)}; needed are {', '.join(needed)}, optional "
                f"{', '.join(name for name in fields if name not in needed)}"
            )
    for name, value in values.items():
        _check(f"{where}: {name}", name, value)
    return EnergyModel(**values)


def _check(what: str, name: str, value: object) -> None:
    if name.endswith("_pj"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= float(value) < math.inf:  # type: ignore[arg-type]  # a number
            raise InputError(f"{what}: expected picojoules >= 0, found {value!r}")
    elif name == "runs_ann":
        if not isinstance(value, bool):
            raise InputError(f"{what}: expected true or false, found {value!r}")
    elif name == "year":
        if not isinstance(value, int) or isinstance(value, bool):
            raise InputError(f"{what}: expected a year, found {value!r}")
    elif not isinstance(value, str) or (not value and name != "note"):
        raise InputError(f"{what}: expected a text, found {value!r}")


def model_from_toml(path: str | os.PathLike[str]) -> EnergyModel:
    """A model from a TOML file with the fields of `EnergyModel` at its top level.

    Raises:
        FileFormatError: missing, not TOML, or no energy model.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileFormatError(f"{path}: no such file; expected an energy model") from error
    except ValueError as error:
        raise FileFormatError(f"{path}: not TOML ({error}); expected an energy model") from error
    try:
        return model_from_mapping(values, str(path))
    except InputError as error:
        raise FileFormatError(str(error)) from None
