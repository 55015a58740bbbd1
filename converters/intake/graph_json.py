"""An ANN as JSON text and named arrays: its source form in NPZ and HDF5 files.

Format ``eventsnn-ann``, version 1::

    {"format": "eventsnn-ann", "version": 1,
     "input_shape": [3, 32, 32],
     "output": "fc",
     "nodes": [
       {"name": "conv1", "op": "Conv2d", "inputs": ["input"],
        "out_channels": 16, "kernel_size": 3, "padding": 1, "bias": false},
       {"name": "bn1", "op": "BatchNorm", "inputs": ["conv1"]},
       ...]}

Nodes stand in an order in which each follows its inputs. The arrays beside the graph are
called ``node.parameter`` as in a PyTorch ``state_dict``, so that the graph of a model can be
written by hand and read with the model's own weights. Fields by ``op``, with defaults:

=============  =======================================================  ===================
op             fields                                                   arrays
=============  =======================================================  ===================
Conv2d         out_channels, kernel_size, stride 1, padding 0,          weight, bias
               dilation 1, groups 1, bias true
Linear         out_features, bias true                                  weight, bias
BatchNorm      eps 1e-5                                                 weight, bias,
                                                                        running_mean,
                                                                        running_var
AvgPool2d      kernel_size, stride (the kernel's size), padding 0
MaxPool2d      the same
Subsample      stride 1, pad_channels [0, 0]
ReLU           ceiling (none), levels (none): a number of equal
               steps, or rising fractions of the ceiling
Spike          decay 1, threshold 1, reset "subtract" or "zero",
               mean 0, standard_deviation 0
Scale          factor
Sparse         in_features, shape, bias false                           data, indices,
                                                                        indptr, bias
GlobalAvgPool, Add, Concat, Flatten: none
=============  =======================================================  ===================

``bias`` false means that there is no such array. A size is an integer or [rows, columns].
A 1-d convolution is a Conv2d on images of height 1 with kernel_size [1, k]; its weight may
have PyTorch's three dimensions.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import INPUT, Ann, Node
from converters.ann.shapes import Shape, output_shape
from converters.intake.json_fields import Fields
from eventsnn import FileFormatError, NetworkError, ShapeError

__all__ = ["FORMAT", "VERSION", "ann_from_source", "ann_to_source"]

FORMAT = "eventsnn-ann"
VERSION = 1

Arrays = Mapping[str, NDArray[Any]]


def ann_to_source(ann: Ann) -> tuple[str, dict[str, NDArray[Any]]]:
    """The graph as JSON text, and the arrays by ``node.parameter``."""
    nodes: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for node in ann.nodes:
        kind = type(node.op).__name__
        entry: dict[str, Any] = {"name": node.name, "op": kind, "inputs": list(node.inputs)}
        for field in dataclasses.fields(node.op):
            value = getattr(node.op, field.name)
            if isinstance(value, np.ndarray):
                arrays[f"{node.name}.{field.name}"] = value
            elif value is not None:
                entry[field.name] = list(value) if isinstance(value, tuple) else value
        match node.op:
            case ops.Conv2d(weight=weight, bias=bias):
                entry["out_channels"] = len(weight)
                entry["kernel_size"] = list(weight.shape[2:])
                entry["bias"] = bias is not None
            case ops.Linear(weight=weight, bias=bias):
                entry |= {"out_features": len(weight), "bias": bias is not None}
            case ops.Sparse(bias=bias):
                entry["bias"] = bias is not None
            case _:
                pass
        nodes.append(entry)
    graph = {
        "format": FORMAT,
        "version": VERSION,
        "input_shape": list(ann.input_shape),
        "output": ann.output,
        "nodes": nodes,
    }
    return json.dumps(graph), arrays


def ann_from_source(graph: str, arrays: Arrays) -> Ann:
    """The ANN of a graph and its arrays, the inverse of `ann_to_source`.

    Raises:
        FileFormatError: the text is no such graph; arrays are missing or left over (all
            are listed); one has another shape or type than the graph says, or is not finite.
        NetworkError: the graph means nothing, see `Ann`.
    """
    top = Fields(_parsed(graph), "the graph")
    found = (top.take("format", None), top.take("version", None))
    if found != (FORMAT, VERSION):
        raise FileFormatError(
            f'the graph: expected "format": "{FORMAT}", "version": {VERSION}; '
            f"found {found[0]!r}, {found[1]!r}"
        )
    input_shape = top.integers("input_shape")
    if len(input_shape) not in {1, 3}:
        raise top.refuse("input_shape", "[channels, rows, columns] or [size]", input_shape)
    output = top.text("output")
    entries = top.take("nodes")
    if not isinstance(entries, list):
        raise top.refuse("nodes", "a list", entries)
    top.finish()
    _check_keys(entries, arrays)
    shapes: dict[str, Shape] = {INPUT: input_shape}
    nodes = []
    for position, entry in enumerate(entries):
        node = _node(Fields(entry, f"node {position} of the graph"), arrays, shapes)
        nodes.append(node)
    return Ann(input_shape, tuple(nodes), output)


def _parsed(graph: str) -> Any:
    try:
        return json.loads(graph)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"the graph is not JSON: {error}") from None


def _check_keys(entries: list[Any], arrays: Arrays) -> None:
    """Compare the arrays' names with those the graph asks for, all at once."""
    expected: set[str] = set()
    for entry in entries:
        if isinstance(entry, dict):
            expected.update(f"{entry.get('name')}.{parameter}" for parameter in _asked(entry))
    problems = []
    if missing := sorted(expected - set(arrays)):
        problems.append(f"missing: {', '.join(missing)}")
    if surplus := sorted(set(arrays) - expected):
        problems.append(f"not in the graph: {', '.join(surplus)}")
    if problems:
        raise FileFormatError(
            f"the arrays do not fit the graph; {'; '.join(problems)}; is it another architecture?"
        )


def _asked(entry: dict[str, Any]) -> tuple[str, ...]:
    """Names of the arrays that a node needs."""
    match entry.get("op"):
        case "Conv2d" | "Linear":
            return ("weight", "bias") if entry.get("bias", True) else ("weight",)
        case "BatchNorm":
            return ("weight", "bias", "running_mean", "running_var")
        case "Sparse":
            matrix = ("data", "indices", "indptr")
            return (*matrix, "bias") if entry.get("bias", False) else matrix
        case _:
            return ()


def _node(fields: Fields, arrays: Arrays, shapes: dict[str, Shape]) -> Node:
    """Read one node, and add its shape to ``shapes``."""
    name = fields.text("name")
    fields.owner = f"node `{name}`"
    kind, inputs = fields.text("op"), fields.texts("inputs")
    unknown = [source for source in inputs if source not in shapes]
    if unknown:
        raise NetworkError(f"node `{name}`: its inputs {unknown} are not earlier nodes")
    if not inputs:
        raise fields.refuse("inputs", "one or more names", [])
    arriving = tuple(shapes[source] for source in inputs)

    def array(parameter: str, *shape: int) -> NDArray[Any]:
        return _checked(f"{name}.{parameter}", arrays[f"{name}.{parameter}"], shape)

    try:
        op = _operation(kind, fields, array, arriving[0])
        shapes[name] = output_shape(op, arriving)
    except ShapeError as error:
        raise ShapeError(f"node `{name}`: {error}") from None
    fields.finish()
    return Node(name, op, inputs)


def _operation(
    kind: str, fields: Fields, array: Callable[..., NDArray[Any]], shape: Shape
) -> ops.Op:
    """The operation of one node whose first input has ``shape``."""
    match kind:
        case "Conv2d":
            outputs, kernel = fields.integer("out_channels"), fields.pair("kernel_size")
            groups = fields.integer("groups", 1)
            return ops.Conv2d(
                array("weight", outputs, shape[0] // groups, *kernel),
                array("bias", outputs) if fields.flag("bias", default=True) else None,
                stride=fields.pair("stride", 1),
                padding=fields.pair("padding", 0),
                dilation=fields.pair("dilation", 1),
                groups=groups,
            )
        case "Linear":
            outputs = fields.integer("out_features")
            return ops.Linear(
                array("weight", outputs, math.prod(shape)),
                array("bias", outputs) if fields.flag("bias", default=True) else None,
            )
        case "BatchNorm":
            return ops.BatchNorm(
                weight=array("weight", shape[0]),
                bias=array("bias", shape[0]),
                running_mean=array("running_mean", shape[0]),
                running_var=array("running_var", shape[0]),
                eps=fields.number("eps", 1e-5),
            )
        case "AvgPool2d" | "MaxPool2d":
            kernel = fields.pair("kernel_size")
            pool = ops.AvgPool2d if kind == "AvgPool2d" else ops.MaxPool2d
            return pool(kernel, fields.pair("stride", kernel), fields.pair("padding", 0))
        case "Subsample":
            return ops.Subsample(fields.pair("stride", 1), fields.pair("pad_channels", 0))
        case "ReLU":
            return ops.ReLU(fields.number_or_none("ceiling"), _levels(fields))
        case "Spike":
            return ops.Spike(
                decay=fields.number("decay", 1.0),
                threshold=fields.number("threshold", 1.0),
                reset=fields.choice("reset", ops.RESETS, "subtract"),
                mean=fields.number("mean", 0.0),
                standard_deviation=fields.number("standard_deviation", 0.0),
            )
        case "Scale":
            return ops.Scale(fields.number("factor"))
        case "Sparse":
            shape = fields.integers("shape")
            return ops.Sparse(
                array("data", -1),
                array("indices", -1),
                array("indptr", math.prod(shape) + 1),
                fields.integer("in_features"),
                shape,
                array("bias", math.prod(shape)) if fields.flag("bias", default=False) else None,
            )
        case "GlobalAvgPool":
            return ops.GlobalAvgPool()
        case "Add":
            return ops.Add()
        case "Concat":
            return ops.Concat()
        case "Flatten":
            return ops.Flatten()
        case _:
            known = ", ".join(sorted(op.__name__ for op in get_args(ops.Op)))
            raise FileFormatError(f"{fields.owner}: unknown op {kind!r}; known are {known}")


def _levels(fields: Fields) -> int | tuple[float, ...] | None:
    levels = fields.take("levels", None)
    if levels is None or (isinstance(levels, int) and not isinstance(levels, bool)):
        return levels
    if isinstance(levels, list) and all(isinstance(level, int | float) for level in levels):
        return tuple(float(level) for level in levels)
    raise fields.refuse("levels", "a number of levels or a list of fractions", levels)


def _checked(key: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array called ``key``, of the shape and the kind of numbers that the graph wants."""
    if len(shape) == 4 and shape[2] == 1 and values.ndim == 3:
        values = values[:, :, None]  # a 1-d convolution's
    if shape == (-1,):  # as many as there are
        shape = (values.size,)
    if values.shape != shape:
        raise FileFormatError(f"`{key}`: expected shape {shape}, found {values.shape}")
    if values.dtype.kind not in "fiu":
        raise FileFormatError(f"`{key}`: expected numbers, found {values.dtype}")
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise FileFormatError(
            f"`{key}`: {bad} of {values.size} values are NaN or infinite; expected finite "
            f"numbers, so check the training or the export"
        )
    return values
