"""``eventsnn info`` on weights: the ANN's graph, or the tensors of a bare file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from eventsnn.cli.console import note, say_table
from eventsnn.cli.describe import describe
from eventsnn.errors import ConversionError

if TYPE_CHECKING:
    from pathlib import Path

    from converters import Ann

__all__ = ["print_ann", "print_weights"]


def print_weights(path: Path, arch: str | None) -> None:
    """The graph where the file or ``arch`` tells it, else the tensors."""
    from converters import load_ann

    try:
        ann = load_ann(path, arch)
    except ConversionError:
        if arch is not None:
            raise
        _print_tensors(path)
    else:
        print_ann(ann, path.name)


def print_ann(ann: Ann, name: str) -> None:
    """Nodes with their shapes, parameters and multiply-accumulates."""
    from converters import ann_to_source, macs

    per_node = macs(ann)
    parameters = dict.fromkeys((node.name for node in ann.nodes), 0)
    for key, values in ann_to_source(ann)[1].items():
        node, _, kind = key.rpartition(".")
        if kind in {"weight", "bias"}:  # the statistics of batch norm are not trained
            parameters[node] += values.size
    rows = [
        (
            node.name,
            describe(node.op),
            ", ".join(node.inputs),
            _shape(ann.shapes[node.name]),
            f"{parameters[node.name]:,}",
            f"{per_node.get(node.name, 0):,}",
        )
        for node in ann.nodes
    ]
    totals = (f"{sum(parameters.values()):,}", f"{sum(per_node.values()):,}")
    rows.append(("all", "", "", "", *totals))
    columns = ("node", "operation", "inputs", "shape", "parameters", "MACs")
    say_table(f"{name}: ANN on input {_shape(ann.input_shape)}", columns, rows)


def _print_tensors(path: Path) -> None:
    from converters import read_arrays

    tensors = read_arrays(path)
    rows = [
        (name, str(values.dtype), _shape(values.shape), f"{values.size:,}")
        for name, values in tensors.items()
    ]
    total = sum(math.prod(values.shape) for values in tensors.values())
    rows.append(("all", "", "", f"{total:,}"))
    say_table(f"{path.name}: tensors", ("name", "type", "shape", "values"), rows)
    note("tensors without a graph; --arch NAME shows them as a network")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
