"""Recipe ``bsnn`` by the command line: convert, evaluate, errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_tools import CONSTANTS, run
from click.testing import CliRunner

from eventsnn import Bistable, PhaseAccumulator
from eventsnn.cli import main
from eventsnn.hdf5 import load_network


@pytest.mark.parametrize("coding", ["analog", "phase"])
def test_words_of_eight_bits_answer_as_the_ann(made: Path, tmp_path: Path, coding: str) -> None:
    network, path = tmp_path / "words.h5", tmp_path / "report.json"
    common = ("--calibration", made / "train.npz", *CONSTANTS)
    options = ("--recipe", "bsnn", "--phases", 8, "--coding", coding, "--readings", 2)
    printed = run("convert", made / "ann.npz", "-o", network, *common, *options).stdout
    file = load_network(network)
    kinds = {type(layer.neuron) for layer in file.network.layers}
    assert kinds == {Bistable, PhaseAccumulator}
    assert file.ticks == 8 * (2 + 2)
    assert f"recipe bsnn for T = {file.ticks}" in printed
    run("evaluate", network, made / "test.npz", "--json", path)
    report = json.loads(path.read_text())
    assert report["accuracy"][15] == report["accuracy"][-1] == report["ann_accuracy"] == 1
    assert report["parameters"]["phases"] == 8
    assert all(link["lost"] == 0 for link in report["links"])
    assert (report["input_macs"] == 0) == (coding == "phase")


def test_options_reach_the_recipe(made: Path, tmp_path: Path) -> None:
    options = ("--recipe", "bsnn", "--phases", 3, "--carry", "--no-rounding", "--quantile", 0.5)
    options += ("--per", "layer")
    common = ("--calibration", made / "train.npz", *CONSTANTS)
    run("convert", made / "ann.npz", "-o", tmp_path / "a.h5", *common, *options)
    neuron = load_network(tmp_path / "a.h5").network.layers[0].neuron
    assert isinstance(neuron, Bistable)
    assert (neuron.phases, neuron.carry, neuron.rounding, neuron.readings) == (3, True, False, 1)
    assert np.shape(neuron.threshold) == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--recipe", "bsnn"), "give --phases"),
        (("--recipe", "bsnn", "--phases", 4, "--ticks", 8), "recipe bsnn has no --ticks"),
        (("--recipe", "rate", "--phases", 4, "--ticks", 8), "recipe rate has no --phases"),
        (("--recipe", "bsnn", "--phases", 17), "17 is not in the range"),
    ],
)
def test_each_recipe_has_its_own_length(
    made: Path, tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    arguments = ("convert", made / "ann.npz", "-o", tmp_path / "a.h5")
    arguments += ("--calibration", made / "train.npz", *options)
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 2
    assert message in result.output
