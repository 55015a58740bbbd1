"""``eventsnn compare``: one table and one plot of several conversions."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from converters import Ann, Node, ann_to_source, macs, ops, rate
from eventsnn.cli import main
from eventsnn.hdf5 import NetworkFile, Source, save_network
from eventsnn.matrix_product import matrix_product
from eventsnn.signals.preprocessing import Preprocessing


def network(ann, images, **options):
    conversion = rate(ann, images, **options)
    return NetworkFile(
        conversion.network,
        preprocessing=Preprocessing(),
        source=Source(*ann_to_source(ann)),
        ann_macs=macs(ann),
        recipe="rate",
        ticks=options["ticks"],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two conversions of one ANN, one of another, one without its ANN, and data."""
    made = tmp_path_factory.mktemp("compare")
    rng = np.random.default_rng(0)
    x = rng.random((40, 6)).astype(np.float32)
    nodes = [
        Node("a", ops.Linear(rng.normal(size=(20, 6)))),
        Node("relu", ops.ReLU(), ("a",)),
        Node("fc", ops.Linear(rng.normal(size=(4, 20))), ("relu",)),
    ]
    ann = Ann((6,), tuple(nodes))
    nodes[2] = Node("fc", ops.Linear(rng.normal(size=(4, 20))), ("relu",))
    short = network(ann, x, ticks=4)
    save_network(made / "short.h5", short)
    save_network(made / "long.h5", network(ann, x, ticks=200, per="channel"))
    save_network(made / "other.h5", network(Ann((6,), tuple(nodes)), x, ticks=4))
    save_network(made / "alone.h5", dataclasses.replace(short, source=None, ann_macs=None))
    save_network(made / "no_ticks.h5", dataclasses.replace(short, ticks=None))
    hidden = np.maximum(matrix_product(x, ann.nodes[0].op.weight.T), 0)
    # so the ANN is always right
    y = matrix_product(hidden, ann.nodes[2].op.weight.T).argmax(axis=1)
    np.savez(made / "data.npz", x=x, y=y)
    np.savez(made / "unlabelled.npz", x=x)
    return made


def invoke(folder, *arguments):
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(main, ["compare", *arguments], prog_name="eventsnn")
    finally:
        os.chdir(before)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def cells(table, name):
    """The row that starts with ``name``, and the unnamed one below it, or nothing."""
    lines = table.splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.split()[:1] == [name])
    below = lines[at + 1].split()
    return lines[at].split()[1:], below if below[:1] and below[0].isdigit() else None


def test_two_conversions_of_one_ann(folder):
    status, table, notes = invoke(folder, "short.h5", "long.h5", "data.npz")
    assert status == 0
    assert "one ANN" not in notes
    short, _ = cells(table, "short.h5")
    long, arrived = cells(table, "long.h5")
    assert (short[:2], long[:2]) == (["rate", "4"], ["rate", "200"])
    assert (short[3], long[3]) == ("100.0%", "100.0%")
    assert arrived is not None
    assert int(arrived[0]) < 200
    assert float(arrived[1].rstrip("%")) >= 99
    # what is read after fewer ticks has cost less
    synops, earlier = (int(row.replace(",", "")) for row in (long[4], arrived[3]))
    assert 0 < earlier < synops
    assert float(arrived[4]) < float(long[5])


def test_the_table_has_the_figures_of_evaluate(folder, tmp_path):
    report = tmp_path / "r.json"
    call = ["evaluate", str(folder / "short.h5"), str(folder / "data.npz"), "--json", str(report)]
    assert CliRunner().invoke(main, call).exit_code == 0
    found = json.loads(report.read_text())
    row, _ = cells(invoke(folder, "short.h5", "data.npz")[1], "short.h5")
    assert row[2] == f"{found['accuracy'][-1]:.1%}"
    assert row[4] == f"{found['synops_per_inference']:,.0f}"
    assert row[5] == f"{found['energy_pj']['snn'] / 1e6:,.3g}"
    assert row[6] == f"{found['energy_pj']['ratio']:.2f}"


def test_other_anns_are_compared_with_their_own(folder):
    status, table, notes = invoke(folder, "short.h5", "other.h5", "alone.h5", "data.npz")
    assert status == 0
    assert "do not come from one ANN" in notes
    assert cells(table, "short.h5")[0][3] == "100.0%"
    assert cells(table, "other.h5")[0][3] != "100.0%"
    assert cells(table, "alone.h5")[0][3] == "-"
    assert cells(table, "alone.h5")[0][6] == "-"


def test_steps_limit_and_equal_names(folder):
    call = ("short.h5", "./short.h5", "data.npz", "--ticks", "7", "--limit", "3")
    status, table, _ = invoke(folder, *call)
    assert status == 0
    assert "3 samples of data.npz" in table
    assert [line.split()[2] for line in table.splitlines() if " rate " in line] == ["7", "7"]


def test_the_plot(folder, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "curves.png"
    status, _, _ = invoke(folder, "short.h5", "long.h5", "data.npz", "--plot", str(picture))
    assert status == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_plot_without_the_extra_is_refused_before_the_work(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    picture = tmp_path / "curves.png"
    status, table, error = invoke(folder, "short.h5", "data.npz", "--plot", str(picture))
    assert (status, table) == (2, "")
    assert 'pip install "eventsnn[plot]"' in error
    assert not picture.exists()


BAD_CALLS = [
    ((), "Missing argument"),
    (("data.npz",), "Missing argument"),
    (("short.h5", "missing.npz"), "'missing.npz' does not exist"),
    (("missing.h5", "data.npz"), "'missing.h5' does not exist"),
    (("data.npz", "data.npz"), "data.npz: damaged, or not an HDF5 file"),
    (("short.h5", "no_ticks.h5", "data.npz"), "no_ticks.h5 names no T of its own; give --ticks"),
    (("short.h5", "unlabelled.npz"), "has no labels y"),
    (("short.h5", "data.npz", "--limit", "0"), "0 is not in the range"),
    (("short.h5", "data.npz", "--plot", "short.h5"), "short.h5 is also an input"),
    (("short.h5", "data.npz", "--plot", "no/x.png"), "the folder no does not exist"),
]


@pytest.mark.parametrize(("call", "words"), BAD_CALLS)
def test_bad_calls(folder, call, words):
    before = set(folder.rglob("*"))
    status, _, error = invoke(folder, *call)
    assert status == 2
    assert words in error
    assert error.count("Error: ") == 1
    assert set(folder.rglob("*")) == before
