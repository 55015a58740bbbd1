"""HDF5 of anybody: nothing is followed out of the file, nothing larger than it can hold."""

from __future__ import annotations

import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from eventsnn.datasets import load_data
from eventsnn.errors import DataError, FileFormatError
from eventsnn.files.hdf5 import open_to_read
from eventsnn.hdf5 import load_network

X = np.arange(5 * 2 * 6 * 6, dtype=np.uint8).reshape(5, 2, 6, 6)
WEIGHT = "network/layers/0/links/0/chain/0"


@pytest.fixture
def secret(tmp_path):
    """A file of somebody's own, as bytes and as HDF5."""
    (tmp_path / "private").write_bytes(bytes(range(256)) * 8)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = X
        file["group/x"] = X
    return tmp_path


def external_storage(group, name, shape, folder):
    size = int(np.prod(shape))
    group.create_dataset(name, shape, "u1", external=[(str(folder / "private"), 0, size)])


def virtual(group, name, shape, folder):
    layout = h5py.VirtualLayout(shape, "u1")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", shape)
    group.create_virtual_dataset(name, layout)


def external_link(group, name, shape, folder):
    group[name] = h5py.ExternalLink(str(folder / "other.h5"), "/x")


def missing_file(group, name, shape, folder):
    group[name] = h5py.ExternalLink("gone.h5", "/x")


def link_through_a_link(group, name, shape, folder):
    group["beside"] = h5py.ExternalLink(str(folder / "other.h5"), "/group")
    group[name] = h5py.SoftLink(f"{group.name.rstrip('/')}/beside/x")


def dangling(group, name, shape, folder):
    group[name] = h5py.SoftLink("/nothing/here")


def circle(group, name, shape, folder):
    group[name] = h5py.SoftLink(f"{group.name.rstrip('/')}/{name}")


def only_promised(group, name, shape, folder):
    group.create_dataset(name, (2**40, *shape[1:]), "u1")


def zeros(group, name, shape, folder):
    values = np.zeros((2**21, 64), np.uint8)
    group.create_dataset(name, data=values, chunks=(2**14, 64), compression="gzip")


def huge_chunk(group, name, shape, folder):
    big = (2**27 // int(np.prod(shape[1:])), *shape[1:])
    group.create_dataset(
        name, shape, "u1", chunks=big, maxshape=(None, *shape[1:]), compression="gzip"
    )


def texts(group, name, shape, folder):
    group.create_dataset(name, data=["a", "b"])


def references(group, name, shape, folder):
    group.create_dataset(name, (2,), h5py.ref_dtype)


def a_group(group, name, shape, folder):
    group.create_group(name)


KINDS = [
    (external_storage, "in another file"),
    (virtual, "in another file"),
    (external_link, r"x in the file .*other.h5, and links out of a file are not followed"),
    (missing_file, "is a link to /x in the file gone.h5"),
    (link_through_a_link, "links out of a file are not followed|beside: unknown"),
    (dangling, "is a link to /nothing/here, which is missing"),
    (circle, "which is missing"),
    (only_promised, "promises .* bytes, the file holds 0"),
    (zeros, "promises 134,217,728 bytes"),
    (huge_chunk, "promises .* bytes"),
    (texts, "expected numbers, found object"),
    (references, "expected numbers, found object"),
    (a_group, "is a group|is missing"),
]


@pytest.mark.parametrize(("make", "words"), KINDS)
@pytest.mark.parametrize("name", ["x", "y"])
def test_data(secret, make, words, name):
    path = secret / "d.h5"
    with h5py.File(path, "w") as file:
        file["xy".replace(name, "")] = X if name == "y" else np.arange(5)
        make(file, name, X.shape if name == "x" else (5,), secret)
    with pytest.raises(DataError, match=rf"d\.h5: .*({words})"):
        load_data(path)


@pytest.mark.parametrize(("make", "words"), KINDS)
def test_networks(secret, made, make, words):
    path = secret / "net.h5"
    shutil.copy(made / "net.h5", path)
    with h5py.File(path, "r+") as file:
        chain = file[WEIGHT]
        shape = chain["weight"].shape
        del chain["weight"]
        make(chain, "weight", shape, secret)
    with pytest.raises(FileFormatError, match=rf"net\.h5: item /{WEIGHT}/.*({words})"):
        load_network(path)


@pytest.mark.parametrize("place", ["network", "network/layers", "network/layers/0/neuron"])
def test_a_group_of_another_file_is_no_network(made, tmp_path, place):
    path = tmp_path / "net.h5"
    shutil.copy(made / "net.h5", path)
    with h5py.File(path, "r+") as file:
        del file[place]
        file[place] = h5py.ExternalLink(str(made / "net.h5"), f"/{place}")
    with pytest.raises(FileFormatError, match="links out of a file are not followed"):
        load_network(path)


def test_links_within_the_file_are_followed(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["test/images"], file["y"] = X, np.arange(5)
        file["first"] = h5py.SoftLink("test")
        file["x"] = h5py.SoftLink("first/images")
    assert np.array_equal(load_data(tmp_path / "d.h5").x[1:3], X[1:3])


def test_zeros_that_fit_are_read(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file.create_dataset("x", data=np.zeros((1000, 8, 8)), compression="gzip")
    assert load_data(tmp_path / "d.h5").x[:2].tolist() == np.zeros((2, 8, 8)).tolist()


HOLDING = """
import sys, h5py
with h5py.File(sys.argv[1], "r+") as file:
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("read", [load_data, load_network])
def test_a_file_that_is_being_written_is_not_called_damaged(made, tmp_path, read):
    path = tmp_path / "d.h5"
    shutil.copy(made / "net.h5", path)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDING, path], stdin=pipe, stdout=pipe) as other:
        other.stdout.readline()
        with pytest.raises((DataError, FileFormatError), match=r"d.h5: is open for writing else"):
            read(path)
        other.stdin.close()


def test_what_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError), open_to_read(tmp_path / "none.h5"):
        pass


def test_an_attribute_has_its_limit(made, tmp_path):
    path = tmp_path / "net.h5"
    shutil.copy(made / "net.h5", path)
    with h5py.File(path, "r+", libver="latest") as file:
        del file["network"].attrs["output"]
        file["network"].attrs["output"] = np.zeros(2**22)
    with pytest.raises(FileFormatError, match=r"item /network/output: has 33,554,432 bytes"):
        load_network(path)
