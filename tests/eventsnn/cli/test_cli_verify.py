"""``eventsnn verify``: certificates, counterexamples, and what it refuses."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import CONSTANTS, run
from click.testing import CliRunner, Result
from property_tools import every_layer, more_bias, running, two_layers

from eventsnn import Spikes
from eventsnn.cli import main
from eventsnn.hdf5 import NetworkFile, load_network, network_digest, save_network

ENGINE = "eventsnn.testing.compare"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "a small net.h5"
    save_network(path, NetworkFile(two_layers(), ticks=6))
    return path


def test_a_network_and_its_certificate(small: Path, tmp_path: Path) -> None:
    report = tmp_path / "certificate.json"
    result = run("verify", small, "--examples", 5, "--seed", 3, "--json", report)
    found = json.loads(report.read_text())
    assert found["verdict"] == "holds"
    assert found["network"]["sha256"] == network_digest(two_layers())
    assert (found["ticks"], found["examples"], found["seed"]) == (6, 5, 3)
    verdicts = {entry["name"]: entry["verdict"] for entry in found["properties"]}
    assert verdicts["oracle"] == verdicts["time shift"] == verdicts["splitting"] == "holds"
    assert verdicts["rounded oracle"] == verdicts["rate bound"] == "does not apply"
    assert "CERTIFICATE: properties that hold: 12, that do not apply: 4" in result.stdout
    assert found["network"]["sha256"] in result.stdout
    assert "the file holds no ANN that the network came from" in result.stdout
    again = tmp_path / "again.json"
    run("verify", small, "--examples", 5, "--seed", 3, "--json", again)
    assert again.read_text() == report.read_text()


def test_nothing_is_left_in_the_folder(small: Path, tmp_path: Path) -> None:
    code = "from eventsnn.cli import main; main()"
    words = ["verify", str(small), "--only", "counts", "--examples", "2"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "CERTIFICATE: properties that hold: 1" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_converted_network_on_its_data(made: Path, tmp_path: Path) -> None:
    report = tmp_path / "certificate.json"
    arguments = ("verify", made / "net.h5", made / "test.npz", "--examples", 4, "--ticks", 8)
    result = run(*arguments, "--json", report)
    found = {entry["name"]: entry for entry in json.loads(report.read_text())["properties"]}
    for name in ("oracle", "conservation", "rate bound", "NPZ"):
        counted = found[name]["verdict"], found[name]["drawn"], found[name]["real"]
        assert counted == ("holds", 4, 2), name
    assert found["silence"]["verdict"] == "does not apply"
    assert "CERTIFICATE" in result.stdout


def test_phase_words(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "words.h5"
    common = ("--recipe", "bsnn", "--phases", 3, "--calibration", made / "train.npz", *CONSTANTS)
    for coding in ("analog", "phase"):
        run("convert", made / "ann.npz", "-o", target, *common, "--coding", coding)
        arguments = ("--only", "phase words", "--only", "oracle", "--examples", 3)
        text = run("verify", target, made / "test.npz", *arguments).stdout
        hold = 2 if coding == "analog" else 1
        assert f"CERTIFICATE: properties that hold: {hold}, that do not apply: {2 - hold}" in text


def test_events_are_taken_from_the_first_one_on(small: Path) -> None:
    from eventsnn.cli.verify import _beginning

    recording = Spikes((3,), np.array([70, 71, 79]), np.array([0, 1, 2]))
    assert _beginning(recording, 6) == Spikes((3,), np.array([0, 1]), np.array([0, 1]))
    assert len(_beginning(Spikes((3,), np.zeros(0, int), np.zeros(0, int)), 6)) == 0


def test_a_counterexample_and_the_command_that_finds_it_again(
    small: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    engine = importlib.import_module(ENGINE)
    monkeypatch.setattr(engine, "simulate", running(every_layer(more_bias)))
    report = tmp_path / "certificate.json"
    result = invoke("verify", small, "--examples", 7, "--seed", 5, "--json", report)
    assert result.exit_code == 1
    assert "FAILS: oracle" in result.stdout
    assert "CERTIFICATE" not in result.stdout
    assert "oracle fails: engine = oracle, in spikes and potentials" in result.stdout
    found = json.loads(report.read_text())
    (failed,) = [entry for entry in found["properties"] if entry["verdict"] == "fails"]
    assert failed["counterexample"]["ticks"] == 1
    assert failed["counterexample"]["error"].startswith("layer `hidden`: potential of neuron (0,)")
    assert found["verdict"] == "fails"
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("  again: ")]
    program, *words = shlex.split(line.removeprefix("  again: "))
    assert program == "eventsnn"
    again = invoke(*words)
    assert again.exit_code == 1
    shown = [line for line in result.stdout.splitlines() if line.startswith("  ")][:3]
    assert shown == [line for line in again.stdout.splitlines() if line.startswith("  ")][:3]


def test_long_inputs_are_printed_in_part(tmp_path: Path, made: Path, monkeypatch: Any) -> None:
    engine = importlib.import_module(ENGINE)
    monkeypatch.setattr(engine, "simulate", running(every_layer(more_bias)))
    path = tmp_path / "alone.h5"
    save_network(path, dataclasses.replace(load_network(made / "net.h5"), source=None))
    arguments = ("verify", path, made / "test.npz", "--only", "oracle", "--ticks", 4)
    result = invoke(*arguments, "--examples", 1)
    assert result.exit_code == 1
    assert "characters; all of them with --json)" in result.stdout
    assert f"{made / 'test.npz'} --seed 0" in result.stdout


def test_no_property_applies(small: Path) -> None:
    text = run("verify", small, "--only", "phase words", "--examples", 1).stdout
    assert "NO CERTIFICATE: no property applies" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'NETWORK'"),
        (("missing.h5",), "'missing.h5' does not exist"),
        (("{made}/ann.npz",), "ann.npz: damaged, or not an HDF5 file"),
        (("{small}", "--examples", 0), "--examples': 0 is not in the range"),
        (("{small}", "--ticks", 0), "--steps': 0 is not in the range"),
        (("{small}", "--seed", -1), "--seed': -1 is not in the range"),
        (("{small}", "--only", "luck"), "no property 'luck'; there are 'oracle', 'rounded oracle'"),
        (("{small}", "--json", "nowhere/c.json"), "the folder nowhere does not exist"),
        (("{small}", "--json", "{small}"), "is also an input; give another name"),
        (("{small}", "missing.npz"), "'missing.npz' does not exist"),
        (("{small}", "{made}/ann.npz"), "expected the arrays x and y"),
        (("{small}", "{made}/test.npz"), "expected (N, 3)"),
        (("{broken}",), "the ANN inside: the graph is not JSON"),
    ],
)
def test_wrong_usage(
    made: Path, small: Path, tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    from eventsnn.hdf5 import Source

    broken = tmp_path / "broken.h5"
    save_network(broken, NetworkFile(two_layers(), source=Source("{", {}), ticks=4))
    filled = [str(a).format(made=made, small=small, broken=broken) for a in arguments]
    result = invoke("verify", *filled)
    assert result.exit_code == 2, result.output
    assert message in result.stderr


def test_it_needs_hypothesis_and_says_so(small: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    result = invoke("verify", small)
    assert result.exit_code == 2
    assert "verify needs hypothesis: python -m pip install 'eventsnn[test]'" in result.stderr
