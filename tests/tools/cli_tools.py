"""A small network and its data as files, and the program to run on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result

from converters import Ann, Node, ann_to_source, forward, ops, save_ann
from eventsnn.cli import main
from eventsnn.signals.preprocessing import Preprocessing

LONG_NAME = "a.node.whose.name.is.longer.than.any.terminal." + "x" * 200
CONSTANTS = ("--scale", "200", "--mean", ".4,.6", "--std", "0.25")


def small_ann() -> Ann:
    rng = np.random.default_rng(0)
    balanced = rng.normal(size=(3, 36))
    balanced -= balanced.mean(axis=1, keepdims=True)
    return Ann(
        (2, 6, 6),
        (
            Node("conv", ops.Conv2d(rng.normal(size=(4, 2, 3, 3)), rng.normal(size=4), padding=1)),
            Node("bn", ops.BatchNorm(*rng.uniform(0.5, 1, size=(4, 4))), ("conv",)),
            Node(LONG_NAME, ops.ReLU(), ("bn",)),
            Node("pool", ops.AvgPool2d(2), (LONG_NAME,)),
            Node("flatten", ops.Flatten(), ("pool",)),
            Node("fc", ops.Linear(balanced), ("flatten",)),
        ),
    )


def run(*arguments: object) -> Result:
    """Run the program; anything but success fails the test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def convert(made: Path, target: Path, *options: object, calibration: str = "train.npz") -> Result:
    common = ("--recipe", "rate", "--ticks", 32, "--calibration", made / calibration)
    return run("convert", made / "ann.npz", "-o", target, *common, *options)


def evaluate(made: Path, tmp_path: Path, *options: object) -> tuple[Result, dict[str, Any]]:
    path = tmp_path / "report.json"
    result = run("evaluate", made / "net.h5", made / "test.npz", "--json", path, *options)
    return result, json.loads(path.read_text())


def make_files(folder: Path) -> None:
    """Weights, calibration and test data that the ANN classifies perfectly, and a network."""
    ann = small_ann()
    save_ann(folder / "ann.npz", ann)
    graph, arrays = ann_to_source(ann)
    (folder / "graph.json").write_text(graph)
    np.savez(folder / "bare.npz", **arrays)  # type: ignore[arg-type]
    blocks = np.random.default_rng(4).integers(0, 256, (150, 2, 2, 2), dtype=np.uint8)
    x = blocks.repeat(3, axis=2).repeat(3, axis=3)
    y = forward(ann, Preprocessing(200, (0.4, 0.6), (0.25,)).apply(x, (2, 6, 6))).argmax(axis=1)
    assert min(np.bincount(y, minlength=3)) > 20
    np.savez(folder / "train.npz", x=x[:100], y=y[:100])
    np.savez(folder / "test.npz", x=x[100:], y=y[100:])
    np.savez(folder / "unlabelled.npz", x=x)
    np.savez(folder / "floats.npz", x=(x / 255).astype(np.float32), y=y)
    convert(folder, folder / "net.h5", *CONSTANTS)
