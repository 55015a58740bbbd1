"""Images that stay in their file: the same as the array, in any order of reading."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsnn.datasets import load_data
from eventsnn.datasets import npz as npz_reader
from eventsnn.datasets.packed_images import PackedImages
from eventsnn.errors import DataError

COUNT = 50
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 3, 4), dtype=np.uint8)
LABELS = np.arange(COUNT) % 7
KINDS = ["stored", "compressed", "idx", "idx.gz"]


@pytest.fixture(scope="module", autouse=True)
def nothing_in_memory():
    """Read files of any size piece by piece."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npz_reader, "IN_MEMORY", 0)
        patch.setattr("eventsnn.datasets.idx.IN_MEMORY", 100)  # labels are read at once
        yield


def written(folder, kind, x=IMAGES):
    if kind in {"stored", "compressed"}:
        save = np.savez if kind == "stored" else np.savez_compressed
        save(folder / f"{kind}.npz", x=x, y=LABELS)
        return folder / f"{kind}.npz"
    for name, values in (("t-images-idx3-ubyte", x), ("t-labels-idx1-ubyte", LABELS)):
        header = struct.pack(f">2x2B{values.ndim}I", 8, values.ndim, *values.shape)
        data = header + values.astype(np.uint8).tobytes()
        if kind == "idx":
            (folder / name).write_bytes(data)
        else:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
    return folder / ("t-images-idx3-ubyte" + (".gz" if kind == "idx.gz" else ""))


@pytest.fixture(scope="module", params=KINDS)
def packed(request, tmp_path_factory):
    data = load_data(written(tmp_path_factory.mktemp("packed"), request.param))
    assert isinstance(data.x, PackedImages)
    assert data.y.tolist() == LABELS.tolist()
    return data.x


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, COUNT), st.integers(0, COUNT)), max_size=5))
def test_slices_in_any_order(packed, slices):
    for start, stop in slices:
        assert np.array_equal(packed[start:stop], IMAGES[start:stop])


@settings(max_examples=60)
@given(st.sets(st.integers(0, COUNT - 1)))
def test_increasing_indices(packed, chosen):
    at = np.array(sorted(chosen), dtype=int)
    assert np.array_equal(packed[at], IMAGES[at])


def test_the_first_ones_and_a_copy_in_another_process(packed):
    assert packed[4:9].shape == (5, 3, 4)
    again = pickle.loads(pickle.dumps(packed))
    assert np.array_equal(again[:], IMAGES)
    assert np.array_equal(packed.head(7)[2:], IMAGES[2:7])
    assert len(packed.head(10**6)) == COUNT
    assert np.array_equal(packed[::7], IMAGES[::7])


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_found_where_the_images_are_read(tmp_path, kind):
    path = written(tmp_path, kind)
    whole = bytearray(path.read_bytes())
    if kind == "idx":
        path.write_bytes(whole[:-100])
    else:
        at = len(whole) // 2 if kind != "stored" else whole.index(IMAGES.tobytes()) + 99
        whole[at] ^= 16
        path.write_bytes(whole)

    def read():
        load_data(path).x[:]

    with pytest.raises(DataError, match=path.name):
        read()


def test_a_file_that_changes_while_it_is_used_is_an_error(tmp_path):
    path = written(tmp_path, "idx")
    images = load_data(path).x
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"images 40..49 cannot be read: the file ends"):
        images[40:]


def test_data_that_unpack_too_far_are_refused_unread(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x.npy", "w", force_zip64=True) as member:
            fields = {"descr": "|u1", "fortran_order": False, "shape": (2**21, 8, 8)}
            np.lib.format.write_array_header_1_0(member, fields)
            for _ in range(8):
                member.write(bytes(2**24))
        with archive.open("y.npy", "w") as member:
            np.lib.format.write_array(member, np.zeros(2**21, np.uint8))
    with pytest.raises(DataError, match=r"bomb.npz: key `x` unpacks from .* too far"):
        load_data(path)
    images = tmp_path / "t-images-idx3-ubyte.gz"
    images.write_bytes(gzip.compress(struct.pack(">2x2B3I", 8, 3, 2**21, 8, 8) + bytes(2**27)))
    with pytest.raises(DataError, match=r"t-images-idx3-ubyte.gz: .* too far to be trusted"):
        load_data(images)


def test_a_header_that_promises_more_than_there_is(tmp_path):
    member = io.BytesIO()
    np.save(member, IMAGES)
    larger = member.getvalue().replace(b"(50, 3, 4), }      ", b"(50, 3000000, 400)}")
    assert larger != member.getvalue()
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("x.npy", larger)
    with pytest.raises(
        DataError, match=r"huge.npz: key `x`: the header promises 60000000000 bytes"
    ):
        load_data(tmp_path / "huge.npz")


def test_other_arrays_of_the_archive_may_be_anything(tmp_path):
    np.savez(tmp_path / "a.npz", x=IMAGES, y=LABELS, meta=np.array([{}]))
    assert len(load_data(tmp_path / "a.npz")) == COUNT
