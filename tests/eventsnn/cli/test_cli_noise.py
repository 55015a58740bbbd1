"""``convert --recipe noise``: a network trained in one step, as a file that evaluates."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from cli_tools import CONSTANTS, LONG_NAME, run, small_ann
from click.testing import CliRunner

from converters import Ann, ops, save_ann
from eventsnn import LIF
from eventsnn.cli import main
from eventsnn.hdf5 import load_network

SPIKE = ops.Spike(mean=0.5, standard_deviation=0.25)


def arguments(made: Path, weights: Path, target: Path, *options: object) -> list[str]:
    common = ("convert", weights, "-o", target, "--recipe", "noise", "--ticks", 8)
    data = ("--calibration", made / "train.npz", *CONSTANTS)
    return [str(argument) for argument in (*common, *data, *options)]


@pytest.fixture
def one_step(tmp_path: Path) -> Path:
    ann = small_ann()
    nodes = tuple(
        dataclasses.replace(node, op=SPIKE) if node.name == LONG_NAME else node
        for node in ann.nodes
    )
    save_ann(tmp_path / "one_step.npz", Ann(ann.input_shape, nodes, ann.output))
    return tmp_path / "one_step.npz"


@pytest.mark.parametrize("mode", ["reset", "carry", "noise"])
def test_a_one_step_network_is_converted_and_evaluated(
    made: Path, one_step: Path, tmp_path: Path, mode: str
) -> None:
    target = tmp_path / "net.h5"
    result = run(*arguments(made, one_step, target, "--mode", mode))
    assert "recipe noise for T = 8" in result.stdout
    file = load_network(target)
    assert (file.recipe, file.ticks) == ("noise", 8)
    assert file.parameters == {"mode": mode}
    neuron = file.network.layers[0].neuron
    if mode == "carry":
        assert neuron.v0 == 0.5
    else:
        assert isinstance(neuron, LIF)
        assert neuron.decay == 0
        assert (neuron.noise is None) == (mode == "reset")
    if mode == "noise":
        assert neuron.noise.standard_deviation == 0.25
    assert "50" in run("evaluate", target, made / "test.npz").stdout  # samples


def test_a_network_without_neurons_is_refused(made: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, arguments(made, made / "ann.npz", tmp_path / "net.h5"))
    assert result.exit_code == 2
    assert "a ReLU was not trained as a neuron" in result.stderr
    assert not (tmp_path / "net.h5").exists()


def test_a_network_of_neurons_is_no_ann_to_code_by_rates(
    made: Path, one_step: Path, tmp_path: Path
) -> None:
    options = arguments(made, one_step, tmp_path / "net.h5")
    options[options.index("noise")] = "rate"
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 2
    assert "use recipe noise" in result.stderr
    assert not (tmp_path / "net.h5").exists()
