"""The main path on real networks and real images, by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from converters import forward, load_ann
from eventsnn.datasets import load_data

GRAPHS = Path(__file__).parents[3] / "docs" / "graphs"

CIFAR = ["--mean", ".485,.456,.406", "--std", ".229,.224,.225"]


def eventsnn(*arguments):
    """Run the program in a process of its own; returns its peak memory in bytes."""
    # not getrusage: its maximum is inherited from the process that runs the tests
    code = (
        "import pathlib, re, sys\n"
        "from eventsnn.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:], standalone_mode=False)\n"
        "finally:\n"
        "    status = pathlib.Path('/proc/self/status').read_text()\n"
        "    print(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1])\n"
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
        *("--arch", f"{name}-cifar", "-o", target, "--recipe", "rate", "--ticks", steps),
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


def accuracies(data_dir, tmp_path, weights, graph, *, steps, limit, train, test, options):
    """Accuracy after each tick, by the two commands of docs/intake.md, and the ANN's."""
    network, report = tmp_path / "net.h5", tmp_path / "report.json"
    eventsnn(
        *("convert", data_dir / weights, "--arch", GRAPHS / graph, "-o", network),
        *("--recipe", "rate", "--ticks", steps, "--calibration", data_dir / train, *options),
    )
    eventsnn("evaluate", network, data_dir / test, "--limit", limit, "--json", report)
    found = json.loads(report.read_text())
    assert found["samples"] == limit
    return dict(zip(found["ticks"], found["accuracy"], strict=True)), found


@pytest.mark.data
def test_mnist_ann_on_all_test_images(data_dir):
    ann = load_ann(data_dir / "mnist_cnn_sinabs.npz", str(GRAPHS / "mnist_cnn.json"))
    data = load_data(data_dir / "mnist" / "t10k-images-idx3-ubyte.gz")
    x = np.asarray(data.images()).reshape(-1, 1, 28, 28)
    assert len(x) == 10_000
    assert np.count_nonzero(forward(ann, x).argmax(axis=1) == data.y) == 9_788


@pytest.mark.data
def test_mnist_cnn_by_spikes(data_dir, tmp_path):
    accuracy, found = accuracies(
        data_dir,
        tmp_path,
        "mnist_cnn_sinabs.npz",
        "mnist_cnn.json",
        steps=32,
        limit=1000,
        train="mnist/train-images-idx3-ubyte.gz",
        test="mnist/t10k-images-idx3-ubyte.gz",
        options=("--scale", 1),
    )
    assert accuracy[8] >= found["ann_accuracy"] - 0.015
    assert accuracy[32] >= found["ann_accuracy"] - 0.005
    assert found["agreement"][-1] >= 0.99


@pytest.mark.data
def test_the_accuracy_of_a_network_with_max_pooling_converges_to_its_anns(data_dir, tmp_path):
    accuracy, found = accuracies(
        data_dir,
        tmp_path,
        "maxpool_cnn_cifar10.npz",
        "maxpool_cnn.json",
        steps=256,
        limit=400,
        train="cifar10_train_1of5.npz",
        test="cifar10_test_958.npz",
        options=("--mean", ".5", "--std", ".5"),
    )
    ann, agreement = (
        found["ann_accuracy"],
        dict(zip(found["ticks"], found["agreement"], strict=True)),
    )
    assert 0.62 < ann < 0.69
    assert agreement[4] < agreement[16] < agreement[64]
    assert agreement[256] >= 0.955
    assert abs(accuracy[256] - ann) <= 0.015
