"""Energy by hand, and reports that carry all that is needed for it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from eventsnn.counts.counts import Counts, LinkCount, OperationsAfter
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.neurons import IF, LI
from eventsnn.description.synapses import Linear
from eventsnn.energy import (
    ENERGY_MODELS,
    LEMAIRE,
    EnergyModel,
    Operations,
    energy,
    energy_model,
    model_from_mapping,
    model_from_toml,
)
from eventsnn.errors import FileFormatError, InputError
from eventsnn.evaluation.evaluate import Evaluation
from eventsnn.hdf5 import NetworkFile
from eventsnn.report import (
    build_report,
    read_operations,
    read_report,
    reported_ticks,
    write_report,
)

if TYPE_CHECKING:
    from pathlib import Path

MODEL = EnergyModel("toy", 2.0, 10.0, "nobody", 2000, "all", "none")
OPERATIONS = Operations(ac=100, mac=7, input_macs=5, input_adds=3, bias_adds=1)

NETWORK = Network(
    (Input("image", (3,)),),
    (
        Layer("a", (4,), IF(), (Link("image", (Linear(np.ones((4, 3))),)),)),
        Layer("out", (2,), LI(), (Link("a", (Linear(np.ones((2, 4))),)),)),
    ),
)
COUNTS = Counts(
    spikes={"image": 0, "a": 30, "out": 0},
    links=(
        LinkCount("image", "a", 0, 0, 0, 0, 0),
        LinkCount("a", "out", 60, 50, 10, 30, 40),
    ),
    input_macs=24,
    input_adds=80,
    bias_adds=40,
    comparisons=0,
    resets={"a": 30, "out": 0},
    input_macs_effective=24,
    input_nonzeros=5,
)


def evaluation(ticks: int = 5, samples: int = 2) -> Evaluation:
    points = reported_ticks(ticks)
    curve = np.linspace(0, 1, points.size)
    answers = np.zeros(samples, dtype=np.int64)
    # everything happens in the last tick
    last = (np.arange(points.size) == points.size - 1).astype(np.int64)
    after = OperationsAfter(
        ticks=tuple(points.tolist()),
        spikes=np.outer([0, 30, 0], last),
        delivered=np.outer([0, 30], last),
        ac=np.outer([0, 50], last),
        mac=np.outer([0, 10], last),
    )
    synops = np.array([20, 40])
    return Evaluation(samples, ticks, curve, curve / 2, answers, COUNTS, 1.5, synops, after, None)


def report(ticks: int = 5) -> dict[str, Any]:
    file = NetworkFile(NETWORK, recipe="rate", ticks=4, parameters={"quantile": 0.5})
    names = {"network_name": "net.h5", "data_name": "a.npz"}
    return build_report(
        evaluation(ticks),
        file,
        energy_model("horowitz-fp32"),
        **names,
        labels=np.array([0, 1]),
        ann_accuracy=0.9,
        ann_macs=9,
    )


def test_every_operation_has_its_price() -> None:
    estimate = energy(OPERATIONS, 20, MODEL)
    assert estimate.terms == {
        "synaptic additions": 200,
        "synaptic multiplications": 70,
        "input multiplications": 50,
        "input additions": 6,
        "bias additions": 2,
    }
    assert estimate.snn == 328
    assert estimate.ann == 200
    assert estimate.ratio == 1.64


def test_the_sentence_says_first_when_the_snn_costs_more() -> None:
    sentence = energy(OPERATIONS, 20, MODEL).sentence()
    assert sentence.startswith("The SNN costs MORE than the ANN, 1.64 times as much: 328 pJ")
    assert energy(OPERATIONS, 100, MODEL).sentence() == (
        "The SNN costs 0.33 times as much as the ANN: 328 pJ against 1 nJ per inference "
        "(toy, all, none)."
    )


@pytest.mark.parametrize("ann_macs", [None, 0])
def test_without_an_ann_there_is_no_ratio(ann_macs: float | None) -> None:
    estimate = energy(OPERATIONS, ann_macs, MODEL)
    assert estimate.ratio is None
    assert "no ANN to compare" in estimate.sentence()


def test_horowitz_constants() -> None:
    # additions and multiplications of the table in the paper, in pJ
    table = {
        "horowitz-fp32": (0.9, 3.7),
        "horowitz-fp16": (0.4, 1.1),
        "horowitz-int32": (0.1, 3.1),
        "horowitz-int8": (0.03, 0.2),
    }
    assert [model.name for model in ENERGY_MODELS][:4] == list(table)
    for name, (add, multiply) in table.items():
        model = energy_model(name)
        assert isinstance(model, EnergyModel)
        assert model.ac_pj == add
        assert model.mac_pj == pytest.approx(add + multiply)
        assert "10.1109/ISSCC.2014.6757323" in model.source


def test_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="no energy model `x`; known are horowitz-fp32, "):
        energy_model("x")


def test_operations_are_means_over_samples() -> None:
    found = Operations.per_inference(COUNTS, 2, NETWORK, 5)
    assert dataclasses.replace(found, layers=()) == Operations(25, 5, 12, 40, 20, 6 * 5, 5)
    assert [layer.name for layer in found.layers] == ["a", "out"]
    assert [link.spikes for layer in found.layers for link in layer.links] == [0, 15]
    # 5 of 6 pixels of the two images are not 0
    assert found.layers[0].links[0].image == pytest.approx(5 / 6)


def test_report_of_a_hand_made_evaluation() -> None:
    made = report()
    assert made["samples"] == 2
    assert made["ticks"] == [1, 2, 3, 4, 5]
    assert made["accuracy"] == [0, 0.25, 0.5, 0.75, 1]
    assert made["agreement"] == [0, 0.125, 0.25, 0.375, 0.5]
    assert (made["ann_accuracy"], made["ann_macs"], made["input_macs"]) == (0.9, 9, 12)
    assert made["synops_per_inference"] == 30
    assert made["synops_per_layer"] == {"a": 0, "out": 30}
    # 30 spikes of the 4 neurons that can fire, in 2 samples of 5 ticks
    assert made["spikes_per_neuron_per_tick"] == 30 / (4 * 2 * 5)
    assert made["spikes_per_layer"] == {"a": 15, "out": 0}
    price = made["energy_pj"]
    assert made["synops_effective_per_inference"] == 20
    assert (made["resets_per_inference"], made["membrane_updates_per_inference"]) == (15, 30)
    assert made["activation_sparsity"] == 1 - made["spikes_per_neuron_per_tick"]
    assert made["synops_per_sample"] == [20, 40]
    assert made["correct_per_sample"] == [True, False]
    assert made["footprint"] == {"weights": 20, "zero_weights": 0, "biases": 0, "potentials": 6}
    assert price["snn"] == pytest.approx(25 * 0.9 + 5 * 4.6 + 12 * 4.6 + 40 * 0.9 + 20 * 0.9)
    assert price["ann"] == pytest.approx(9 * 4.6)
    assert price["model"]["name"] == "horowitz-fp32"
    assert (price["model"]["ac_pj"], price["model"]["mac_pj"]) == (0.9, 4.6)


def test_chips_price_a_synaptic_operation_and_a_neuron_update() -> None:
    loihi = energy_model("loihi")
    operations = dataclasses.replace(OPERATIONS, neuron_updates=1000.0)
    estimate = energy(operations, 20, loihi)
    assert estimate.snn == pytest.approx((100 + 7 + 5) * 23.6 + 1000 * 81)
    assert estimate.ann is None
    assert "no ANN to compare" in estimate.sentence()
    with pytest.raises(InputError, match="`loihi` needs neuron updates"):
        energy(OPERATIONS, 20, loihi)
    with pytest.raises(InputError, match="`lemaire-2022` needs the layers"):
        energy(OPERATIONS, 20, LEMAIRE)


def test_every_model_names_its_source_and_conflicts_are_mutual() -> None:
    names = {model.name for model in ENERGY_MODELS}
    assert len(names) == len(ENERGY_MODELS)
    for model in ENERGY_MODELS:
        assert model.source
        assert model.includes
        assert "pJ" in model.constants()
        if "conflicts with" in model.note:
            other = energy_model(model.note.removeprefix("conflicts with "))
            assert other.note == f"conflicts with {model.name}"


def test_the_image_in_every_tick() -> None:
    once = dataclasses.replace(OPERATIONS, ticks=8)
    every = once.image_in_every_tick()
    assert (every.input_macs, every.input_adds, every.ac) == (40, 0, 100)


OWN = {
    "name": "own",
    "ac_pj": 2,
    "mac_pj": 10.0,
    "source": "me",
    "year": 2026,
    "includes": "all",
    "technology": "none",
}


def test_a_model_of_your_own(tmp_path: Path) -> None:
    lines = [f"{key} = {json.dumps(value)}" for key, value in OWN.items()]
    (tmp_path / "own.toml").write_text("\n".join([*lines, "neuron_update_pj = 0.5"]))
    model = model_from_toml(tmp_path / "own.toml")
    assert model == EnergyModel("own", 2, 10.0, "me", 2026, "all", "none", 0.5)
    assert energy(OPERATIONS, 20, model_from_mapping(OWN)).snn == 328


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ac_pj": -1}, "ac_pj: expected picojoules >= 0, found -1"),
        ({"ac_pj": True}, "ac_pj: expected picojoules"),
        ({"mac_pj": "4"}, "mac_pj: expected picojoules >= 0, found '4'"),
        ({"mac_pj": float("inf")}, "mac_pj: expected picojoules"),
        ({"source": ""}, "source: expected a text"),
        ({"year": "2026"}, "year: expected a year"),
        ({"runs_ann": 1}, "runs_ann: expected true or false"),
        ({"color": 1}, "unknown color; needed are name, ac_pj"),
    ],
)
def test_models_that_are_none(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        model_from_mapping(OWN | change)


def test_a_model_without_a_source_is_none(tmp_path: Path) -> None:
    without = {key: value for key, value in OWN.items() if key != "source"}
    with pytest.raises(InputError, match="missing source; needed are"):
        model_from_mapping(without)
    for text, words in (("a = ", "not TOML"), ('name = "x"', r"own\.toml: missing ac_pj")):
        (tmp_path / "own.toml").write_text(text)
        with pytest.raises(FileFormatError, match=words):
            model_from_toml(tmp_path / "own.toml")
    with pytest.raises(FileFormatError, match="no such file"):
        model_from_toml(tmp_path / "none.toml")


@pytest.mark.parametrize(("ticks", "points"), [(1, 1), (256, 256), (257, 128), (5000, 128)])
def test_curves_are_thinned_beyond_256_ticks(ticks: int, points: int) -> None:
    reported = reported_ticks(ticks)
    assert len(set(reported.tolist())) == len(reported) == points
    assert (reported[0], reported[-1]) == (1, ticks)
    assert np.all(np.diff(reported) > 0)
    made = report(ticks)
    assert len(made["ticks"]) == len(made["accuracy"]) == len(made["agreement"]) == points
    assert made["accuracy"][-1] == (1.0 if ticks > 1 else 0.0)


def test_reports_are_written_as_strict_json(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(path, report())
    assert read_report(path) == report()
    with pytest.raises(ValueError, match="Out of range float"):
        write_report(path, {"a": float("nan")})
    assert read_report(path) == report()
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_energy_can_be_told_from_a_report_alone(tmp_path: Path) -> None:
    write_report(tmp_path / "report.json", report())
    found = read_report(tmp_path / "report.json")
    operations, ann_macs = read_operations(found, "report.json")
    assert operations == Operations.per_inference(COUNTS, 2, NETWORK, 5)
    assert ann_macs == 9
    assert read_operations(found | {"ann_macs": None}, "report.json")[1] is None


def test_a_report_needs_labels() -> None:
    unlabelled = dataclasses.replace(evaluation(), accuracy=None)
    with pytest.raises(InputError, match="evaluate with labels"):
        build_report(
            unlabelled,
            NetworkFile(NETWORK),
            MODEL,
            network_name="",
            data_name="",
            labels=np.zeros(2, dtype=np.int64),
            ann_accuracy=None,
            ann_macs=None,
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no report of an evaluation"),
        ('{"accuracy": 1}', "no report of an evaluation"),
    ],
)
def test_other_files_are_no_reports(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=rf"a\.json: .*{words}"):
        read_report(path)


def test_a_missing_report(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        read_report(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("operations_per_inference", 3, "operations_per_inference: expected an object"),
        ("operations_per_inference", {}, r"operations_per_inference\.ac: .* found None"),
        ("ann_macs", "9", "ann_macs: expected a number >= 0, found '9'"),
        ("ann_macs", -1, "ann_macs: expected a number >= 0, found -1"),
        ("ann_macs", True, "ann_macs: expected a number"),
        ("ann_macs", json.loads("NaN"), "ann_macs: expected a number"),
        ("layers", [{}], "layers: damaged"),
        ("layers", 3, "layers: damaged"),
        ("layers", [{"links": [{"inputs": 3}]}], "layers: damaged"),
    ],
)
def test_reports_with_wrong_numbers(key: str, value: Any, words: str) -> None:
    with pytest.raises(FileFormatError, match=f"r.json: {words}"):
        read_operations(report() | {key: value}, "r.json")
