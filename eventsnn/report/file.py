"""Reports on disk: strict JSON, written whole, checked when read."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eventsnn.energy import LayerWork, LinkWork, Operations
from eventsnn.errors import FileFormatError
from eventsnn.files.whole_file import write_whole
from eventsnn.report.schema import check_report

__all__ = ["LARGEST", "read_operations", "read_report", "write_report"]

#: Bytes of a report at most: a hundred million samples.
LARGEST = 2**31

_NEEDED = ("ac", "mac", "input_macs", "input_adds", "bias_adds")


def write_report(path: str | os.PathLike[str], report: Mapping[str, Any]) -> None:
    """Write a report as strict JSON, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps(dict(report), indent=2, allow_nan=False, ensure_ascii=False)
    # a name of a file that is no UTF-8 has surrogates, which JSON can escape
    write_whole(path, f"{text}\n".encode("utf-8", "backslashreplace"))


def read_report(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a report.

    Raises:
        FileFormatError: missing, damaged, or no report of an evaluation.
    """
    if not Path(path).is_file():
        raise FileFormatError(f"{path}: no such file; expected a report of `evaluate --json`")
    if (size := Path(path).stat().st_size) > LARGEST:
        raise FileFormatError(f"{path}: {size:,} bytes are no report; the limit is {LARGEST:,}")
    try:
        text = Path(path).read_text(encoding="utf-8")
        report = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not JSON ({error}); expected a report") from error
    if not isinstance(report, dict) or "operations_per_inference" not in report:
        raise FileFormatError(
            f"{path}: JSON, but no report of an evaluation; expected the file that "
            f"`evaluate --json` writes"
        )
    try:
        check_report(report)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}; evaluate again") from None
    return report


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def read_operations(
    report: Mapping[str, Any], path: str | os.PathLike[str]
) -> tuple[Operations, float | None]:
    """Operations per inference and ``ann_macs`` of a report, for `eventsnn.energy.energy`.

    Args:
        report: of `read_report`; one of an older version lacks what only some models need.
        path: for messages.

    Raises:
        FileFormatError: a number is missing or is none.
    """
    found = report["operations_per_inference"]
    if not isinstance(found, dict):
        raise FileFormatError(f"{path}: operations_per_inference: expected an object")
    numbers = {
        name: _number(found.get(name), f"operations_per_inference.{name}", path) for name in _NEEDED
    }
    updates = found.get("neuron_updates")
    operations = Operations(
        **numbers,
        neuron_updates=(
            None
            if updates is None
            else _number(updates, "operations_per_inference.neuron_updates", path)
        ),
        ticks=_number(found.get("ticks", 0), "operations_per_inference.ticks", path),
        layers=_layers(report.get("layers", []), path),
    )
    macs = report.get("ann_macs")
    return operations, None if macs is None else _number(macs, "ann_macs", path)


def _layers(found: Any, path: str | os.PathLike[str]) -> tuple[LayerWork, ...]:
    try:
        return tuple(
            LayerWork(**(layer | {"links": tuple(_link(link) for link in layer["links"])}))
            for layer in found
        )
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(
            f"{path}: layers: damaged ({error}); expected what `evaluate --json` writes"
        ) from error


def _link(found: dict[str, Any]) -> LinkWork:
    pairs = {name: tuple(map(int, found[name])) for name in ("inputs", "outputs")}
    kernel, stride = ((int(found[name][0]), int(found[name][1])) for name in ("kernel", "stride"))
    return LinkWork(**(found | pairs | {"kernel": kernel, "stride": stride}))


def _number(value: Any, what: str, path: str | os.PathLike[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise FileFormatError(f"{path}: {what}: expected a number >= 0, found {value!r}")
    return float(value)
