"""What the program makes of a report: energy, early exit, pages and figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_tools import LONG_NAME, evaluate, run
from click.testing import CliRunner

from eventsnn.cli import main


def test_energy_of_a_report(made: Path, tmp_path: Path) -> None:
    report = evaluate(made, tmp_path)[1]
    path = tmp_path / "report.json"
    one = run("energy", path).stdout
    assert one.startswith("The SNN costs")
    assert "horowitz-fp32" in one
    assert "horowitz-int8" not in one
    assert f"{report['energy_pj']['snn']:,.1f}" in one
    assert "doi:10.1109/ISSCC.2014.6757323" in one
    assert "horowitz-int8" in run("energy", path, "--model", "horowitz-int8").stdout
    everything = run("energy", path, "--model", "all").stdout
    for name in ("horowitz-fp32", "horowitz-fp16", "horowitz-int32", "horowitz-int8"):
        assert f"({name}," in everything


def test_energy_says_first_that_the_snn_costs_more(made: Path, tmp_path: Path) -> None:
    report = evaluate(made, tmp_path)[1]
    report["ann_macs"] = 1
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    assert run("energy", path).stdout.startswith("The SNN costs MORE than the ANN, ")


def test_energy_over_all_models_and_by_your_own(made: Path, tmp_path: Path) -> None:
    evaluate(made, tmp_path)
    path = tmp_path / "report.json"
    text = run("energy", path, "--model", "all").stdout
    for word in ("lemaire-2022", "synop 23.6 pJ, neuron 81 pJ", "conflicts with truenorth-2015"):
        assert word in text
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "own"\nac_pj = 1\nmac_pj = 1\nsource = "measured"\nyear = 2026\n'
        'includes = "all"\ntechnology = "ours"\n'
    )
    once = run("energy", path, "--model", own).stdout
    assert "source: measured" in once
    assert "multiplied out once" in once
    every = run("energy", path, "--model", own, "--input", "every-tick").stdout
    assert f"{32 * 4 * 2 * 16 * 16:,.1f}" in every
    assert "multiplied out in every tick" in every


def test_energy_of_an_older_report_leaves_out_what_it_cannot_tell(
    made: Path, tmp_path: Path
) -> None:
    report = evaluate(made, tmp_path)[1]
    del report["layers"], report["operations_per_inference"]["neuron_updates"]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    result = run("energy", path, "--model", "all")
    assert "an older report" in result.stderr
    assert "seneca" in result.stdout
    assert "lemaire" not in result.stdout


def test_early_exit_is_a_curve(made: Path, tmp_path: Path) -> None:
    result, report = evaluate(made, tmp_path, "--exit-confidence", 0.97)
    found = report["early_exit"]
    assert 0.97 in found["confidence"]
    assert "0.97 *" in result.stdout
    assert found["mean_ticks"] == sorted(found["mean_ticks"])
    assert found["mean_ticks"][0] < found["mean_ticks"][-1] <= 32
    assert found["operations"]["ac"] == sorted(found["operations"]["ac"])
    assert found["operations"]["ac"][-1] <= report["operations_per_inference"]["ac"]
    assert evaluate(made, tmp_path)[1]["early_exit"] is None


def test_report_page_and_figures(made: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    evaluate(made, tmp_path, "--exit-confidence", 0.9)
    page, folder = tmp_path / "page.html", tmp_path / "figures"
    text = run("report", tmp_path / "report.json", "-o", page, "--png", folder).stdout
    assert str(page) in text
    html = page.read_text()
    assert LONG_NAME in html
    figures = sorted(path.stem for path in folder.iterdir())
    assert figures == [
        *("accuracy", "early_exit", "energy_ratio", "spike_rates"),
        *("synops_per_layer", "synops_per_sample"),
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_figures_need_matplotlib(made: Path, tmp_path: Path, monkeypatch: Any) -> None:
    evaluate(made, tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    arguments = [str(tmp_path / "report.json"), "-o", str(tmp_path / "a.html")]
    result = CliRunner().invoke(main, ["report", *arguments, "--png", str(tmp_path / "b")])
    assert result.exit_code == 2
    assert 'pip install "eventsnn[plot]"' in result.stderr
    assert not (tmp_path / "a.html").exists()
    assert not (tmp_path / "b").exists()
    run("report", *arguments)
