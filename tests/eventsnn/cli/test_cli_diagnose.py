"""``eventsnn diagnose``, and the recipe ttrbr from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_tools import CONSTANTS, LONG_NAME, run
from click.testing import CliRunner

from eventsnn.cli import main
from eventsnn.description.neurons import IF, Burst, Signed
from eventsnn.hdf5 import load_network, save_network


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    return result.stderr


def test_diagnose_prints_and_writes_the_errors(made: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report, picture = tmp_path / "found.json", tmp_path / "found.png"
    arguments = ("diagnose", made / "net.h5", made / "test.npz", "--samples", 20)
    result = run(*arguments, "--json", report, "--plot", picture)
    found = json.loads(report.read_text())
    assert found["samples"] == 20
    assert found["ticks"] == 32
    assert [layer["name"] for layer in found["layers"]] == [LONG_NAME]
    assert f"accuracy {found['accuracy']:.1%}, ANN 100.0%" in result.stdout
    for word in ("deviation", "SIN", "divergence, nats", "read-out", found["costliest"]):
        assert word in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_diagnose_at_another_t(made: Path) -> None:
    text = run("diagnose", made / "net.h5", made / "unlabelled.npz", "--ticks", 3).stdout
    assert "T = 3, 64 images" in text
    assert "accuracy 1" not in text


def test_diagnose_needs_the_ann(made: Path, tmp_path: Path) -> None:
    import dataclasses

    alone = tmp_path / "alone.h5"
    save_network(alone, dataclasses.replace(load_network(made / "net.h5"), source=None))
    assert "holds no ANN to compare with" in refused("diagnose", alone, made / "test.npz")


def test_the_plot_needs_matplotlib_and_says_so_first(
    made: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    picture = tmp_path / "a.png"
    message = refused("diagnose", made / "net.h5", made / "test.npz", "--plot", picture)
    assert 'pip install "eventsnn[plot]"' in message
    assert not picture.exists()


@pytest.mark.parametrize(
    ("neuron", "burst", "kind"),
    [
        ("if", 1, IF),
        ("if", 2, Burst),
        ("signed", 2, Signed),
        (f"{LONG_NAME[:4]}*=signed", 1, Signed),
    ],
)
def test_convert_by_ttrbr(made: Path, tmp_path: Path, neuron: str, burst: int, kind: type) -> None:
    target = tmp_path / "net.h5"
    common = ("--recipe", "ttrbr", "--ticks", 8, "--calibration", made / "train.npz")
    options = (*CONSTANTS, "--neuron", neuron, "--burst", burst)
    result = run("convert", made / "ann.npz", "-o", target, *common, *options)
    assert "recipe ttrbr for T = 8" in result.stdout
    file = load_network(target)
    assert isinstance(file.network.layers[0].neuron, kind)
    assert (file.parameters["neuron"], file.parameters["burst"]) == (neuron, burst)
    assert "answers as the ANN" in run("diagnose", target, made / "test.npz").stdout
    assert "T = 8" in run("evaluate", target, made / "test.npz").stdout
