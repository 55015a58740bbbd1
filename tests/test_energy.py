"""Energy by hand, and reports that carry all that is needed for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from eventsnn.energy import ENERGY_MODELS, EnergyModel, Operations, energy, energy_model
from eventsnn.errors import FileFormatError, InputError
from eventsnn.evaluate import Evaluation
from eventsnn.hdf5 import NetworkFile
from eventsnn.network import Input, Layer, Link, Network
from eventsnn.neurons import IF, Accumulator
from eventsnn.report import (
    build_report,
    read_operations,
    read_report,
    reported_ticks,
    write_report,
)
from eventsnn.run import Counts, LinkCount
from eventsnn.synapses import Dense

if TYPE_CHECKING:
    from pathlib import Path

MODEL = EnergyModel("toy", 2.0, 10.0, "nobody", 2000, "all", "none")
OPERATIONS = Operations(ac=100, mac=7, input_macs=5, input_adds=3, bias_adds=1)

NETWORK = Network(
    (Input("image", (3,)),),
    (
        Layer("a", (4,), IF(), (Link("image", (Dense(np.ones((4, 3))),)),)),
        Layer("out", (2,), Accumulator(), (Link("a", (Dense(np.ones((2, 4))),)),)),
    ),
)
COUNTS = Counts(
    spikes={"image": 0, "a": 30},
    links=(LinkCount("image", "a", 0, 0, 0), LinkCount("a", "out", 60, 50, 10)),
    input_macs=24,
    input_adds=80,
    bias_adds=40,
    comparisons=0,
)


def evaluation(ticks: int = 5, samples: int = 2) -> Evaluation:
    curve = np.linspace(0, 1, ticks)
    answers = np.zeros(samples, dtype=np.int64)
    return Evaluation(samples, ticks, curve, curve / 2, answers, COUNTS, 1.5)


def report(ticks: int = 5) -> dict[str, Any]:
    file = NetworkFile(NETWORK, recipe="rate", ticks=4, parameters={"quantile": 0.5})
    names = {"network_name": "net.h5", "data_name": "a.npz"}
    return build_report(
        evaluation(ticks),
        file,
        energy_model("horowitz-fp32"),
        **names,
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
    assert [model.name for model in ENERGY_MODELS] == list(table)
    for name, (add, multiply) in table.items():
        model = energy_model(name)
        assert model.ac_pj == add
        assert model.mac_pj == pytest.approx(add + multiply)
        assert "10.1109/ISSCC.2014.6757323" in model.source


def test_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="no energy model `x`; known are horowitz-fp32, "):
        energy_model("x")


def test_operations_are_means_over_samples() -> None:
    assert Operations.per_inference(COUNTS, 2) == Operations(25, 5, 12, 40, 20)


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
    assert price["snn"] == pytest.approx(25 * 0.9 + 5 * 4.6 + 12 * 4.6 + 40 * 0.9 + 20 * 0.9)
    assert price["ann"] == pytest.approx(9 * 4.6)
    assert price["model"]["name"] == "horowitz-fp32"
    assert (price["model"]["ac_pj"], price["model"]["mac_pj"]) == (0.9, 4.6)


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
    assert operations == Operations.per_inference(COUNTS, 2)
    assert ann_macs == 9
    assert read_operations(found | {"ann_macs": None}, "report.json")[1] is None


def test_a_report_needs_labels() -> None:
    unlabelled = Evaluation(1, 1, None, None, np.zeros(1, dtype=np.int64), COUNTS, 0.1)
    with pytest.raises(InputError, match="evaluate with labels"):
        build_report(
            unlabelled,
            NetworkFile(NETWORK),
            MODEL,
            network_name="",
            data_name="",
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
    ],
)
def test_reports_with_wrong_numbers(key: str, value: Any, words: str) -> None:
    with pytest.raises(FileFormatError, match=f"r.json: {words}"):
        read_operations(report() | {key: value}, "r.json")
