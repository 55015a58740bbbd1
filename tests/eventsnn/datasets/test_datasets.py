"""Readers of data sets: what they return, and what they say about damaged files."""

from __future__ import annotations

import gzip
import pickle
import struct
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from eventsnn.datasets import DataSet, load_data
from eventsnn.datasets.recordings import read_recording
from eventsnn.errors import DataError
from eventsnn.signals.preprocessing import PreprocessedImages, Preprocessing
from eventsnn.signals.spikes import Spikes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

X = np.arange(5 * 3 * 2 * 2, dtype=np.uint8).reshape(5, 3, 2, 2)
Y = np.array([0, 1, 2, 1, 0])


def idx_bytes(values: NDArray[np.uint8]) -> bytes:
    header = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.tobytes()


def write_idx(folder: Path, suffix: str = "") -> Path:
    pack = gzip.compress if suffix else bytes
    (folder / f"t-labels-idx1-ubyte{suffix}").write_bytes(pack(idx_bytes(Y.astype(np.uint8))))
    images = folder / f"t-images-idx3-ubyte{suffix}"
    images.write_bytes(pack(idx_bytes(X[:, 0])))
    return images


def write_hdf5(path: Path, **arrays: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


def write_recordings(folder: Path, labels: str | None = "file,label\n2.bin,7\n10.bin,3\n") -> Path:
    folder.mkdir()
    (folder / "2.bin").write_bytes(bytes([33, 1, 0x80, 0x01, 0x02, 0, 33, 0x7F, 0xFF, 0xFF]))
    (folder / "10.bin").write_bytes(bytes([5, 6, 0, 0, 9]))
    if labels is not None:
        (folder / "labels.csv").write_text(labels)
    return folder


def test_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=Y.astype(np.uint8), index=Y)
    data = load_data(tmp_path / "a.npz")
    assert (data.name, data.kind, len(data)) == ("a.npz", "images", 5)
    assert np.array_equal(data.x[:], X)
    assert data.y is not None
    assert data.y.dtype == np.int64
    assert np.array_equal(data.y, Y)


def test_labels_are_optional(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X)
    assert load_data(tmp_path / "a.npz").y is None
    assert load_data(write_hdf5(tmp_path / "a.h5", x=X)).y is None


def test_hdf5_images_are_read_where_they_are_sliced(tmp_path: Path) -> None:
    data = load_data(write_hdf5(tmp_path / "a.hdf5", x=X, y=Y))
    assert not isinstance(data.x, np.ndarray)
    assert np.array_equal(data.x[1:4], X[1:4])
    assert np.array_equal(data.x[3:1], X[3:1])
    assert np.array_equal(pickle.loads(pickle.dumps(data)).x[:], X)
    images = PreprocessedImages(data.head(4).x, Preprocessing(255), (3, 2, 2))  # type: ignore[arg-type]
    assert np.array_equal(images[:], (X[:4] / np.float32(255)).astype(np.float32))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_pair(tmp_path: Path, suffix: str) -> None:
    data = load_data(write_idx(tmp_path, suffix))
    assert np.array_equal(data.x[:], X[:, 0])
    assert data.y is not None
    assert np.array_equal(data.y, Y)


def test_recordings_by_hand(tmp_path: Path) -> None:
    data = load_data(write_recordings(tmp_path / "events"))
    assert data.kind == "events"
    assert data.y is not None
    assert data.y.tolist() == [7, 3]
    first, second = data.x
    assert isinstance(first, Spikes)
    assert first.shape == (2, 34, 34)
    assert first.tick.tolist() == [258, 0x7FFFFF]
    # polarity 1, row 1, column 33; then polarity 0, row 33, column 0
    assert first.index.tolist() == [34 * 34 + 34 + 33, 33 * 34]
    assert second == Spikes((2, 34, 34), np.array([9]), np.array([6 * 34 + 5]))


def test_recordings_without_labels_are_ordered_by_number(tmp_path: Path) -> None:
    data = load_data(write_recordings(tmp_path / "events", labels=None))
    assert data.y is None
    assert [len(recording) for recording in data.x] == [2, 1]


@pytest.mark.data
@pytest.mark.parametrize(("part", "count"), [("train", 200), ("test", 50)])
def test_real_recordings(data_dir: Path, part: str, count: int) -> None:
    folder = data_dir / "nmnist" / part
    data = load_data(folder)
    assert len(data) == count
    assert data.y is not None
    assert set(data.y.tolist()) <= set(range(10))
    events = 0
    for recording in data.head(20).x:
        assert isinstance(recording, Spikes)
        assert recording.shape == (2, 34, 34)
        assert 290_000 < recording.tick[-1] < 340_000  # three saccades of about 0.1 s
        seen = recording.counts()
        assert seen[0].any()
        assert seen[1].any()
        events += len(recording)
    assert 3_000 < events / 20 < 5_000  # about 3,900 events each


@pytest.mark.data
def test_recordings_stand_as_the_images_they_were_filmed_from(data_dir: Path) -> None:
    # Recordings 60001.bin... were filmed from the first MNIST test images, in order.
    images = load_data(data_dir / "mnist" / "t10k-images-idx3-ubyte.gz").images()
    recordings = load_data(data_dir / "nmnist" / "test").recordings()
    for image, recording in zip(images[:10], recordings[:10], strict=True):
        seen = recording.counts().sum(axis=0)[3:31, 3:31]
        upright, transposed, mirrored = (
            np.corrcoef(image.ravel(), turned.ravel())[0, 1]
            for turned in (seen, seen.T, seen[:, ::-1])
        )
        assert upright > 0.5
        assert upright > max(transposed, mirrored)


@pytest.mark.data
def test_real_mnist(data_dir: Path) -> None:
    data = load_data(data_dir / "mnist" / "t10k-images-idx3-ubyte.gz")
    assert data.x[:].shape == (10_000, 28, 28)  # type: ignore[union-attr]
    assert data.y is not None
    assert data.y[:5].tolist() == [7, 2, 1, 0, 4]


def test_head_and_draw(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    stored = load_data(write_hdf5(tmp_path / "a.h5", x=X, y=Y))
    for data in (load_data(tmp_path / "a.npz"), stored):
        assert len(data.head(2)) == 2
        assert len(data.head(9)) == 5
        drawn = data.draw(3, seed=1)
        assert drawn.y is not None
        chosen = [int(image[0, 0, 0]) // 12 for image in drawn.x]  # image i starts with 12 i
        assert len(set(chosen)) == 3
        assert drawn.y.tolist() == Y[chosen].tolist()
        assert np.array_equal(data.draw(3, seed=1).x[:], drawn.x[:])
        assert np.array_equal(data.draw(99).x[:], X)


def test_draws_of_different_seeds_differ() -> None:
    data = DataSet(np.arange(200.0).reshape(100, 2), None, "a")
    assert not np.array_equal(data.draw(10, seed=0).x[:], data.draw(10, seed=1).x[:])
    assert not np.array_equal(data.draw(10, seed=0).x[:], data.x[:10])


def test_draw_of_recordings(tmp_path: Path) -> None:
    drawn = load_data(write_recordings(tmp_path / "events")).draw(1)
    assert drawn.y is not None
    assert {7: 2, 3: 1}[int(drawn.y[0])] == len(drawn.x[0])


def test_labels_beyond_the_classes() -> None:
    data = DataSet(X, Y, "a.npz")
    data.check_classes(3)
    with pytest.raises(DataError, match=r"a.npz: labels go from 0 up to 2, but"):
        data.check_classes(2)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X, Y[:4], r"one label for each of the 5 samples, found shape \(4,\)"),
        (X, np.stack([Y, Y], axis=1), r"y\.argmax\(1\)"),
        (X, Y + 0.5, "must be integers, found fractions or NaN in float64"),
        (X, Y - 1, "must be >= 0, found -1"),
        (X[:0], Y[:0], "holds no samples"),
        (X[:, :0], Y, "no pixels"),
        (Y, Y, r"x must be numbers of shape"),
        (np.array([["a"]]), None, "x must be numbers of shape"),
    ],
)
def test_arrays_that_are_no_data_set(
    x: NDArray[np.uint8], y: NDArray[np.int64] | None, words: str, tmp_path: Path
) -> None:
    arrays = {"x": x} if y is None else {"x": x, "y": y}
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=rf"a\.npz: .*{words}"):
        load_data(tmp_path / "a.npz")


def test_npz_refusals(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, images=X)
    with pytest.raises(DataError, match="expected the arrays x and y, found images"):
        load_data(path)
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="key `x` holds pickled Python objects"):
        load_data(path)
    np.savez(path, x=X, y=Y)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="truncated or of another kind"):
        load_data(path)
    at = whole.index(X.tobytes())
    path.write_bytes(whole[:at] + bytes(20) + whole[at + 20 :])
    with pytest.raises(DataError, match=r"key `x` cannot be read: Bad CRC"):
        load_data(path)


def test_hdf5_refusals(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_hdf5(path, images=X)
    with pytest.raises(DataError, match=r"expected the datasets x .* found images"):
        load_data(path)
    path.write_bytes(b"not HDF5")
    with pytest.raises(DataError, match="damaged, or not an HDF5 file"):
        load_data(path)
    with h5py.File(path, "w") as file:
        file["x"] = h5py.Empty("f")
    with pytest.raises(DataError, match="item /x: expected numbers, found nothing"):
        load_data(path)
    with pytest.raises(DataError, match="item /y: expected numbers, found object"):
        load_data(write_hdf5(path, x=X, y="three"))
    data = load_data(write_hdf5(path, x=X))
    path.unlink()
    with pytest.raises(DataError, match="cannot read images"):
        data.x[:2]


def test_idx_refusals(tmp_path: Path) -> None:
    images = write_idx(tmp_path)
    labels = tmp_path / "t-labels-idx1-ubyte"
    with pytest.raises(DataError, match="give the file of the images"):
        load_data(labels)
    whole = images.read_bytes()
    for damaged, words in [
        (whole[:-1], r"expected 20 values for shape \(5, 2, 2\), found 19"),
        (whole[:9], "truncated in its header"),
        (b"PK\3\4", "not an IDX file; it starts with 50 4b 03 04"),
        (b"", "starts with nothing"),
        (b"\0\0\x0d" + whole[3:], "type 0x0d; only unsigned bytes"),
    ]:
        images.write_bytes(damaged)
        with pytest.raises(DataError, match=words):
            load_data(images)
    images.write_bytes(whole)
    labels.unlink()
    with pytest.raises(DataError, match="no labels beside it; expected t-labels-idx1-ubyte or"):
        load_data(images)
    odd = tmp_path / "odd-ubyte"
    odd.write_bytes(whole)
    with pytest.raises(DataError, match="no labels beside it"):
        load_data(odd)
    packed = tmp_path / "t-images-idx3-ubyte.gz"
    packed.write_bytes(gzip.compress(whole)[:-9])
    with pytest.raises(DataError, match="damaged gzip file"):
        load_data(packed)


def test_recording_refusals(tmp_path: Path) -> None:
    folder = write_recordings(tmp_path / "events")
    recording = folder / "2.bin"
    whole = recording.read_bytes()
    recording.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"2\.bin: 9 bytes are no whole number of 5-byte events"):
        load_data(folder)
    recording.write_bytes(bytes([0, 34, 0, 0, 1]))
    with pytest.raises(DataError, match=r"event 0 is at x = 0, y = 34, outside the 34 x 34"):
        read_recording(recording)
    recording.write_bytes(whole)
    for labels, words in [
        ("file,label\n2.bin,7\n", "no label for 10.bin"),
        ("file,label\n2.bin,7\n10.bin,1\n3.bin,1\n", "3.bin is not in the folder"),
        ("file,label\n2.bin,7\n10.bin,1\n2.bin,1\n", "listed twice"),
        ("file,label\n2.bin,seven\n", "integer labels"),
        ("name,class\n2.bin,7\n", "expected the columns file,label"),
        ("file,label\n2.bin\n", "integer labels"),
    ]:
        (folder / "labels.csv").write_text(labels)
        with pytest.raises(DataError, match=words):
            load_data(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="a folder without event recordings"):
        load_data(tmp_path / "empty")


def test_unknown_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        load_data(tmp_path / "missing.npz")
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(DataError, match=r"unknown kind of data; supported are \.npz.*IDX.*\.bin"):
        load_data(tmp_path / "a.csv")
