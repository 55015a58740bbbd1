"""Files of format 1, written before inputs had a coding, mean what they meant."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import eventsnn
from eventsnn import Conversion, FileFormatError, Integers, Words, simulate_batch

FOLDER = Path(__file__).parent / "written_before"
EXPECTED = np.load(FOLDER / "expected.npz")


@pytest.mark.parametrize("name", ["rate", "integers", "words"])
def test_raw_images_give_what_they_gave(name):
    conversion = Conversion.load(FOLDER / f"{name}.h5")
    images = conversion.prepared(EXPECTED["x"])[:]
    runs = simulate_batch(conversion.network, images, ticks=conversion.ticks, precision="float64")
    # sums are added in a declared order since
    outputs = np.array([run.output for run in runs])
    np.testing.assert_allclose(outputs, EXPECTED[name], rtol=1e-12)
    assert [run.counts.synops for run in runs] == EXPECTED[f"{name}_synops"].tolist()


def test_the_proof_and_the_coding_are_where_they_belong_now():
    integers = Conversion.load(FOLDER / "integers.h5")
    assert integers.integers == eventsnn.hdf5.IntegerFormat(8, 32, 8, "float32")
    assert isinstance(integers.network.inputs[0].coding, Integers)
    words = Conversion.load(FOLDER / "words.h5").network.inputs[0].coding
    assert isinstance(words, Words)
    assert words.phases == 4


def test_a_field_that_nobody_knows_is_refused_by_name(tmp_path):
    path = tmp_path / "newer.h5"
    Conversion.load(FOLDER / "rate.h5").save(path)
    with h5py.File(path, "a") as file:
        file["network/layers/0/neuron"].attrs["plasticity"] = 1.0
    with pytest.raises(FileFormatError, match="neuron/plasticity: unknown; this eventsnn knows"):
        Conversion.load(path)


def test_a_field_that_is_missing_has_its_default(tmp_path):
    path = tmp_path / "older.h5"
    conversion = Conversion.load(FOLDER / "rate.h5")
    conversion.save(path)
    with h5py.File(path, "a") as file:
        del file["network/layers/0/neuron"].attrs["refractory"]
    assert Conversion.load(path).network == conversion.network
