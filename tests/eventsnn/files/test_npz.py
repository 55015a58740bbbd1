import io
import struct
import zipfile

import numpy as np
import pytest

from eventsnn import FileFormatError
from eventsnn.files import npz
from eventsnn.files.npz import read_npz, write_npz

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def npy(array, **options):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), **options)
    return buffer.getvalue()


def npy_header(text):
    """A .npy that consists of a header only."""
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("_npy", ".npy"), content)


def test_what_is_written_is_read(tmp_path):
    arrays = {"a.weight": WEIGHT, "about": np.array("text"), "fortran": np.asfortranarray(WEIGHT)}
    write_npz(tmp_path / "x.npz", arrays)
    found = read_npz(tmp_path / "x.npz")
    assert list(found) == list(arrays)
    for key, values in arrays.items():
        np.testing.assert_array_equal(found[key], values)
        assert found[key].dtype == values.dtype


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.npz"
    write_npz(path, {"a": WEIGHT})
    with pytest.raises(ValueError, match="allow_pickle"):
        write_npz(path, {"a": np.array([object()])})
    np.testing.assert_array_equal(read_npz(path)["a"], WEIGHT)
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.npz"):
        read_npz(tmp_path / "none.npz")


HUGE = npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }")

BAD_MEMBERS = [
    ({"w_npy": npy(np.array([{}]), allow_pickle=True)}, "key `w` holds pickled Python objects"),
    ({"w_npy": HUGE}, r"key `w`: the header promises 4000000000000 bytes .* the file holds 0"),
    ({"w_npy": npy(WEIGHT)[:-4]}, "key `w`: the header promises 24 bytes.* the file holds 20"),
    ({"w_npy": npy(WEIGHT)[:30]}, "key `w` cannot be read"),
    ({"w_npy": b""}, "key `w` cannot be read"),
    ({"w_npy": npy_header("{'descr': __import__('os')}")}, "key `w` cannot be read"),
    ({"w_npy": b"\x93NUMPY\x09\x00" + npy(WEIGHT)[8:]}, "key `w`"),
    ({"w_npy": npy(WEIGHT).replace(b"(2, 3)", b"(2, 3 ")}, "key `w` cannot be read"),
    ({"w_npy": npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}")}, "key `w`"),
    (
        {"w_npy": npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2**9,)}")},
        "key `w`",
    ),
    ({"w_npy": npy_header("(" * 110)}, "key `w` cannot be read"),
    (
        {"w_npy": npy_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}")},
        "`w`",
    ),
    ({"data.pkl": b"", "w_npy": npy(WEIGHT)}, "member `data.pkl` is no .npy array.*torch.save"),
]


@pytest.mark.parametrize(("members", "message"), BAD_MEMBERS)
def test_a_bad_member_is_refused_by_file_and_key(tmp_path, members, message):
    archive(tmp_path / "bad.npz", **members)
    with pytest.raises(FileFormatError, match=rf"bad.npz: .*{message}|bad.npz: {message}"):
        read_npz(tmp_path / "bad.npz")


BAD_FILES = [
    lambda _: b"",
    lambda _: b"no zip at all",
    lambda _: npy(WEIGHT),
    lambda good: good[: len(good) // 2],
    lambda good: good[:-10],
]


@pytest.mark.parametrize("damage", BAD_FILES)
def test_a_file_that_is_no_whole_zip_is_refused(tmp_path, damage):
    write_npz(tmp_path / "good.npz", {"w": WEIGHT})
    (tmp_path / "bad.npz").write_bytes(damage((tmp_path / "good.npz").read_bytes()))
    with pytest.raises(FileFormatError, match=r"bad.npz: .*truncated or of another kind"):
        read_npz(tmp_path / "bad.npz")


def test_every_flipped_byte_is_refused_or_harmless(tmp_path):
    """The zip's checksums find a damaged array; other bytes may be dates and the like."""
    write_npz(tmp_path / "good.npz", {"w": WEIGHT})
    good = (tmp_path / "good.npz").read_bytes()
    bad = tmp_path / "bad.npz"
    refused = 0
    for position in range(len(good)):
        bad.write_bytes(good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])
        try:
            found = read_npz(bad)
        except FileFormatError as error:
            assert "bad.npz" in str(error)  # noqa: PT017 - either outcome is right
            refused += 1
        else:
            np.testing.assert_array_equal(*found.values(), WEIGHT)
    assert refused > len(good) // 2


def test_one_key_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as file:
        file.writestr("w.npy", npy(WEIGHT))
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("w.npy", npy(WEIGHT))
    with pytest.raises(FileFormatError, match="key `w` is there twice"):
        read_npz(tmp_path / "bad.npz")


def test_more_than_the_limit_is_refused_before_it_is_read(tmp_path, monkeypatch):
    write_npz(tmp_path / "bomb.npz", {"w": np.zeros(10**6)})
    assert (tmp_path / "bomb.npz").stat().st_size < 10**4
    monkeypatch.setattr(npz, "LARGEST", 10**6)
    with pytest.raises(FileFormatError, match=r"declares 8000000 bytes .* the limit is 1000000"):
        read_npz(tmp_path / "bomb.npz")


def test_what_unpacks_too_far_is_refused_before_it_is_read(tmp_path):
    write_npz(tmp_path / "bomb.npz", {"w": np.zeros(10**8, np.uint8)})
    with pytest.raises(FileFormatError, match=r"key `w` unpacks from .* to 100,000,128, too far"):
        read_npz(tmp_path / "bomb.npz")
    np.savez(tmp_path / "plain.npz", w=np.zeros(10**8, np.uint8))
    assert read_npz(tmp_path / "plain.npz")["w"].size == 10**8


def test_members_that_share_their_bytes_are_refused(tmp_path):
    noise = np.random.default_rng(0).bytes(5000)
    archive(tmp_path / "good.npz", a_npy=npy(np.frombuffer(noise, np.uint8)), b_npy=npy(WEIGHT))
    data = bytearray((tmp_path / "good.npz").read_bytes())
    # the directory's entry of b gets the offset, sizes and checksum of a
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 1)
    for start, stop in ((16, 28), (42, 46)):
        data[second + start : second + stop] = data[first + start : first + stop]
    (tmp_path / "bad.npz").write_bytes(data)
    with pytest.raises(FileFormatError, match="share bytes"):
        read_npz(tmp_path / "bad.npz")


def test_any_numpy_writes_what_is_read(tmp_path, monkeypatch):
    """`numpy.savez_compressed` has an argument ``allow_pickle`` from 2.2 on only."""
    monkeypatch.delattr(np, "savez_compressed")
    write_npz(tmp_path / "x.npz", {"a": WEIGHT})
    assert list(read_npz(tmp_path / "x.npz")) == ["a"]
