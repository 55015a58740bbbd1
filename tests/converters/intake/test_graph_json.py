import json

import numpy as np
import pytest
from hypothesis import given

from converters import Ann, Node, ann_from_source, ann_to_source, ops
from converters.testing import anns
from eventsnn import FileFormatError, NetworkError, ShapeError


@given(anns())
def test_round_trip(ann):
    graph, arrays = ann_to_source(ann)
    assert ann_from_source(graph, arrays) == ann


def source(**change):
    """A hand-written graph with PyTorch's defaults, and its arrays."""
    graph = {
        "format": "eventsnn-ann",
        "version": 1,
        "input_shape": [2, 4, 4],
        "output": "fc",
        "nodes": [
            {"name": "c", "op": "Conv2d", "inputs": ["input"], "out_channels": 3, "kernel_size": 3},
            {"name": "n", "op": "BatchNorm", "inputs": ["c"]},
            {"name": "r", "op": "ReLU", "inputs": ["n"]},
            {"name": "p", "op": "MaxPool2d", "inputs": ["r"], "kernel_size": [2, 1]},
            {"name": "f", "op": "Flatten", "inputs": ["p"]},
            {"name": "fc", "op": "Linear", "inputs": ["f"], "out_features": 5, "bias": False},
        ],
    }
    names = ("weight", "bias", "running_mean", "running_var")
    arrays = {f"n.{name}": np.ones(3) for name in names}
    arrays |= {"c.weight": np.ones((3, 2, 3, 3), np.float32), "c.bias": np.ones(3)}
    return graph | change, arrays | {"fc.weight": np.ones((5, 6))}


def test_a_hand_written_graph():
    graph, arrays = source()
    assert ann_from_source(json.dumps(graph), arrays) == Ann(
        (2, 4, 4),
        (
            Node("c", ops.Conv2d(np.ones((3, 2, 3, 3), np.float32), np.ones(3)), ("input",)),
            Node("n", ops.BatchNorm(np.ones(3), np.ones(3), np.ones(3), np.ones(3)), ("c",)),
            Node("r", ops.ReLU(), ("n",)),
            Node("p", ops.MaxPool2d((2, 1)), ("r",)),
            Node("f", ops.Flatten(), ("p",)),
            Node("fc", ops.Linear(np.ones((5, 6))), ("f",)),
        ),
    )


def refused(kind, message, graph, arrays):
    text = graph if isinstance(graph, str) else json.dumps(graph)
    with pytest.raises(kind, match=message):
        ann_from_source(text, arrays)


BAD_TOPS = [
    ({"format": "other"}, "expected .*eventsnn-ann.*found 'other', 1"),
    ({"version": 2}, "expected .*found 'eventsnn-ann', 2"),
    ({"input_shape": [2, 4.5]}, "`input_shape` must be a list of positive integers"),
    ({"output": None}, "`output` must be a non-empty string, found null"),
    ({"nodes": {}}, "`nodes` must be a list"),
    ({"nodes": ["c"]}, "do not fit the graph"),
    ({"comment": "x"}, r"the graph: unknown fields \['comment'\]"),
]


@pytest.mark.parametrize(("change", "message"), BAD_TOPS)
def test_a_bad_graph_is_refused(change, message):
    refused(FileFormatError, message, *source(**change))


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, "\x00"])
def test_what_is_not_json_is_refused(text):
    refused(FileFormatError, "the graph is not JSON", text, {})


@pytest.mark.parametrize("text", ["[]", "1", '"graph"', "null"])
def test_json_of_another_kind_is_refused(text):
    refused(FileFormatError, "the graph: expected a JSON object", text, {})


BAD_NODES = [
    (0, {"op": "Conv3d"}, "not in the graph: c.bias, c.weight"),
    (2, {"op": "Softmax"}, "node `r`: unknown op 'Softmax'; known are Add, .*Subsample"),
    (0, {"name": 7}, "missing: 7.bias, 7.weight"),
    (2, {"name": 7}, "node 2 of the graph: `name` must be a non-empty string, found 7"),
    (0, {"out_channels": True}, "node `c`: `out_channels` must be a positive integer, found true"),
    (0, {"out_channels": 4}, r"`c.weight`: expected shape \(4, 2, 3, 3\), found \(3, 2, 3, 3\)"),
    (0, {"kernel_size": [3]}, "`kernel_size` must be an integer or a list of two"),
    (0, {"stride": -1}, "`stride` must be an integer or a list of two, >= 0, found -1"),
    (0, {"padding_mode": "reflect"}, r"node `c`: unknown fields \['padding_mode'\]"),
    (0, {"bias": 1}, "node `c`: `bias` must be true or false, found 1"),
    (0, {"bias": False}, "not in the graph: c.bias"),
    (1, {"eps": "small"}, "node `n`: `eps` must be a finite number"),
    (1, {"eps": float("nan")}, "node `n`: `eps` must be a finite number"),
    (1, {"inputs": "c"}, "node `n`: `inputs` must be a list of strings"),
    (1, {"inputs": []}, r"node `n`: `inputs` must be one or more names, found \[\]"),
    (5, {"bias": True}, "missing: fc.bias"),
]


@pytest.mark.parametrize(("position", "change", "message"), BAD_NODES)
def test_a_bad_node_is_refused(position, change, message):
    graph, arrays = source()
    graph["nodes"][position].update(change)
    refused(FileFormatError, message, graph, arrays)


def test_a_graph_without_meaning_is_refused():
    graph, arrays = source()
    graph["nodes"][1]["inputs"] = ["x"]
    refused(NetworkError, r"node `n`: its inputs \['x'\] are not earlier nodes", graph, arrays)
    graph, arrays = source()
    graph["nodes"][3]["kernel_size"] = 5
    refused(ShapeError, r"node `p`: a kernel \(5, 5\)", graph, arrays)
    graph, arrays = source()
    graph["nodes"][0]["stride"] = 0
    refused(ShapeError, "node `c`: Conv2d.stride", graph, arrays)


BAD_ARRAYS = [
    ("c.weight", np.full((3, 2, 3, 3), np.nan), "`c.weight`: 54 of 54 values are NaN"),
    ("n.running_var", np.array([1, np.inf, 1]), "`n.running_var`: 1 of 3 values are NaN"),
    ("fc.weight", np.ones((5, 7)), r"`fc.weight`: expected shape \(5, 6\), found \(5, 7\)"),
    ("c.bias", np.array(["a", "b", "c"]), "`c.bias`: expected numbers, found <U1"),
    ("c.bias", np.ones(3, complex), "`c.bias`: expected numbers, found complex128"),
]


@pytest.mark.parametrize(("key", "values", "message"), BAD_ARRAYS)
def test_a_bad_array_is_refused_by_key(key, values, message):
    graph, arrays = source()
    refused(FileFormatError, message, graph, arrays | {key: values})


def test_all_missing_and_all_surplus_keys_are_listed():
    graph, arrays = source()
    del arrays["c.bias"], arrays["n.weight"]
    arrays |= {"x": np.ones(1), "head.weight": np.ones(1)}
    message = "missing: c.bias, n.weight; not in the graph: head.weight, x"
    refused(FileFormatError, message, graph, arrays)
