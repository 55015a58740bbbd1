"""The scripts of the very deep networks, on a small network and random images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from converters import load_ann
from eventsnn.files.npz import read_npz

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ROOT = Path(__file__).parents[3]


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_train_then_convert(tmp_path):
    generator = np.random.default_rng(0)
    names = [f"cifar10_train_{part}of5" for part in range(1, 6)]
    for name, count in [*((name, 130) for name in names), ("cifar10_test_958", 20)]:
        x = generator.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        np.savez(tmp_path / f"{name}.npz", x=x, y=generator.integers(0, 10, count))
    net = tmp_path / "net.npz"
    small = ["--block", "pre_current", "--depth", 8, "--width", 4, "--size", 8, "--epochs", 2]
    said = run("train_resnet_blocks.py", "--data", tmp_path, "--out", net, *small)
    again = run("train_resnet_blocks.py", "--data", tmp_path, "--out", net, *small)
    assert said == again  # trained to the end already, so it is only written anew
    assert f"{net}: " in said
    assert "% of 20 test images" in said
    assert {values.dtype.name for values in read_npz(net).values() if values.ndim > 1} == {
        "float16"
    }
    assert load_ann(net).input_shape == (3, 8, 8)
    assert len((tmp_path / "net.log.jsonl").read_text().splitlines()) == 2
    told = tmp_path / "told.json"
    run(
        "very_deep.py",
        net,
        "--data",
        tmp_path,
        "--size",
        8,
        "--ticks",
        4,
        "--recipes",
        "rate",
        "--json",
        told,
    )
    (row,) = json.loads(told.read_text())["net"]["rows"]
    assert row["mac"] > 0
    assert 0 <= row["accuracy"] <= 1
