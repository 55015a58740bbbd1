"""What a report may hold: types, ranges and lengths of the entries that `build_report` makes.

An entry that is missing is not refused here, since older versions wrote fewer; who needs it
says so. Entries of other names may be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventsnn.errors import FileFormatError

__all__ = ["check_report"]

#: Raises FileFormatError with the place of an entry where its value is not what it should be.
_Check = Callable[[Any, str], None]

#: Beyond this no count of a simulation goes, and sums of them stay finite.
_MOST = 1e300


def check_report(report: Mapping[str, Any]) -> None:
    """Hold every known entry against its type, its range and the lengths of the others.

    Raises:
        FileFormatError: names the entry, what was found and what was expected.
    """
    _fields(_WHENCE)(report, "")
    points, samples = len(report.get("ticks", ())), report.get("samples", 0)
    exits = len((report.get("early_exit") or {}).get("confidence", ()))
    shares, every = _list_of(_share, points), _list_of(_number, samples)
    _fields(
        {
            "accuracy": shares,
            "agreement": _optional(shares),
            "synops_per_sample": every,
            "correct_per_sample": _list_of(_truth, samples),
            "operations_after": _optional(_operations(points)),
            "early_exit": _optional(
                _fields(
                    {
                        "accuracy": _optional(_list_of(_share, exits)),
                        "mean_ticks": _list_of(_number, exits),
                        "operations": _operations(exits),
                    }
                )
            ),
        }
    )(report, "")


def _refuse(where: str, expected: str, found: Any) -> FileFormatError:
    shown = repr(found)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}..."
    return FileFormatError(f"{where}: expected {expected}, found {shown}")


def _number(value: Any, where: str) -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not 0 <= value <= _MOST:
        raise _refuse(where, "a number >= 0", value)


def _count(value: Any, where: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise _refuse(where, "a whole number >= 0", value)


def _at_least_one(value: Any, where: str) -> None:
    _count(value, where)
    if value < 1:
        raise _refuse(where, "a whole number >= 1", value)


def _share(value: Any, where: str) -> None:
    _number(value, where)
    if value > 1:
        raise _refuse(where, "a share, 0 to 1", value)


def _text(value: Any, where: str) -> None:
    if not isinstance(value, str):
        raise _refuse(where, "text", value)


def _truth(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise _refuse(where, "true or false", value)


def _kind(value: Any, where: str) -> None:
    if value not in ("conv", "dense", "other"):  # a list has no hash
        raise _refuse(where, "conv, dense or other", value)


def _object(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise _refuse(where, "an object", value)


def _optional(check: _Check) -> _Check:
    def optional(value: Any, where: str) -> None:
        if value is not None:
            check(value, where)

    return optional


def _list_of(check: _Check, length: int | None = None) -> _Check:
    def items(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise _refuse(where, "a list", value)
        if length is not None and len(value) != length:
            raise FileFormatError(f"{where}: expected {length} values, found {len(value)}")
        for index, item in enumerate(value):
            check(item, f"{where}[{index}]")

    return items


def _several(check: _Check) -> _Check:
    def some(value: Any, where: str) -> None:
        _list_of(check)(value, where)
        if not value:
            raise FileFormatError(f"{where}: is empty")

    return some


def _by_name(check: _Check) -> _Check:
    def values(value: Any, where: str) -> None:
        _object(value, where)
        for name, item in value.items():
            check(item, f"{where}.{name}")

    return values


def _fields(checks: Mapping[str, _Check]) -> _Check:
    """An object; of its entries those that are there are checked."""

    def fields(value: Any, where: str) -> None:
        _object(value, where or "report")
        for name, check in checks.items():
            if name in value:
                check(value[name], f"{where}.{name}" if where else name)

    return fields


def _operations(points: int) -> _Check:
    row = _list_of(_number, points)
    link = _fields({"spikes": row, "synops": row})
    return _fields({"ac": row, "mac": row, "spikes": _by_name(row), "links": _list_of(link)})


_LINK_WORK = _fields(
    {
        "source": _text,
        "kind": _kind,
        "inputs": _several(_at_least_one),
        "outputs": _several(_at_least_one),
        "kernel": _list_of(_at_least_one, 2),
        "stride": _list_of(_at_least_one, 2),
        "groups": _at_least_one,
        "weights": _count,
        "spikes": _number,
        "synops": _number,
        "image": _number,
    }
)

_LAYER_WORK = _fields(
    {
        "name": _text,
        "neurons": _at_least_one,
        "biases": _count,
        "leaky": _truth,
        "spikes": _number,
        "links": _list_of(_LINK_WORK),
    }
)

_OPERATIONS = _fields(
    dict.fromkeys(("ac", "mac", "input_macs", "input_adds", "bias_adds", "ticks"), _number)
    | {"neuron_updates": _optional(_number)}
)

_LINK = _fields(
    {"source": _text, "target": _text}
    | dict.fromkeys(("synops", "ac", "mac", "spikes", "synops_effective", "lost"), _number)
)

_ENERGY = _fields(
    {
        "model": _fields({"name": _text}),
        "snn": _number,
        "snn_terms": _by_name(_number),
        "ann": _optional(_number),
        "ratio": _optional(_number),
    }
)

_WHENCE: dict[str, _Check] = {
    **dict.fromkeys(("version", "network", "data", "recipe"), _text),
    "parameters": _object,
    "conversion_ticks": _optional(_at_least_one),
    "ticks": _several(_at_least_one),
    "early_exit": _optional(_fields({"confidence": _several(_share)})),
    "samples": _at_least_one,
    "samples_in_data": _at_least_one,
    "seconds": _optional(_number),
    "ann_accuracy": _optional(_share),
    "ann_macs": _optional(_number),
    **dict.fromkeys(
        (
            "synops_per_inference",
            "synops_effective_per_inference",
            "input_macs",
            "comparisons_per_inference",
            "resets_per_inference",
            "spikes_per_neuron_per_tick",
            "membrane_updates_per_inference",
        ),
        _number,
    ),
    **dict.fromkeys(("synops_per_layer", "spikes_per_layer"), _by_name(_number)),
    "operations_per_inference": _OPERATIONS,
    "connection_sparsity": _share,
    "energy_pj": _ENERGY,
    "footprint": _object,
    "links": _list_of(_LINK),
    "layers": _list_of(_LAYER_WORK),
}
