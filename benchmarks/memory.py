"""Peak memory of `eventsnn evaluate` against samples, ticks and size of the data.

Each figure is of a process of its own, which starts from nothing (Linux). Usage::

    python benchmarks/memory.py FOLDER [samples] [ticks] [size]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

from converters import Ann, Node, ann_to_source, rate
from converters.ann import ops
from eventsnn.hdf5 import NetworkFile, Source, save_network

MEASURED = """
import pathlib, re, sys
from eventsnn.cli import main
try:
    main(sys.argv[1:])
except SystemExit as done:
    assert done.code == 0, done.code
# not ru_maxrss, in which the parent's memory at the fork counts
status = pathlib.Path("/proc/self/status").read_text()
sys.stderr.write(re.search(r"VmHWM:\\s*([0-9]+) kB", status)[1])
"""


def network(folder: Path, size: int = 8) -> Path:
    """conv - ReLU - mean - linear on one channel."""
    rng = np.random.default_rng(0)
    nodes = (
        Node("conv", ops.Conv2d(rng.normal(size=(4, 1, 3, 3)), padding=1)),
        Node("relu", ops.ReLU(), ("conv",)),
        Node("pool", ops.AvgPool2d(size // 4), ("relu",)),
        Node("flat", ops.Flatten(), ("pool",)),
        Node("fc", ops.Linear(rng.normal(size=(10, 64))), ("flat",)),
    )
    ann = Ann((1, size, size), nodes)
    conversion = rate(ann, rng.random((32, 1, size, size)), ticks=8)
    file = NetworkFile(conversion.network, source=Source(*ann_to_source(ann)), ticks=8)
    path = folder / f"net{size}.h5"
    save_network(path, file)
    return path


def peak(*arguments: object) -> float:
    """MB of a process that runs the command line."""
    call = [sys.executable, "-c", MEASURED, "evaluate", *map(str, arguments)]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return int(done.stderr.splitlines()[-1]) / 1024


def images(path: Path, count: int, size: int, kind: str) -> Path:
    """Random bytes, written piece by piece for large files."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, count)
    if kind == "hdf5":
        with h5py.File(path, "w") as file:
            x = file.create_dataset("x", (count, 1, size, size), "u1", chunks=(8, 1, size, size))
            for start in range(0, count, 1000):
                x[start : start + 1000] = rng.integers(0, 256, x[start : start + 1000].shape)
            file["y"] = labels
    else:
        save = np.savez if kind == "npz" else np.savez_compressed
        x = rng.integers(0, 256, (count, 1, size, size), dtype=np.uint8)
        save(path, x=x, y=labels)
    return path


def main() -> None:
    folder = Path(sys.argv[1])
    chosen = sys.argv[2:] or ["samples", "ticks", "size"]
    net = network(folder)
    if "samples" in chosen:
        for count in (1_000, 10_000, 100_000):
            data = images(folder / "samples.npz", count, 8, "npz")
            for journal in ((), ("--journal", folder / f"journal{count}")):
                found = peak(net, data, "-T", 8, *journal)
                print(f"{count} samples{', with a journal' if journal else ''}: {found:.0f} MB")
    if "ticks" in chosen:
        data = images(folder / "ticks.npz", 64, 8, "npz")
        for ticks in (100, 1_000, 10_000):
            print(f"T = {ticks}: {peak(net, data, '-T', ticks):.0f} MB")
    if "size" in chosen:
        large = network(folder, 64)
        for kind, suffix in (("npz", "npz"), ("compressed npz", "npz"), ("hdf5", "h5")):
            for count in (2_000, 20_000, 200_000):
                data = images(folder / f"size.{suffix}", count, 64, kind)
                megabytes = data.stat().st_size / 1e6
                found = peak(large, data, "-T", 8, "--limit", 200)
                print(f"{kind} of {megabytes:.0f} MB: {found:.0f} MB")
                data.unlink()


if __name__ == "__main__":
    main()
