"""What the parameters of a recipe say about how a network is run, held against their types."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from eventsnn.errors import FileFormatError

__all__ = ["LONGEST", "check_ann_macs", "check_parameters"]

#: Ticks at most, of a conversion or a run.
LONGEST = 2**31 - 1


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that `eventsnn evaluate` and its kin could not use.

    Only those that change how the network is run are looked at; all others describe.

    Raises:
        FileFormatError: names the entry, what was found and what was expected.
    """
    needed: dict[str, tuple[Callable[[Any], bool], str]] = {}
    if "precision" in parameters:
        needed |= {"precision": (lambda v: v in ("float32", "float64"), "float32 or float64")}
    if "weight_bits" in parameters:
        needed |= {
            "weight_bits": (_whole(1, 64), "a number of bits"),
            "potential_bits": (_whole(1, 64), "a number of bits"),
            "proven_ticks": (_whole(1, LONGEST), "a number of ticks >= 1"),
            "input_step": (lambda v: v is None or _positive(v), "a number > 0, or null"),
            "input_largest": (_whole(0, 2**53), "a whole number >= 0"),
        }
    if "coding" in parameters:
        needed |= {"coding": (lambda v: v in ("phase", "analog"), "phase or analog")}
    if parameters.get("coding") == "phase":
        needed |= {
            "phases": (_whole(1, 64), "a number of phases >= 1"),
            "input_low": (_each(_finite), "a number, or one per channel"),
            "input_width": (_each(_positive), "a number > 0, or one per channel"),
            "readings": (_whole(1, 64), "a whole number >= 1"),
        }
    for name, (good, expected) in needed.items():
        if name not in parameters:
            raise FileFormatError(f"parameters: {name} is missing; expected {expected}")
        if not good(parameters[name]):
            raise FileFormatError(
                f"parameters: {name}: expected {expected}, found {parameters[name]!r:.60}"
            )


def check_ann_macs(macs: Mapping[str, Any]) -> None:
    """Refuse counts that are none.

    Raises:
        FileFormatError: names the node.
    """
    for name, value in macs.items():
        if not _whole(0, 2**63)(value):
            raise FileFormatError(f"ann_macs: {name}: expected a count, found {value!r:.60}")


def _whole(lowest: int, largest: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and lowest <= value <= largest


def _each(good: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: all(map(good, value if isinstance(value, list) and value else [value]))


def _finite(value: Any) -> bool:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return good and abs(value) <= 1e300 and math.isfinite(value)


def _positive(value: Any) -> bool:
    return _finite(value) and value > 0
