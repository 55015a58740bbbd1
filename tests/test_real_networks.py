"""The main path on real networks and real images, by the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CIFAR = ["--mean", ".485,.456,.406", "--std", ".229,.224,.225"]


def eventsnn(*arguments):
    """Run the program in a process of its own; returns its peak memory in bytes."""
    code = (
        "import resource, sys\n"
        "from eventsnn.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:], standalone_mode=False)\n"
        "finally:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]) * 1024


def convert(data_dir, tmp_path, name, steps):
    target = tmp_path / f"{name}.h5"
    eventsnn(
        "convert",
        data_dir / f"{name}_cifar10.npz",
        *("--arch", f"{name}-cifar", "-o", target, "--recipe", "rate", "--steps", steps),
        *("--calibration", data_dir / "cifar10_train_1of5.npz", *CIFAR),
    )
    return target


@pytest.mark.data
def test_resnet20_accuracy_against_ticks(data_dir, tmp_path):
    network = convert(data_dir, tmp_path, "resnet20", 128)
    eventsnn("evaluate", network, data_dir / "cifar10_test_958.npz", "--json", tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["samples"] == 958
    assert report["ann_accuracy"] == pytest.approx(873 / 958)
    accuracy = dict(zip(report["ticks"], report["accuracy"], strict=True))
    assert accuracy[32] >= 0.82
    assert accuracy[64] >= 0.89
    assert accuracy[128] >= 0.905


@pytest.mark.data
def test_resnet56_evaluates_within_a_gigabyte(data_dir, tmp_path):
    network = convert(data_dir, tmp_path, "resnet56", 64)
    test = data_dir / "cifar10_test_958.npz"
    few = eventsnn("evaluate", network, test, "--limit", 16, "--workers", 2)
    many = eventsnn("evaluate", network, test, "--limit", 128, "--workers", 2)
    assert many < 1e9
    # what a sample leaves behind is its answers: 112 more images are worth far less than this
    assert many - few < 100e6
