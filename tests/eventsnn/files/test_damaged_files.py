"""Every other kind of file that is read, damaged: our own exceptions, bounded memory, nothing else.

A few hundred of each by default; EVENTSNN_CORRUPTIONS=100000 for as many as that.
`tests/eventsnn/hdf5/test_corruption.py` does the same to weights, graphs and networks.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import struct
import zipfile

import h5py
import numpy as np
import pytest
from numpy.lib.format import write_array

from converters import load_ann
from eventsnn.datasets import load_data
from eventsnn.energy import ENERGY_MODELS, energy, model_from_toml
from eventsnn.errors import EventsnnError
from eventsnn.evaluation.journal import Identity, Journal
from eventsnn.files.npz import read_npz
from eventsnn.report import read_operations, read_report, report_page

COUNT = int(os.environ.get("EVENTSNN_CORRUPTIONS", "400"))
MEMORY = 300 * 2**20

X = np.random.default_rng(0).integers(0, 256, (12, 3, 4), dtype=np.uint8)
Y = np.arange(12) % 3
IDENTITY = Identity("n", "d", "l", "", 8, 4, 0, "float32", (), 8, "0")
TOML = """name = "own"
ac_pj = 0.1
mac_pj = 1.5
source = "measured"
year = 2026
includes = "arithmetic"
technology = "28 nm"
"""


def npy(values):
    member = io.BytesIO()
    write_array(member, values)
    return member.getvalue()


def idx(values):
    return struct.pack(f">2x2B{values.ndim}I", 8, values.ndim, *values.shape) + values.tobytes()


def use_report(path):
    found = read_report(path)
    operations, macs = read_operations(found, path)
    for model in ENERGY_MODELS:
        energy(operations, macs, model).sentence()
    report_page(found, path)


def use_data(path):
    data = load_data(path)
    for start in range(0, len(data), 5):
        data.x[start : start + 5]


def use_events(path):
    data = load_data(path.parent)
    for at in range(len(data)):
        data.x[at]


def use_journal(path):
    Journal(path.parent, IDENTITY).read(range(8))


def npz_data(folder):
    np.savez_compressed(folder / "d.npz", x=X, y=Y)
    return folder / "d.npz"


def npy_headers(folder):
    """Without a checksum around it, as whoever writes an archive can make it."""
    (folder / "x.npz.member").write_bytes(npy(X))
    return folder / "x.npz.member"


def use_npy_headers(path):
    archive = path.with_name("x.npz")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x.npy", path.read_bytes())
    try:
        read_npz(archive)
        use_data(archive)
    finally:
        archive.unlink()


def hdf5_data(folder):
    with h5py.File(folder / "d.h5", "w") as file:
        file.create_dataset("x", data=X, chunks=(4, 3, 4), compression="gzip", fletcher32=True)
        file["y"] = Y
    return folder / "d.h5"


def idx_images(folder):
    (folder / "t-labels-idx1-ubyte").write_bytes(idx(Y.astype(np.uint8)))
    (folder / "t-images-idx3-ubyte").write_bytes(idx(X))
    return folder / "t-images-idx3-ubyte"


def idx_packed(folder):
    (folder / "t-labels-idx1-ubyte").write_bytes(idx(Y.astype(np.uint8)))
    (folder / "t-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(X)))
    return folder / "t-images-idx3-ubyte.gz"


def events(folder):
    rows = np.random.default_rng(0).integers(0, 34, (50, 5), dtype=np.uint8)
    (folder / "1.bin").write_bytes(rows.tobytes())
    (folder / "labels.csv").write_text("file,label\n1.bin,3\n")
    return folder / "1.bin"


def event_labels(folder):
    return events(folder).with_name("labels.csv")


def report(folder):
    from evaluation_samples import sample_report

    (folder / "r.json").write_text(json.dumps(sample_report()))
    return folder / "r.json"


def toml(folder):
    (folder / "m.toml").write_text(TOML)
    return folder / "m.toml"


def safetensors(folder):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    save_file({"fc.weight": np.ones((3, 4), np.float32)}, folder / "w.safetensors")
    return folder / "w.safetensors"


def use_safetensors(path):
    graph = path.with_name("graph.json")
    nodes = [{"name": "fc", "op": "Linear", "inputs": ["input"], "out_features": 3, "bias": False}]
    graph.write_text(
        json.dumps(
            {
                "format": "eventsnn-ann",
                "version": 1,
                "input_shape": [4],
                "output": "fc",
                "nodes": nodes,
            }
        )
    )
    load_ann(path, str(graph))
    graph.unlink()


def journal_part(folder):
    from evaluation_samples import sample_part

    journal = Journal(folder / "j", IDENTITY)
    journal.keep(range(8), sample_part())
    assert journal.read(range(8)) is not None
    return folder / "j" / "00000000.npz"


def journal_head(folder):
    Journal(folder / "j", IDENTITY)
    return folder / "j" / "journal.json"


FILES = {
    "npz": (npz_data, use_data),
    "npy": (npy_headers, use_npy_headers),
    "hdf5": (hdf5_data, use_data),
    "idx": (idx_images, use_data),
    "idx.gz": (idx_packed, use_data),
    "events": (events, use_events),
    "labels.csv": (event_labels, use_events),
    "report": (report, use_report),
    "toml": (toml, model_from_toml),
    "safetensors": (safetensors, use_safetensors),
    "journal": (journal_part, use_journal),
    "journal.json": (journal_head, use_journal),
}


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """The file after an accident, or a small malice."""
    data = bytearray(whole)
    at = int(rng.integers(len(data)))
    length = int(rng.integers(1, 1 + min(32, len(data) - at)))
    match rng.integers(8):
        case 0:
            for place in rng.integers(len(data), size=rng.integers(1, 5)):
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
        case 6:
            # a character for one of the same kind, which parsers read on
            data[at] = int(rng.choice(list(b"0123456789{}[]()<>,:'\"|-eEuifO\n")))
        case _:
            other = int(rng.integers(len(data)))
            data[at : at + length] = data[other : other + length]
    return bytes(data)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", FILES)
def test_damage_is_our_own_error(tmp_path, kind):
    make, use = FILES[kind]
    path = make(tmp_path)
    use(path)
    whole, beside = path.read_bytes(), sorted(tmp_path.rglob("*"))
    before, refused = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    for seed in range(max(20, COUNT // len(FILES))):
        path.write_bytes(damaged(whole, np.random.default_rng(seed)))
        try:
            use(path)
        except EventsnnError:
            refused += 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < MEMORY
    assert sorted(p for p in tmp_path.rglob("*") if p.name != "graph.json") == beside
    # a part of a journal that is damaged is run again, and events have no checksum
    assert refused or kind in {"journal", "events"}
