"""Weights, graphs and images that are not what they should be, through the command line.

Each: one clear error, status 2, no traceback, nothing written.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from converters import Ann, Node, ann_to_source, ops, save_ann
from eventsnn.cli import main


def small():
    rng = np.random.default_rng(0)
    nodes = (
        Node("conv", ops.Conv2d(rng.normal(size=(4, 3, 3, 3)), np.zeros(4))),
        Node("norm", ops.BatchNorm(*np.ones((4, 4))), ("conv",)),
        Node("relu", ops.ReLU(), ("norm",)),
        Node("pool", ops.MaxPool2d(2), ("relu",)),
        Node("flatten", ops.Flatten(), ("pool",)),
        Node("fc", ops.Linear(rng.normal(size=(5, 8)), np.zeros(5)), ("flatten",)),
    )
    return Ann((3, 4, 6), nodes)


GRAPH, ARRAYS = ann_to_source(small())
TOP = json.loads(GRAPH)
ENTRIES = {node["name"]: node for node in TOP["nodes"]}


def weights(**change):
    """Bare weights with some replaced; None leaves one out."""
    changed = ARRAYS | {key.replace("__", "."): values for key, values in change.items()}
    return {key: values for key, values in changed.items() if values is not None}


def graph(node_name=None, /, **change):
    """The graph with fields of one node, or of the top, replaced; None leaves one out."""
    top = json.loads(GRAPH)
    where = top
    if node_name is not None:
        (where,) = (node for node in top["nodes"] if node["name"] == node_name)
    where.update(change)
    for key, value in change.items():
        if value is None:
            del where[key]
    return json.dumps(top)


def npz(path, **arrays):
    np.savez(path, **arrays)


def zip_bomb(path, declared):
    """Small on disk, large in memory: an array of zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        header = io.BytesIO()
        fields = {"descr": "|u1", "fortran_order": False, "shape": (declared,)}
        np.lib.format.write_array_header_1_0(header, fields)
        with archive.open("conv.weight.npy", "w", force_zip64=True) as member:
            member.write(header.getvalue())
            for _ in range(declared // 2**26):
                member.write(bytes(2**26))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("inputs")
    save_ann(made / "ann.npz", small())
    npz(made / "bare.npz", **weights())
    (made / "graph.json").write_text(GRAPH, encoding="utf-8")
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (12, 3, 4, 6), dtype=np.uint8), np.arange(12) % 5
    npz(made / "data.npz", x=x, y=y)
    npz(made / "nhwc.npz", x=x.transpose(0, 2, 3, 1), y=y)
    npz(made / "empty.npz", x=x[:0], y=y[:0])
    npz(made / "labels.npz", x=x, y=y + 5)
    npz(made / "negative.npz", x=x, y=y - 1)
    npz(made / "objects.npz", x=np.array([{}], dtype=object))
    whole = (made / "ann.npz").read_bytes()
    (made / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (made / "nothing.npz").write_bytes(b"")
    (made / "damaged.npz").write_bytes(whole[:200] + bytes(60) + whole[260:])
    (made / "weights.pt").write_bytes(b"PK")
    (made / "short.safetensors").write_bytes(struct.pack("<Q", 2**60) + b"{}")
    zip_bomb(made / "bomb.npz", 2**31 + 2**26)
    with zipfile.ZipFile(made / "torch.npz", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80")
    with zipfile.ZipFile(made / "promise.npz", "w") as archive:
        header = io.BytesIO()
        fields = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
        np.lib.format.write_array_header_1_0(header, fields)
        archive.writestr("conv.weight.npy", header.getvalue() + bytes(80))
    return made


def invoke(folder, arguments):
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(main, arguments, prog_name="eventsnn")
    finally:
        os.chdir(before)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stderr


def refused(folder, words, source, *, arch=None, data="data.npz", more=()):
    """``convert`` fails with one message that has ``words``, and writes nothing."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    call = ["convert", source, "-o", "out.h5", "--recipe", "rate", "--ticks", "4"]
    call += ["--calibration", data, *(["--arch", arch] if arch else []), *more]
    status, message = invoke(folder, call)
    assert status == 2, message
    assert words in message
    assert message.count("Error: ") == 1
    assert "Traceback" not in message
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


FILES = [
    ("missing.npz", "'missing.npz' does not exist"),
    ("nothing.npz", "nothing.npz: "),
    ("cut.npz", "cut.npz: File is not a zip file; expected an NPZ as numpy.savez writes it"),
    ("damaged.npz", "damaged.npz: "),
    ("objects.npz", "objects.npz: key `x` holds pickled Python objects, which are never loaded"),
    ("torch.npz", "torch.npz: a pickle can run any code when loaded"),
    ("bomb.npz", "key `conv.weight` unpacks from 2,152,563 bytes to 2,214,592,640"),
    ("promise.npz", "the header promises 8000000000000 bytes"),
    ("weights.pt", "a pickle can run any code when loaded"),
    ("short.safetensors", "short.safetensors: "),
    ("bare.npz", "the file holds weights without a graph; say what they are with arch"),
]


@pytest.mark.parametrize(("source", "words"), FILES)
def test_files(folder, source, words):
    pytest.importorskip("safetensors")
    refused(folder, words, source)


NAN, INF = np.full((4, 3, 3, 3), np.nan), ARRAYS["fc.bias"] + np.inf

WEIGHTS = [
    ({"conv__weight": NAN}, "`conv.weight`: 108 of 108 values are NaN or infinite"),
    ({"fc__bias": INF}, "`fc.bias`: 5 of 5 values are NaN or infinite"),
    ({"norm__running_var": None}, "missing: norm.running_var"),
    ({"conv__weight": None, "fc__bias": None}, "missing: conv.weight, fc.bias"),
    ({"extra__weight": np.ones(3)}, "not in the graph: extra.weight"),
    ({"fc__weight": np.ones((8, 5))}, "`fc.weight`: expected shape (5, 8), found (8, 5)"),
    ({"conv__weight": np.ones((4, 3, 3))}, "`conv.weight`: expected shape (4, 3, 3, 3)"),
    ({"conv__bias": np.ones(4, dtype=complex)}, "`conv.bias`: expected numbers, found complex128"),
    ({"fc__bias": np.array(list("abcde"))}, "`fc.bias`: expected numbers, found <U1"),
    ({"norm__running_var": -np.ones(4)}, "expected running_var + eps > 0, found a variance of -1"),
]


@pytest.mark.parametrize(("change", "words"), WEIGHTS)
def test_weights(folder, tmp_path, change, words):
    npz(tmp_path / "x.npz", **weights(**change))
    refused(folder, words, str(tmp_path / "x.npz"), arch="graph.json")


GRAPHS = [
    ("", "the graph is not JSON"),
    ("[]", "the graph: expected a JSON object, found []"),
    (graph(format="onnx"), '"format": "eventsnn-ann"'),
    (graph(version=9), "found 'eventsnn-ann', 9"),
    (graph(input_shape=[3, 4, "x"]), "`input_shape` must be a list of positive integers"),
    (
        graph(input_shape=[3, 10**6, 10**6]),
        "`fc.weight`: expected shape (5, 999996000004), found (5, 8)",
    ),
    (graph(output="nowhere"), "output `nowhere` is not a node of the graph"),
    (graph(output="relu"), "does not depend on `pool`, `flatten`, `fc`"),
    (graph(nodes=[]), "the arrays do not fit the graph"),
    (graph(comment="hi"), "unknown fields ['comment']"),
    (graph("relu", op="GELU"), "node `relu`: unknown op 'GELU'; known are Add, AvgPool2d"),
    (graph("relu", ceiling=-6), "ReLU.ceiling: expected a number > 0, found -6"),
    (graph("relu", ceiling=10**400), "`ceiling` must be a finite number"),
    (graph("relu", inputs=["later"]), "its inputs ['later'] are not earlier nodes"),
    (graph("relu", inputs=[]), "`inputs` must be one or more names"),
    (graph("relu", name="conv"), "node `pool`: its inputs ['relu'] are not earlier nodes"),
    (graph("conv", stride=0), "Conv2d.stride: expected an int or two ints >= 1"),
    (graph("conv", padding=10**9), "node `conv`: padding (1000000000, 1000000000) is wider"),
    (graph("conv", groups=3), "`conv.weight`: expected shape (4, 1, 3, 3)"),
    (graph("conv", strides=2), "node `conv`: unknown fields ['strides']"),
    (graph("conv", kernel_size=None), "the field `kernel_size` is missing"),
    (graph("pool", kernel_size=9), "node `pool`: a kernel (9, 9)"),
    (graph("pool", padding=2), "MaxPool2d.padding: (2, 2) is more than half the kernel"),
    (graph("pool", inputs=["norm"]), "does not depend on `relu`"),
    (graph("flatten", op="GlobalAvgPool"), "`fc.weight`: expected shape (5, 4), found (5, 8)"),
    (graph("flatten", op="Add"), "node `flatten`: Add expects two or more inputs, found 1"),
    (graph("flatten", op="Concat", inputs=["pool", "conv"]), "differ in their channels only"),
]


@pytest.mark.parametrize(("text", "words"), GRAPHS)
def test_graphs(folder, tmp_path, text, words):
    (tmp_path / "g.json").write_text(text, encoding="utf-8")
    refused(folder, words, "bare.npz", arch=str(tmp_path / "g.json"))


def test_what_has_no_spikes(folder, tmp_path):
    nodes = [node for node in TOP["nodes"] if node["name"] != "relu"]
    nodes[2] = {**ENTRIES["pool"], "inputs": ["norm"]}
    text = json.dumps({**TOP, "nodes": nodes})
    (tmp_path / "g.json").write_text(text, encoding="utf-8")
    words = "node `pool`: max pooling of `conv`, which no ReLU rectifies, has no spiking"
    refused(folder, words, "bare.npz", arch=str(tmp_path / "g.json"))


DATA = [
    ("nhwc.npz", (), "looks like NHWC; use x.transpose(0, 3, 1, 2)"),
    ("empty.npz", (), "empty.npz: holds no samples"),
    ("labels.npz", (), "labels go from 5 up to 9, but the network has 5"),
    ("negative.npz", (), "negative.npz: "),
    ("objects.npz", (), "key `x` holds pickled Python objects"),
    ("bare.npz", (), "expected the arrays x and y"),
    ("data.npz", ("--mean", "1,2"), "mean has 2 values, expected 1 or 3"),
    ("data.npz", ("--std", "0"), "std divides, expected values > 0"),
    ("data.npz", ("-o", "nowhere/out.h5"), "the folder nowhere does not exist"),
    ("data.npz", ("-o", "ann.npz"), "ann.npz is also an input"),
]


@pytest.mark.parametrize(("data", "more", "words"), DATA)
def test_images(folder, data, more, words):
    refused(folder, words, "ann.npz", data=data, more=more)


def test_the_good_files_are_good(folder, tmp_path):
    # The tables above differ from these by one mistake a line.
    call = ["convert", "bare.npz", "--arch", "graph.json", "--recipe", "rate", "--ticks", "4"]
    target = str(tmp_path / "out.h5")
    assert invoke(folder, [*call, "--calibration", "data.npz", "-o", target])[0] == 0
