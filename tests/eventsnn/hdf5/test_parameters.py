"""Parameters of a network file that say how it is run: each wrong one is named."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsnn.cli import main
from eventsnn.errors import FileFormatError
from eventsnn.hdf5 import load_network

INTEGERS = {
    "weight_bits": 8,
    "potential_bits": 32,
    "proven_ticks": 32,
    "precision": "float32",
    "input_step": 0.01,
    "input_largest": 127,
}
WORDS = {"coding": "phase", "phases": 4, "input_low": 0.0, "input_width": 1.0, "readings": 1}
VALUES = st.sampled_from(
    [
        None,
        True,
        [1.0],
        [1.0, "x"],
        [1.0] * 7,
        0,
        -1,
        1.5,
        "x",
        [],
        {},
        2**70,
        10**400,
        float("nan"),
        float("inf"),
        "float64",
        65,
    ]
)


def with_parameters(made, path, parameters, **attributes):
    shutil.copy(made / "net.h5", path)
    text = parameters if isinstance(parameters, str) else json.dumps(parameters)
    with h5py.File(path, "r+") as file:
        del file["parameters"]
        file["parameters"] = np.frombuffer(text.encode(), np.uint8)
        file.attrs["format_version"] = 1  # later ones say it at the input
        for name, value in attributes.items():
            file.attrs[name] = value
    return path


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"weight_bits": 8}, "parameters: potential_bits is missing"),
        (INTEGERS | {"proven_ticks": "x"}, "parameters: proven_ticks: expected a number of ticks"),
        (INTEGERS | {"input_step": 0}, "parameters: input_step: expected a number > 0, or null"),
        (WORDS | {"phases": "x"}, "parameters: phases: expected a number of phases"),
        ({"coding": "phase"}, "parameters: phases is missing"),
        ({"coding": "word"}, "parameters: coding: expected phase or analog, found 'word'"),
        ({"precision": "float16"}, "parameters: precision: expected float32 or float64"),
        ({"precision": 3}, "parameters: precision: expected float32 or float64, found 3"),
        ("[" * 100_000, "item /parameters: "),
        ("[]", "item /parameters: expected a JSON object"),
        ("\xff", "item /parameters: "),
    ],
)
def test_the_entry_is_named(made, tmp_path, parameters, words):
    path = with_parameters(made, tmp_path / "bad.h5", parameters)
    with pytest.raises(FileFormatError, match=rf"bad\.h5: {words}"):
        load_network(path)


@pytest.mark.parametrize("ticks", [0, -1, 2**31, 2**62])
def test_ticks_have_bounds(made, tmp_path, ticks):
    path = with_parameters(made, tmp_path / "bad.h5", {}, ticks=np.int64(ticks))
    with pytest.raises(
        FileFormatError, match=rf"item /ticks: expected 1 to 2147483647, .* {ticks}"
    ):
        load_network(path)
    result = CliRunner().invoke(
        main, ["evaluate", str(made / "net.h5"), str(made / "test.npz"), "--ticks", str(ticks)]
    )
    assert result.exit_code == 2
    assert "ticks" in result.output


@settings(max_examples=30)
@given(
    st.sampled_from([INTEGERS, WORDS]),
    st.sampled_from(sorted(INTEGERS | WORDS)),
    st.one_of(st.just("missing"), VALUES),
)
def test_whatever_stands_there_is_used_or_refused(made, tmp_path_factory, good, name, value):
    changed = {key: item for key, item in good.items() if key != name or value != "missing"}
    if name in good and value != "missing":
        changed[name] = value
    path = with_parameters(made, tmp_path_factory.mktemp("p") / "net.h5", changed, ticks=4)
    result = CliRunner().invoke(main, ["evaluate", str(path), str(made / "test.npz")])
    assert result.exit_code in {0, 2}, result.exception
