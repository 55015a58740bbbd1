"""Damaged files: our own exceptions only, and no more memory than the file deserves.

A few hundred corruptions by default, EVENTSNN_CORRUPTIONS=100000 for as many as that.
"""

from __future__ import annotations

import json
import os
import resource

import numpy as np
import pytest

from converters import Ann, Node, ann_to_source, load_ann, ops, rate, save_ann
from eventsnn.errors import EventsnnError
from eventsnn.hdf5 import NetworkFile, Source, load_network, save_network
from eventsnn.signals.preprocessing import Preprocessing

COUNT = int(os.environ.get("EVENTSNN_CORRUPTIONS", "400"))

#: Peak memory may grow by this while thousands of files of some kilobytes are read.
MEMORY = 300 * 2**20

EXTREMES = [
    *("0", "-1", "1e999", "NaN", "null", "true", '"x"', "[]", "{}", "[1,2,3]", "1.5", '""'),
    *(str(2**31), str(2**63), "9" * 400, "[" * 2000, "-0", "[0,0]", '"input"', '"\\ud800"'),
]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """A good file of each kind."""
    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    nodes = (
        Node("conv", ops.Conv2d(rng.normal(size=(4, 2, 3, 3)), rng.normal(size=4), padding=1)),
        Node("norm", ops.BatchNorm(*rng.random((4, 4))), ("conv",)),
        Node("relu", ops.ReLU(6.0), ("norm",)),
        Node("pool", ops.MaxPool2d(2), ("relu",)),
        Node("half", ops.Scale(0.5), ("pool",)),
        Node("cat", ops.Concat(), ("pool", "half")),
        Node("mean", ops.GlobalAvgPool(), ("cat",)),
        Node("flat", ops.Flatten(), ("mean",)),
        Node("fc", ops.Linear(rng.normal(size=(3, 8))), ("flat",)),
    )
    ann = Ann((2, 6, 6), nodes)
    graph, arrays = ann_to_source(ann)
    save_ann(folder / "packed.npz", ann)
    np.savez(folder / "plain.npz", graph=np.array(graph), **arrays)
    np.savez(folder / "bare.npz", **arrays)
    (folder / "graph.json").write_text(graph, encoding="utf-8")
    conversion = rate(ann, rng.random((4, 2, 6, 6)), ticks=8)
    file = NetworkFile(
        conversion.network,
        preprocessing=Preprocessing(255.0, (0.5,), (0.5,)),
        source=Source(graph, arrays),
        ann_macs={"conv": 1},
        recipe="rate",
        ticks=8,
        parameters=conversion.parameters,
    )
    save_network(folder / "net.h5", file)
    return folder


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """The file after an accident."""
    data = bytearray(whole)
    at = int(rng.integers(len(data)))
    length = int(rng.integers(1, 1 + min(64, len(data) - at)))
    match rng.integers(7):
        case 0:
            for place in rng.integers(len(data), size=rng.integers(1, 9)):
                data[place] ^= 1 << int(rng.integers(8))
        case 1:
            del data[at:]
        case 2:
            data[at : at + length] = rng.bytes(length)
        case 3:
            data[at : at + length] = bytes([int(rng.choice([0, 255]))]) * length
        case 4:
            data[at:at] = rng.bytes(length)
        case 5:
            del data[at : at + length]
        case _:
            other = int(rng.integers(len(data)))
            data[at : at + length] = data[other : other + length]
    return bytes(data)


def distorted(graph: str, rng: np.random.Generator) -> bytes:
    """A graph that is still JSON, mostly, with one value that is not what it was."""
    top = json.loads(graph)
    nodes = top["nodes"]
    where = top if rng.random() < 0.3 else nodes[int(rng.integers(len(nodes)))]
    key = str(rng.choice(sorted(where)))
    match rng.integers(4):
        case 0:
            del where[key]
        case 1:
            where[key + "x"] = where[key]
        case 2:
            nodes.insert(int(rng.integers(len(nodes))), nodes[int(rng.integers(len(nodes)))])
        case _:
            where[key] = "VALUE"
    return json.dumps(top).replace('"VALUE"', str(rng.choice(EXTREMES))).encode()


def survives(read) -> bool:
    """Whether the file was read; every error but our own ends the test."""
    try:
        read()
    except EventsnnError:
        return False
    return True


def corruptions(share: float):
    for seed in range(max(1, round(COUNT * share))):
        yield np.random.default_rng(seed)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("name", ["packed.npz", "plain.npz"])
def test_weights(seeds, tmp_path, name):
    whole, path = (seeds / name).read_bytes(), tmp_path / "x.npz"
    load_ann(seeds / name)
    before, read = peak(), 0
    for rng in corruptions(0.2):
        path.write_bytes(damaged(whole, rng))
        read += survives(lambda: load_ann(path))
    assert read < 0.5 * COUNT * 0.2
    assert peak() - before < MEMORY


def test_graphs(seeds, tmp_path):
    graph, path = (seeds / "graph.json").read_text(encoding="utf-8"), tmp_path / "graph.json"
    load_ann(seeds / "bare.npz", str(seeds / "graph.json"))
    before, read = peak(), 0
    for rng in corruptions(0.3):
        by_bytes = rng.random() < 0.5
        path.write_bytes(damaged(graph.encode(), rng) if by_bytes else distorted(graph, rng))
        read += survives(lambda: load_ann(seeds / "bare.npz", str(path)))
    assert read < 0.6 * COUNT * 0.3
    assert peak() - before < MEMORY


def test_networks(seeds, tmp_path):
    whole, path = (seeds / "net.h5").read_bytes(), tmp_path / "net.h5"
    load_network(seeds / "net.h5")
    before, read = peak(), 0
    for rng in corruptions(0.3):
        path.write_bytes(damaged(whole, rng))
        read += survives(lambda: load_network(path))
    assert read < 0.9 * COUNT * 0.3  # much of a small HDF5 file is unused space
    assert peak() - before < MEMORY
