"""Reports that somebody changed: one error that names file and entry, never a traceback."""

from __future__ import annotations

import copy
import json
import os

import numpy as np
import pytest
from test_report import CONFIDENCES, report

from eventsnn.energy import ENERGY_MODELS, energy
from eventsnn.errors import EventsnnError, FileFormatError
from eventsnn.report import read_operations, read_report, report_page, write_report

COUNT = int(os.environ.get("EVENTSNN_CORRUPTIONS", "400"))

VALUES = [
    *(None, True, 0, 1, -1, 0.5, 1e308, 2**70, 10**400, "", "x", [], {}, [1, 2, 3], [[]], {"a": 1}),
    *(float("nan"), float("inf"), "\ud800", [None], -0.0),
]


@pytest.fixture(scope="module")
def whole():
    return json.loads(json.dumps(report(exit_confidences=CONFIDENCES)))


def places(value, path=()):
    """Every place in a JSON value, as keys from the top."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def changed(whole, rng):
    found = copy.deepcopy(whole)
    every = list(places(found))
    for _ in range(rng.integers(1, 3)):
        *above, key = every[int(rng.integers(len(every)))]
        holder = found
        try:
            for name in above:
                holder = holder[name]
            match rng.integers(3):
                case 0:
                    del holder[key]
                case 1:
                    holder[key] = VALUES[int(rng.integers(len(VALUES)))]
                case _:
                    holder[key] = copy.deepcopy(found[str(rng.choice(sorted(found)))])
        except (LookupError, TypeError):
            continue  # the first change took the place of the second away
    return found


def use(path):
    """All that `energy` and `report` do."""
    found = read_report(path)
    operations, macs = read_operations(found, path)
    for every in (operations, operations.image_in_every_tick()):
        for model in ENERGY_MODELS:
            energy(every, macs, model).sentence()
    return report_page(found, path)


def test_whatever_is_changed_ends_in_an_error_of_ours(whole, tmp_path):
    path = tmp_path / "report.json"
    messages = []
    for seed in range(COUNT):
        path.write_text(json.dumps(changed(whole, np.random.default_rng(seed))))
        try:
            use(path)
        except EventsnnError as error:
            messages.append(str(error))
    assert len(messages) > 0.1 * COUNT
    # a model that needs what an older report did not tell names itself
    assert all("report.json" in message or "needs" in message for message in messages)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda r: r["ticks"].pop(), "accuracy: expected 11 values, found 12"),
        (lambda r: r.update(parameters=[]), "parameters: expected an object"),
        (lambda r: r["layers"][0].update(neurons=None), r"layers\[0\].neurons: expected a whole"),
        (lambda r: r["accuracy"].insert(0, 0.5), "accuracy: expected 12 values, found 13"),
        (lambda r: r.update(accuracy=[2.0] * 12), r"accuracy\[0\]: expected a share"),
        (lambda r: r["links"][0].update(ac="x"), r"links\[0\].ac: expected a number >= 0"),
        (lambda r: r["early_exit"].update(accuracy=[]), "early_exit.accuracy: expected 5 values"),
        (lambda r: r["correct_per_sample"].pop(), "correct_per_sample: expected 20 values"),
        (lambda r: r.update(samples=True), "samples: expected a whole number"),
    ],
)
def test_the_entry_is_named(whole, tmp_path, change, where):
    found, path = copy.deepcopy(whole), tmp_path / "bad.json"
    change(found)
    path.write_text(json.dumps(found))
    with pytest.raises(FileFormatError, match=f"bad.json: {where}"):
        read_report(path)


def test_what_is_written_is_read(whole, tmp_path):
    write_report(tmp_path / "r.json", whole)
    assert read_report(tmp_path / "r.json") == whole
    assert "<html" in use(tmp_path / "r.json")


@pytest.mark.parametrize("name", ["donn\udce9es.npz", "donn\u00e9es.npz", "a\x00b", "\U0001f600"])
def test_any_name_of_a_file_comes_back(whole, tmp_path, name):
    write_report(tmp_path / "r.json", whole | {"data": name})
    assert read_report(tmp_path / "r.json")["data"] == name
    report_page(read_report(tmp_path / "r.json"), "r.json").encode()


def test_nesting_without_end_and_numbers_that_are_none_are_no_report(tmp_path):
    for text in ("[" * 100_000, '{"operations_per_inference": NaN}', '{"a": Infinity}'):
        (tmp_path / "r.json").write_text(text)
        with pytest.raises(FileFormatError, match="not JSON"):
            read_report(tmp_path / "r.json")
