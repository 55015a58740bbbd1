"""Labels in the forms that people have them in."""

from __future__ import annotations

import numpy as np
import pytest

from eventsnn import LI, DataError, Input, Layer, Linear, Link, Network, evaluate
from eventsnn.signals.labels import as_labels, check_classes

Y = np.array([0, 2, 1, 2])


@pytest.mark.parametrize(
    "given",
    [
        Y,
        Y.tolist(),
        Y.astype(np.uint8),
        Y.astype(float),
        Y[:, None],
        Y[:, None].astype(np.float32),
        np.eye(3)[Y],
        np.eye(3, dtype=bool)[Y],
        np.eye(3, dtype=int)[Y].tolist(),
    ],
    ids=str,
)
def test_forms_that_mean_one_thing(given):
    found = as_labels(given, 4)
    assert found.dtype == np.int64
    assert found.tolist() == Y.tolist()


def test_bools_are_classes():
    assert as_labels(np.array([True, False]), 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (["cat", "dog", "cat", "cow"], r"np\.unique\(y, return_inverse=True\)"),
        (np.array([b"a"] * 4), r"np\.unique"),
        (np.array([1, None, 2, 3], dtype=object), "integers"),
        (np.array([-1, 1, 1, -1]), r"y > 0"),
        (np.array([-3, 1, 1, -1]), r"y - y\.min\(\)"),
        (Y + 0.5, r"astype\(int\)"),
        (np.array([0, 1, np.nan, 2]), r"fractions or NaN"),
        (np.random.default_rng(0).random((4, 3)), r"y\.argmax\(1\)"),
        (np.array([[1, 1, 0]] * 4), "several labels a sample"),
        (Y[:3], "the same samples"),
        (Y.reshape(2, 2), "the same samples"),
        (np.int64(1), "one label for each"),
        (Y.astype(complex), "must be integers"),
    ],
    ids=str,
)
def test_others_are_refused_with_the_line_that_helps(given, remedy):
    with pytest.raises(DataError, match=remedy):
        as_labels(given, 4, "a.npz")


def test_labels_that_start_at_one_are_told_so():
    with pytest.raises(DataError, match=r"labels go from 1 up to 3.*y - 1"):
        check_classes(Y + 1, 3)
    check_classes(Y, 3)


def two_inputs(outputs):
    weight = np.eye(2)[:outputs]
    layer = Layer("out", (outputs,), LI(), (Link("x", (Linear(weight),)),))
    return Network((Input("x", (2,)),), (layer,))


X = np.array([[1.0, 0.5], [-1.0, 2.0], [0.0, 1.0], [0.5, 0.25]])


def test_one_output_answers_by_its_sign():
    found = evaluate(two_inputs(1), X, [1, 0, 0, 1], ticks=3, exit_confidences=(0.6,))
    assert found.predictions.tolist() == [1, 0, 0, 1]
    assert found.accuracy.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(DataError, match=r"labels go from 0 up to 2, but the network has 1 outputs"):
        evaluate(two_inputs(1), X, Y, ticks=3)


def test_evaluate_takes_what_people_have():
    for labels in ([0, 1, 1, 0], [[0], [1], [1], [0]], np.eye(2)[[0, 1, 1, 0]]):
        assert evaluate(two_inputs(2), X, labels, ticks=2).accuracy[-1] == 1.0
