"""Preprocessing: hand-computed values, layouts, and slices that equal the whole."""

from __future__ import annotations

import numpy as np
import pytest

from eventsnn.errors import DataError
from eventsnn.signals.preprocessing import PreprocessedImages, Preprocessing, default_scale


def test_hand_computed_values() -> None:
    x = np.array([[[[0, 51]], [[102, 255]]]], dtype=np.uint8)  # one image (2, 1, 2)
    made = Preprocessing(255, mean=(0.2, 0.4), std=(0.5, 0.2)).apply(x, (2, 1, 2))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, [[[[-0.4, 0.0]], [[0.0, 3.0]]]], atol=1e-6)


def test_grey_images_get_their_channel() -> None:
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    made = Preprocessing(2.0).apply(x, (1, 3, 4))
    assert np.array_equal(made, x[:, None].astype(np.float32) / 2)


def test_one_mean_serves_all_channels_and_vectors() -> None:
    one = Preprocessing(1.0, mean=(0.5,), std=(2.0,))
    assert np.array_equal(one.apply(np.ones((1, 3, 2, 2)), (3, 2, 2)), np.full((1, 3, 2, 2), 0.25))
    assert np.array_equal(one.apply(np.ones((4, 5)), (5,)), np.full((4, 5), 0.25))


def test_slices_and_single_images_equal_the_whole() -> None:
    x = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 5), dtype=np.uint8)
    preprocessing = Preprocessing(255, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    whole = preprocessing.apply(x, (3, 4, 5))
    images = PreprocessedImages(x, preprocessing, (3, 4, 5))
    assert len(images) == 7
    assert np.array_equal(images[2:5], whole[2:5])
    assert np.array_equal(images[-1], whole[-1])
    assert images[7:].shape == (0, 3, 4, 5)
    with pytest.raises(IndexError):
        images[7]


def test_the_raw_images_are_left_alone() -> None:
    x = np.ones((1, 1, 2, 2), dtype=np.float32)
    Preprocessing(2.0).apply(x, (1, 2, 2))
    assert np.array_equal(x, np.ones((1, 1, 2, 2)))


def test_default_scales() -> None:
    assert default_scale(np.uint8) == 255
    assert default_scale(np.float64) == default_scale(np.float32) == 1
    with pytest.raises(DataError, match=r"int32 have no default scale.*--scale"):
        default_scale(np.int32)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((5, 4, 6, 3), r"looks like NHWC; use x.transpose\(0, 3, 1, 2\)"),
        ((5, 3, 4, 4), r"expected \(N, 3, 4, 6\), found \(5, 3, 4, 4\).*trained on"),
        ((5, 72), r"x.reshape\(-1, 3, 4, 6\)"),
        ((5, 4, 6), r"expected \(N, 3, 4, 6\)"),
    ],
)
def test_images_that_do_not_fit(shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Preprocessing().apply(np.zeros(shape), (3, 4, 6))


def test_pixels_that_are_no_numbers() -> None:
    x = np.zeros((2000, 1, 1, 1), dtype=np.float32)
    x[1500] = np.nan
    with pytest.raises(DataError, match="image 1500 has a pixel that is NaN or infinite"):
        PreprocessedImages(x, Preprocessing(), (1, 1, 1))
    with pytest.raises(DataError, match="expected real numbers, found type <U1"):
        Preprocessing().apply(np.full((1, 1, 1, 1), "a"), (1, 1, 1))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"std": (0.2, 0.0)}, "std divides, expected values > 0, found 0"),
        ({"std": (-1.0,)}, "std divides, expected values > 0, found -1"),
        ({"scale": 0}, "scale divides, expected > 0, found 0"),
        ({"scale": float("nan")}, "scale must be finite"),
        ({"mean": ()}, "mean must be finite numbers, found"),
        ({"mean": (float("inf"),)}, "mean must be finite"),
        ({"mean": ("a",)}, "is no list of numbers"),
    ],
)
def test_bad_constants(given: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Preprocessing(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("what", ["mean", "std"])
def test_constants_for_other_channels(what: str) -> None:
    preprocessing = Preprocessing(1.0, **{what: (1.0, 2.0)})  # type: ignore[arg-type]
    with pytest.raises(DataError, match=f"{what} has 2 values, expected 1 or 3"):
        preprocessing.apply(np.zeros((1, 3, 2, 2)), (3, 2, 2))
