"""Every command of the program, on small data made here and on real data."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from cli_tools import CONSTANTS, LONG_NAME, convert, evaluate, run, small_ann
from profiles import compiled

from converters import ann_from_source, ann_to_source, load_ann
from eventsnn import __version__
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.neurons import IF, LI
from eventsnn.description.synapses import Flatten, Linear
from eventsnn.energy import energy_model
from eventsnn.hdf5 import NetworkFile, load_network, save_network
from eventsnn.signals.preprocessing import Preprocessing


def test_version_and_help() -> None:
    assert run("--version").output == f"eventsnn {__version__}\n"
    text = run("--help").output
    for command in ("info", "convert", "evaluate", "energy", "report", "demo"):
        assert f"  {command} " in text
        assert "Usage" in run(command, "--help").output


def test_the_program_starts_without_the_converters() -> None:
    code = "import sys, eventsnn.cli; print('converters' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_convert_keeps_all_that_later_commands_need(made: Path, tmp_path: Path) -> None:
    result = convert(made, tmp_path / "net.h5", *CONSTANTS, "--samples", 40)
    assert "scale 200, mean 0.4,0.6, std 0.25" in result.stdout
    assert "calibration: 40 of the 100 images of train.npz" in result.stdout
    assert "ANN accuracy on them: 100.0%" in result.stdout
    assert "recipe rate for T = 32" in result.stdout
    assert result.stderr == ""
    file = load_network(tmp_path / "net.h5")
    assert (file.recipe, file.ticks) == ("rate", 32)
    assert file.preprocessing == Preprocessing(200, (0.4, 0.6), (0.25,))
    assert file.parameters["quantile"] == 0.999
    assert file.ann_macs == {"conv": 4 * 2 * 16 * 16, "fc": 3 * 36}
    assert file.source is not None
    assert ann_from_source(file.source.graph, file.source.arrays) == small_ann()


def test_convert_is_reproducible(made: Path, tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        convert(made, tmp_path / name, "--samples", 10)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_recipe_options_reach_the_recipe(made: Path, tmp_path: Path) -> None:
    convert(made, tmp_path / "a.h5", "--quantile", "0.5", "--per", "channel")
    file = load_network(tmp_path / "a.h5")
    assert file.parameters == {"quantile": 0.5, "per": "channel"}
    neuron = file.network.layers[0].neuron
    assert isinstance(neuron, IF)
    assert np.shape(neuron.threshold) == (4, 1, 1)


def test_default_scales_are_printed(made: Path, tmp_path: Path) -> None:
    assert "scale 255," in convert(made, tmp_path / "a.h5").stdout
    result = convert(made, tmp_path / "a.h5", calibration="floats.npz")
    assert "scale 1," in result.stdout


def test_convert_warns_where_the_ann_guesses(made: Path, tmp_path: Path) -> None:
    with np.load(made / "train.npz") as archive:
        np.savez(tmp_path / "wrong.npz", x=archive["x"], y=(archive["y"] + 1) % 3)
    result = convert(made, tmp_path / "a.h5", *CONSTANTS, calibration=str(tmp_path / "wrong.npz"))
    assert "Warning: the ANN is right on 0.0%" in result.stderr
    assert "chance is 33.3%: check scale, mean, layout" in result.stderr
    assert (tmp_path / "a.h5").exists()


def test_labels_are_not_needed_to_convert(made: Path, tmp_path: Path) -> None:
    result = convert(made, tmp_path / "a.h5", calibration="unlabelled.npz")
    assert "no labels" in result.stdout


def test_bare_weights_convert_with_a_graph(made: Path, tmp_path: Path) -> None:
    common = ("--recipe", "rate", "--ticks", 32, "--calibration", made / "train.npz", *CONSTANTS)
    graph = ("--arch", made / "graph.json")
    run("convert", made / "bare.npz", "-o", tmp_path / "net.h5", *graph, *common)
    assert load_network(tmp_path / "net.h5").network == load_network(made / "net.h5").network


def test_evaluate_reports_what_it_prints(made: Path, tmp_path: Path) -> None:
    result, report = evaluate(made, tmp_path)
    assert report["samples"] == 50
    assert report["ticks"] == list(range(1, 33))
    assert len(report["accuracy"]) == len(report["agreement"]) == 32
    assert report["ann_accuracy"] == 1.0
    assert report["accuracy"] == report["agreement"]  # the ANN's answers are the labels
    assert report["accuracy"][-1] > 0.8
    assert report["synops_per_inference"] > 0
    assert sum(report["synops_per_layer"].values()) == pytest.approx(report["synops_per_inference"])
    assert report["ann_macs"] == 4 * 2 * 16 * 16 + 3 * 36
    assert report["input_macs"] == 4 * 2 * 16 * 16
    assert 0 < report["spikes_per_neuron_per_tick"] < 1
    assert report["version"] == __version__
    assert (report["network"], report["data"], report["recipe"]) == ("net.h5", "test.npz", "rate")
    model = energy_model("horowitz-fp32")
    done = report["operations_per_inference"]
    assert report["energy_pj"]["snn"] == pytest.approx(
        (done["ac"] + done["input_adds"] + done["bias_adds"]) * model.ac_pj
        + (done["mac"] + done["input_macs"]) * model.mac_pj
    )
    assert f"{report['accuracy'][-1]:.1%}" in result.stdout
    assert f"{report['synops_per_inference']:,.0f}" in result.stdout
    assert "The SNN costs" in result.stdout
    assert LONG_NAME in result.stdout
    assert result.stderr == ""


def test_evaluate_does_not_depend_on_workers(made: Path, tmp_path: Path) -> None:
    one = evaluate(made, tmp_path, "--workers", 1)[1]
    three = evaluate(made, tmp_path, "--workers", 3)[1]
    assert one.pop("seconds") > 0
    assert three.pop("seconds") > 0
    assert one == three


def test_limit_takes_the_first_samples(made: Path, tmp_path: Path) -> None:
    whole = evaluate(made, tmp_path)[1]
    some = evaluate(made, tmp_path, "--limit", 20)[1]
    assert some["samples"] == 20
    assert some["synops_per_inference"] != whole["synops_per_inference"]
    assert evaluate(made, tmp_path, "--limit", 10**9)[1]["samples"] == 50


def test_more_ticks_than_converted_for_are_allowed_and_told(made: Path, tmp_path: Path) -> None:
    result, report = evaluate(made, tmp_path, "--ticks", 300)
    assert "T = 300 is beyond the T = 32 of the conversion, which is allowed" in result.stderr
    assert report["conversion_ticks"] == 32
    assert len(report["ticks"]) == len(report["accuracy"]) == 128
    assert report["ticks"][-1] == 300
    assert evaluate(made, tmp_path, "--ticks", 8)[0].stderr == ""


def test_another_ann_can_be_compared_with(made: Path, tmp_path: Path) -> None:
    zero = tmp_path / "zero.npz"
    _, arrays = ann_to_source(small_ann())
    arrays["fc.weight"] = np.zeros_like(arrays["fc.weight"])
    np.savez(zero, **arrays)  # type: ignore[arg-type]
    report = evaluate(made, tmp_path, "--ann", zero, "--arch", made / "graph.json")[1]
    with np.load(made / "test.npz") as archive:
        assert report["ann_accuracy"] == pytest.approx(float((archive["y"] == 0).mean()))
    assert report["accuracy"] == evaluate(made, tmp_path)[1]["accuracy"]


def test_hdf5_data_give_the_same_report(made: Path, tmp_path: Path) -> None:
    with np.load(made / "test.npz") as archive, h5py.File(tmp_path / "test.h5", "w") as file:
        file["x"], file["y"] = archive["x"], archive["y"]
    path = tmp_path / "a.json"
    run("evaluate", made / "net.h5", tmp_path / "test.h5", "--json", path)
    stored, plain = json.loads(path.read_text()), evaluate(made, tmp_path)[1]
    for report in (stored, plain):
        del report["seconds"], report["data"]
    assert stored == plain


def test_networks_of_unknown_origin(made: Path, tmp_path: Path) -> None:
    save_network(tmp_path / "net.h5", NetworkFile(load_network(made / "net.h5").network))
    path = tmp_path / "a.json"
    arguments = (tmp_path / "net.h5", made / "test.npz", "--ticks", 4, "--json", path)
    result = run("evaluate", *arguments)
    assert "holds no ANN to compare with" in result.stderr
    assert "names no preprocessing: scale 255" in result.stderr
    assert "no ANN to compare" in result.stdout
    report = json.loads(path.read_text())
    assert report["ann_accuracy"] is report["agreement"] is report["ann_macs"] is None
    assert report["energy_pj"]["ratio"] is None
    result = run("evaluate", *arguments, "--ann", made / "ann.npz")
    assert json.loads(path.read_text())["ann_accuracy"] is not None


def event_network(path: Path) -> None:
    rng = np.random.default_rng(0)
    first = Linear(rng.normal(size=(20, 2 * 34 * 34)))
    layers = (
        Layer("hidden", (20,), IF(5.0), (Link("events", (Flatten(), first)),)),
        Layer("out", (10,), LI(), (Link("hidden", (Linear(rng.normal(size=(10, 20))),)),)),
    )
    save_network(path, NetworkFile(Network((Input("events", (2, 34, 34)),), layers), ticks=400))


def test_evaluate_on_events(tmp_path: Path) -> None:
    event_network(tmp_path / "net.h5")
    folder = tmp_path / "events"
    folder.mkdir()
    for name, microseconds in (("1.bin", 7), ("2.bin", 200)):
        (folder / name).write_bytes(bytes([5, 6, 0x80, 0, microseconds]) * 50)
    (folder / "labels.csv").write_text("file,label\n1.bin,3\n2.bin,4\n")
    path = tmp_path / "a.json"
    result = run("evaluate", tmp_path / "net.h5", folder, "--json", path)
    assert "a tick is a microsecond" in result.stderr
    report = json.loads(path.read_text())
    assert report["samples"] == 2
    assert report["synops_per_layer"]["hidden"] == 50 * 20
    assert report["spikes_per_layer"]["hidden"] > 0
    assert report["input_macs"] == 0


@pytest.mark.data
def test_evaluate_on_real_events(data_dir: Path, tmp_path: Path) -> None:
    event_network(tmp_path / "net.h5")
    path = tmp_path / "a.json"
    arguments = ("--limit", 3, "--ticks", 310_000, "--json", path)
    run("evaluate", tmp_path / "net.h5", data_dir / "nmnist" / "test", *arguments)
    report = json.loads(path.read_text())
    assert report["samples"] == 3
    assert 2_000 * 20 < report["synops_per_layer"]["hidden"] < 6_000 * 20


def test_energy_list() -> None:
    text = run("energy", "--list").stdout
    for word in ("horowitz-fp32", "0.9", "4.6", "horowitz-int8", "45 nm", "doi:10.1109"):
        assert word in text


def test_info_on_weights(made: Path) -> None:
    described = run("info", made / "ann.npz").stdout
    bare = run("info", made / "bare.npz", "--arch", made / "graph.json").stdout
    assert described.replace("ann.npz", "") == bare.replace("bare.npz", "")
    rows = {line.split()[0]: line for line in described.splitlines() if line.strip()}
    assert "Conv2d 4x2x3x3, padding 1" in rows["conv"]
    assert "4x6x6" in rows["conv"]
    assert rows["conv"].split()[-2:] == ["76", "2,048"]
    assert rows["bn"].split()[-2:] == ["8", "0"]
    assert rows["all"].split() == ["all", "192", "2,156"]
    assert LONG_NAME in described


def test_info_on_bare_tensors(made: Path) -> None:
    result = run("info", made / "bare.npz")
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line.strip()}
    assert rows["conv.weight"] == ["conv.weight", "float64", "4x2x3x3", "72"]
    assert "--arch NAME" in result.stderr


def test_info_on_a_network(made: Path) -> None:
    text = run("info", made / "net.h5").stdout
    for words in (
        "recipe: rate (quantile 0.999, per layer)",
        "scale=200.0, mean=(0.4, 0.6), std=(0.25,)",
        "IF, threshold ",
        "AvgPool2d, kernel_size 2, stride 2 > Flatten > Linear 3x36",
        "LI",
        "`fc` is read out",
        "2,156",
        LONG_NAME,
    ):
        assert words in text
    rows = [line.split() for line in text.splitlines()]
    conv = next(row for row in rows if row[:2] == ["input", "->"])
    # Of 72 pixels; along each axis 16 pairs of a pixel and a window, and 2 x 4 of channels.
    assert conv[-3:] == ["72", "28.4", "2,048"]
    pooled = next(row for row in rows if row[:3] == [LONG_NAME, "->", "fc"])
    assert pooled[-3:] == ["108", "3.0", "432"]


@compiled
def test_demo_needs_nothing_but_the_package(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    lines = run("demo", "--ticks", 16).stdout.splitlines()
    last = next(line.split() for line in lines if line.split()[:1] == ["16"])
    snn, ann, agreement = (float(cell.rstrip("%")) for cell in last[1:])
    assert ann > 95
    assert snn > ann - 3
    assert agreement > 95
    assert any(line.startswith("The SNN costs") for line in lines)
    assert any(line.split()[:1] == ["all"] for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_file_names_are_printed_as_they_are(made: Path, tmp_path: Path) -> None:
    odd = tmp_path / "[bold]net[red].h5"
    shutil.copy(made / "net.h5", odd)
    assert "[bold]net[red].h5" in run("info", odd).stdout


@pytest.mark.data
def test_resnet20_on_real_images(data_dir: Path, tmp_path: Path) -> None:
    net, report_path = tmp_path / "net.h5", tmp_path / "report.json"
    result = run(
        *("convert", data_dir / "resnet20_cifar10.npz", "-o", net, "--arch", "resnet20-cifar"),
        *("--calibration", data_dir / "cifar10_train_1of5.npz", "--samples", 32),
        *("--recipe", "rate", "--ticks", 32),
        *("--mean", ".485,.456,.406", "--std", ".229,.224,.225"),
    )
    assert "scale 255" in result.stdout
    data = data_dir / "cifar10_test_958.npz"
    run("evaluate", net, data, "--limit", 64, "--json", report_path)
    report = json.loads(report_path.read_text())
    assert report["ann_accuracy"] > 0.85
    assert report["accuracy"][-1] > 0.75
    assert report["ann_macs"] == sum(load_network(net).ann_macs.values())  # type: ignore[union-attr]
    assert load_ann(data_dir / "resnet20_cifar10.npz", "resnet20-cifar").input_shape == (3, 32, 32)
