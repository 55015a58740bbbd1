"""``eventsnn quantize``, and what later commands make of its file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_tools import run
from click.testing import CliRunner

from eventsnn import Analog, Events, Integers
from eventsnn.cli import main
from eventsnn.hdf5 import IntegerFormat, load_network, save_network


def failure(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def integers(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("integers") / "integers.h5"
    run("quantize", made / "net.h5", "-o", target)
    return target


def test_a_quantized_network_is_evaluated_on_the_same_data(
    made: Path, integers: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    run("evaluate", integers, made / "test.npz", "--json", report)
    assert json.loads(report.read_text())["accuracy"][-1] >= 0.9
    file = load_network(integers)
    before = load_network(made / "net.h5")
    assert (file.ticks, file.recipe) == (before.ticks, before.recipe)
    assert file.preprocessing == before.preprocessing
    assert file.integers == IntegerFormat(8, 32, 32, "float32")
    brightest = (255 / 200 - 0.4) / 0.25  # a byte through scale, mean and std
    coding = file.network.inputs[0].coding
    assert isinstance(coding, Integers)
    assert coding.step == pytest.approx(brightest / 127)
    weight = np.asarray(file.network.layers[0].links[0].chain[0].weight)  # type: ignore[union-attr]
    assert np.array_equal(weight, np.rint(weight))


def test_the_table_tells_grid_range_and_bits(made: Path, tmp_path: Path) -> None:
    options = ("--weight-bits", 5, "--potential-bits", 16, "--clamp", 3, "--ticks", 20)
    result = run("quantize", made / "net.h5", "-o", tmp_path / "q.h5", *options)
    assert "potentials within T = 20, in steps" in result.stdout
    for column in ("threshold in steps", "lowest", "highest", "bits needed", "weight error"):
        assert column in result.stdout
    assert "5-bit weights, proven for T = 20, exact in float32" in result.stdout
    assert load_network(tmp_path / "q.h5").ticks == 20


def test_what_was_not_proven_is_not_run(made: Path, integers: Path) -> None:
    data = made / "test.npz"
    found = failure("evaluate", integers, data, "--ticks", 33)
    assert "proven to fit for T = 32, asked for 33; quantize with --ticks 33" in found
    assert "has integers" in failure("evaluate", integers, data, "--exit-confidence", 0.9)
    assert "has integers" in failure("diagnose", integers, data)
    again = failure("quantize", integers, "-o", integers.with_name("twice.h5"))
    assert "quantize the one it was made from" in again


def test_pixels_beyond_the_range_are_refused(made: Path, tmp_path: Path) -> None:
    run("quantize", made / "net.h5", "-o", tmp_path / "q.h5", "--input-range", 0.1)
    found = failure("evaluate", tmp_path / "q.h5", made / "test.npz")
    assert "the range that was proven ends at 0.1" in found


def test_refusals_name_the_layer_and_write_nothing(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "q.h5"
    options = ("--potential-bits", 16, "--ticks", 100_000)
    assert "layer `a.node" in failure("quantize", made / "net.h5", "-o", target, *options)
    assert not target.exists()
    file = replace(load_network(made / "net.h5"), preprocessing=None, ticks=None)
    plain = tuple(replace(node, coding=Analog()) for node in file.network.inputs)
    file = replace(file, network=replace(file.network, inputs=plain))
    save_network(tmp_path / "bare.h5", file)
    assert "give --ticks" in failure("quantize", tmp_path / "bare.h5", "-o", target)
    result = run("quantize", tmp_path / "bare.h5", "-o", target, "--ticks", 8)
    assert "so its input is spikes" in result.stderr
    assert load_network(target).network.inputs[0].coding == Events(most_spikes=1)
    run("quantize", tmp_path / "bare.h5", "-o", target, "--ticks", 8, "--most-spikes", 3)
    assert load_network(target).network.inputs[0].coding == Events(most_spikes=3)
