"""Bad calls: one clear message on standard error, status 2, nothing left behind."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from converters import Ann, Node, ops, save_ann
from eventsnn.cli import main
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.neurons import IF
from eventsnn.hdf5 import NetworkFile, Source, load_network, save_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files, and what can be wrong with each."""
    made = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    nodes = (
        Node("conv", ops.Conv2d(rng.normal(size=(4, 3, 3, 3)))),
        Node("relu", ops.ReLU(), ("conv",)),
        Node("flatten", ops.Flatten(), ("relu",)),
        Node("fc", ops.Linear(rng.normal(size=(5, 32))), ("flatten",)),
    )
    save_ann(made / "ann.npz", Ann((3, 4, 6), nodes))
    other = (Node("fc", ops.Linear(np.ones((5, 7)))),)
    save_ann(made / "other.npz", Ann((7,), other))
    x = rng.integers(0, 256, (12, 3, 4, 6), dtype=np.uint8)
    y = np.arange(12) % 5
    data = {
        "data": {"x": x, "y": y},
        "unlabelled": {"x": x},
        "nhwc": {"x": x.transpose(0, 2, 3, 1), "y": y},
        "grey": {"x": x[:, 0], "y": y},
        "int32": {"x": x.astype(np.int32), "y": y},
        "nan": {"x": np.full(x.shape, np.nan), "y": y},
        "labels7": {"x": x, "y": y + 7},
        "labels_float": {"x": x, "y": y / 2},
        "labels_short": {"x": x, "y": y[:3]},
        "empty": {"x": x[:0], "y": y[:0]},
        "no_x": {"images": x},
        "pickled": {"x": np.array([{}], dtype=object)},
        "bare": {"conv.weight": x[0], "fc.weight": x[1]},
    }
    for name, arrays in data.items():
        np.savez(made / f"{name}.npz", **arrays)  # type: ignore[arg-type]
    whole = (made / "data.npz").read_bytes()
    (made / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (made / "text.npz").write_text("hello")
    (made / "text.csv").write_text("1,2")
    (made / "weights.pt").write_bytes(b"PK")
    (made / "bad_graph.json").write_text("{")
    with h5py.File(made / "data.h5", "w") as file:
        file["x"], file["y"] = x, y
    (made / "events").mkdir()
    (made / "events" / "1.bin").write_bytes(bytes(5))
    (made / "events" / "labels.csv").write_text("file,label\n1.bin,0\n")
    (made / "no_events").mkdir()
    convert = "convert ann.npz -o net.h5 --recipe rate --ticks 4 --calibration data.npz"
    assert invoke(made, convert)[0] == 0
    assert invoke(made, "evaluate net.h5 data.npz --json report.json")[0] == 0
    net = load_network(made / "net.h5")
    whole = (made / "net.h5").read_bytes()
    (made / "cut.h5").write_bytes(whole[: len(whole) // 2])
    first, last = len(whole) // 3, len(whole) // 2
    damaged = bytes(byte ^ 0xFF for byte in whole[first:last])
    (made / "damaged.h5").write_bytes(whole[:first] + damaged + whole[last:])
    save_network(made / "no_ticks.h5", NetworkFile(net.network))
    save_network(made / "bad_source.h5", NetworkFile(net.network, source=Source("{", {}), ticks=4))
    links = (Link("a"), Link("b"))
    two = Network((Input("a", (5,)), Input("b", (5,))), (Layer("c", (5,), IF(), links),))
    save_network(made / "two_inputs.h5", NetworkFile(two, ticks=4))
    report = json.loads((made / "report.json").read_text())
    (made / "text.json").write_text("hello")
    (made / "list.json").write_text("[]")
    (made / "no_ac.json").write_text(json.dumps(report | {"operations_per_inference": {"ac": "1"}}))
    (made / "own.toml").write_text('name = "own"\n')
    (made / "old.json").write_text(json.dumps(report | {"operations_after": None}))
    (made / "no_ticks.json").write_text(json.dumps(report | {"ticks": 3}))
    return made


def invoke(folder: Path, line: str) -> tuple[int, str]:
    """Exit status and standard error of a command line that runs in ``folder``."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(main, shlex.split(line), prog_name="eventsnn")
    finally:
        os.chdir(before)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stderr


def state(folder: Path) -> dict[Path, int]:
    """Every file, and when it was last written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


RATE = "-o out.h5 --recipe rate --ticks 4"
CONVERT = f"convert ann.npz {RATE} --calibration data.npz"

BAD_CALLS = [
    # the command line itself
    ("explode", "No such command 'explode'"),
    ("convert", "Missing argument 'WEIGHTS'"),
    ("convert ann.npz", "Missing option"),
    (f"convert ann.npz {RATE}", "Missing option '--calibration'"),
    ("convert ann.npz -o out.h5 --ticks 4 --calibration data.npz", "Missing option '--recipe'"),
    ("convert ann.npz -o out.h5 --recipe rate --calibration data.npz", "give --ticks"),
    (f"{CONVERT} --recipe magic", "'magic' is not one of 'rate', 'ttrbr', 'bsnn', 'noise'"),
    (f"{CONVERT} --ticks 0", "--steps': 0 is not in the range x>=1"),
    (f"{CONVERT} --ticks many", "'many' is not a valid integer"),
    (f"{CONVERT} --samples 0", "--samples': 0 is not in the range"),
    (f"{CONVERT} --quantile 0", "--quantile': 0.0 is not in the range 0<x<=1"),
    (f"{CONVERT} --quantile 1.5", "1.5 is not in the range 0<x<=1"),
    (f"{CONVERT} --quantile nan", "quantile: expected a number in (0, 1], found nan"),
    (f"{CONVERT} --per pixel", "'pixel' is not one of 'layer', 'channel'"),
    (
        f"{CONVERT} --neuron signed",
        "recipe rate has no --neuron; leave it out, or use --recipe ttrbr",
    ),
    (f"{CONVERT} --recipe ttrbr --neuron brst", "'brst': expected if, signed, or patterns such"),
    (f"{CONVERT} --recipe ttrbr --neuron a=b", "'a=b': expected if, signed, or patterns such as"),
    (f"{CONVERT} --recipe ttrbr --neuron =if", "'=if': expected if, signed, or patterns such as"),
    (f"{CONVERT} --no-rounding", "recipe rate has no --rounding; leave it out"),
    (f"{CONVERT} --recipe ttrbr --per layer", "or use --recipe rate or bsnn"),
    (f"{CONVERT} --burst 0", "--burst': 0 is not in the range x>=1"),
    (f"{CONVERT} --scale 0", "--scale': '0': expected a number > 0"),
    (f"{CONVERT} --scale inf", "'inf': expected numbers"),
    (f"{CONVERT} --mean a,b,c", "--mean': 'a,b,c': expected numbers such as .485,.456,.406"),
    (f"{CONVERT} --bias 3", "No such option '--bias'"),
    # preprocessing
    (f"{CONVERT} --mean 1,2", "mean has 2 values, expected 1 or 3"),
    (f"{CONVERT} --std 1,2,3,4", "std has 4 values, expected 1 or 3"),
    (f"{CONVERT} --std 1,0,1", "std divides, expected values > 0, found 0"),
    # weights
    (f"convert missing.npz {RATE} --calibration data.npz", "'missing.npz' does not exist"),
    (f"convert events {RATE} --calibration data.npz", "'events' is a directory"),
    (f"convert text.npz {RATE} --calibration data.npz", "text.npz: "),
    (f"convert cut.npz {RATE} --calibration data.npz", "cut.npz: "),
    (f"convert weights.pt {RATE} --calibration data.npz", "numpy.savez"),
    (f"convert pickled.npz {RATE} --calibration data.npz", "pickled.npz: key `x`"),
    (f"convert bare.npz {RATE} --calibration data.npz", "bare.npz: "),
    (
        f"convert bare.npz {RATE} --calibration data.npz --arch vgg99",
        "unknown architecture 'vgg99'",
    ),
    (f"convert bare.npz {RATE} --calibration data.npz --arch resnet20-cifar", "conv1.weight"),
    (f"convert bare.npz {RATE} --calibration data.npz --arch no.json", "no.json: No such file"),
    (f"convert bare.npz {RATE} --calibration data.npz --arch bad_graph.json", "not JSON"),
    (f"{CONVERT} --arch resnet20-cifar", "ann.npz as resnet20-cifar: the file describes its own"),
    # calibration data
    (f"convert ann.npz {RATE} --calibration missing.npz", "'missing.npz' does not exist"),
    (f"convert ann.npz {RATE} --calibration text.csv", "text.csv: unknown kind of data; supported"),
    (
        f"convert ann.npz {RATE} --calibration text.npz",
        "text.npz: File is not a zip file; expected an NPZ",
    ),
    (
        f"convert ann.npz {RATE} --calibration cut.npz",
        "cut.npz: File is not a zip file; expected an NPZ",
    ),
    (f"convert ann.npz {RATE} --calibration no_x.npz", "expected the arrays x and y, found images"),
    (f"convert ann.npz {RATE} --calibration empty.npz", "empty.npz: holds no samples"),
    (f"convert ann.npz {RATE} --calibration pickled.npz", "key `x` holds pickled Python objects"),
    (f"convert ann.npz {RATE} --calibration nhwc.npz", "looks like NHWC; use x.transpose(0, 3, 1,"),
    (f"convert ann.npz {RATE} --calibration grey.npz", "grey.npz: images: expected (N, 3, 4, 6)"),
    (f"convert ann.npz {RATE} --calibration nan.npz", "image 0 has a pixel that is NaN"),
    (
        f"convert ann.npz {RATE} --calibration int32.npz",
        "int32 have no default scale; give it (--s",
    ),
    (
        f"convert ann.npz {RATE} --calibration labels7.npz",
        "labels go from 7 up to 11, but the network has 5",
    ),
    (
        f"convert ann.npz {RATE} --calibration labels_float.npz",
        "must be integers, found fractions or NaN in float64",
    ),
    (
        f"convert ann.npz {RATE} --calibration labels_short.npz",
        "one label for each of the 12 samples",
    ),
    (f"convert ann.npz {RATE} --calibration events", "holds event recordings, expected images"),
    # where to write
    (f"{CONVERT} -o nowhere/out.h5", "nowhere/out.h5: cannot be written, the folder nowhere does"),
    (f"{CONVERT} -o events", "events: is a folder; give the name of a file"),
    (f"{CONVERT} -o /dev/null", "/dev/null: is not a regular file"),
    (f"{CONVERT} -o ann.npz", "ann.npz is also an input; give another name"),
    (f"{CONVERT} -o data.npz", "data.npz is also an input"),
    # evaluate
    ("evaluate", "Missing argument 'NETWORK'"),
    ("evaluate net.h5", "Missing argument 'DATA'"),
    ("evaluate missing.h5 data.npz", "'missing.h5' does not exist"),
    ("evaluate net.h5 missing.npz", "'missing.npz' does not exist"),
    ("evaluate ann.npz data.npz", "ann.npz: damaged, or not an HDF5 file"),
    ("evaluate data.h5 data.npz", "data.h5: an HDF5 file, but not a network of eventsnn"),
    ("evaluate cut.h5 data.npz", "cut.h5: damaged, or not an HDF5 file"),
    ("evaluate damaged.h5 data.npz", "damaged.h5: "),
    ("evaluate bad_source.h5 data.npz", "bad_source.h5: the ANN inside: the graph is not JSON"),
    ("evaluate no_ticks.h5 data.npz", "names no T of its own; give --ticks"),
    ("evaluate two_inputs.h5 data.npz", "has the inputs `a`, `b`; only networks with one"),
    ("evaluate net.h5 data.npz --ticks 0", "0 is not in the range"),
    ("evaluate net.h5 data.npz --limit 0", "0 is not in the range"),
    ("evaluate net.h5 data.npz --workers 0", "0 is not in the range"),
    ("evaluate net.h5 data.npz --arch resnet20-cifar", "give --ann too"),
    ("evaluate net.h5 data.npz --ann missing.npz", "'missing.npz' does not exist"),
    ("evaluate net.h5 data.npz --ann bare.npz", "bare.npz: "),
    ("evaluate net.h5 data.npz --ann other.npz", "other.npz takes images of shape (7,)"),
    ("evaluate two_inputs.h5 data.npz --ann other.npz", "only networks with one"),
    ("evaluate net.h5 unlabelled.npz", "unlabelled.npz: has no labels y"),
    ("evaluate net.h5 labels7.npz", "labels7.npz: labels go from 7 up to 11"),
    ("evaluate net.h5 nhwc.npz", "nhwc.npz: images: expected (N, 3, 4, 6)"),
    ("evaluate net.h5 grey.npz", "use the data that the network was trained on"),
    (
        "evaluate net.h5 events",
        "recordings of shape (2, 34, 34), but the input of net.h5 has shape",
    ),
    ("evaluate net.h5 no_events", "a folder without event recordings"),
    ("evaluate net.h5 data.npz --json nowhere/r.json", "the folder nowhere does not exist"),
    ("evaluate net.h5 data.npz --json events", "events: is a folder"),
    ("evaluate net.h5 data.npz --json net.h5", "net.h5 is also an input"),
    # energy
    ("energy", "give a REPORT written by `evaluate --json`, or --list"),
    ("energy missing.json", "'missing.json' does not exist"),
    ("energy text.json", "text.json: not JSON"),
    ("energy list.json", "no report of an evaluation"),
    (
        "energy no_ac.json",
        "no_ac.json: operations_per_inference.ac: expected a number >= 0, found '1'",
    ),
    ("energy net.h5", "net.h5: not JSON"),
    ("energy report.json --model tea", "no energy model `tea`; known are horowitz-fp32"),
    ("energy report.json --list", "--list stands alone"),
    ("energy report.json --model tea.toml", "tea.toml: no such file; expected an energy model"),
    ("energy report.json --model own.toml", "own.toml: missing ac_pj, mac_pj, source"),
    ("energy report.json --input never", "'never' is not one of 'once', 'every-tick'"),
    ("evaluate net.h5 data.npz --exit-confidence 1", "'1': expected a number >= 0.5 and < 1"),
    ("evaluate net.h5 data.npz --exit-confidence x", "'x': expected numbers"),
    # report
    ("report report.json", "Missing option '-o'"),
    ("report missing.json -o out.html", "'missing.json' does not exist"),
    ("report list.json -o out.html", "no report of an evaluation"),
    ("report old.json -o out.html", "old.json: has no operations_after; evaluate again"),
    ("report no_ticks.json -o out.html", "no_ticks.json: "),
    ("report report.json -o report.json", "report.json is also an input"),
    ("report report.json -o nowhere/a.html", "the folder nowhere does not exist"),
    # info and demo
    ("info", "Missing argument 'FILE'"),
    ("info missing.h5", "'missing.h5' does not exist"),
    ("info events", "'events' is a directory"),
    ("info text.csv", "text.csv: "),
    ("info cut.h5", "cut.h5: damaged"),
    ("info data.h5", "not a network of eventsnn (it holds x, y)"),
    ("info weights.pt", "numpy.savez"),
    ("info net.h5 --arch resnet20-cifar", "--arch is for bare weights"),
    ("info bare.npz --arch resnet21-cifar", "unknown architecture"),
    ("demo --ticks 0", "0 is not in the range"),
]


@pytest.mark.parametrize(("line", "words"), BAD_CALLS)
def test_bad_call(folder: Path, line: str, words: str) -> None:
    before = state(folder)
    status, message = invoke(folder, line)
    assert status == 2, message
    assert words in message
    assert message.count("Error: ") == 1
    assert "Traceback" not in message
    assert state(folder) == before


def test_the_good_calls_are_good(folder: Path, tmp_path: Path) -> None:
    # The table above differs from these by one mistake a line.
    assert invoke(folder, CONVERT.replace("out.h5", str(tmp_path / "out.h5")))[0] == 0
    assert invoke(folder, "evaluate net.h5 data.npz")[0] == 0
    assert invoke(folder, "energy report.json")[0] == 0
    assert invoke(folder, "info bare.npz")[0] == 0


def test_a_read_only_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by permissions: they do not bind root, who runs many containers.
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    status, message = invoke(folder, CONVERT)
    assert status == 2
    assert "out.h5: cannot be written, the folder . is read-only" in message


def test_a_disk_that_fills_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("eventsnn.hdf5.network_file.write", full)
    before = set(folder.iterdir())
    status, message = invoke(folder, CONVERT)
    assert status == 2
    assert message.endswith("\nError: No space left on device\n")
    assert set(folder.iterdir()) == before


def test_a_real_process_says_no_more_than_the_message(folder: Path) -> None:
    code = "from eventsnn.cli import main; main(prog_name='eventsnn')"
    call = [
        sys.executable,
        "-c",
        code,
        "evaluate",
        str(folder / "cut.h5"),
        str(folder / "data.npz"),
    ]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: {folder / 'cut.h5'}: damaged, or not an HDF5 file")
    assert len(done.stderr.splitlines()) == 1
