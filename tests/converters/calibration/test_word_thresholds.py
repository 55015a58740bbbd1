"""Thresholds for words: the least squares among the candidates, behind words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from converters import (
    Ann,
    Node,
    activation_quantiles,
    activations,
    bsnn,
    ops,
    quantized_activations,
)
from converters.ann.graph import INPUT
from converters.calibration.word_thresholds import word_thresholds


def two_layers(rng):
    first = ops.Conv2d(rng.normal(size=(3, 1, 2, 2)), rng.normal(size=3))
    second = ops.Conv2d(rng.normal(size=(2, 3, 2, 2)), rng.normal(size=2))
    nodes = (
        Node("conv1", first, (INPUT,)),
        Node("relu1", ops.ReLU(), ("conv1",)),
        Node("conv2", second, ("relu1",)),
        Node("relu2", ops.ReLU(), ("conv2",)),
        Node("flat", ops.Flatten(), ("relu2",)),
        Node("out", ops.Linear(rng.normal(size=(2, 18))), ("flat",)),
    )
    return Ann((1, 5, 5), nodes, "out")


def squared_error(ann, images, thresholds, name, phases):
    """Per channel, of one ReLU behind words."""
    words = quantized_activations(
        ann, images.astype(np.float32), thresholds, (name,), phases=phases, dtype=np.float32
    )[name]
    return np.square(words - activations(ann, images, (name,))[name]).mean(axis=(0, 2, 3))


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 2**16), phases=st.integers(2, 6))
def test_no_channel_gets_worse_behind_the_same_words(seed, phases):
    rng = np.random.default_rng(seed)
    ann, images = two_layers(rng), rng.normal(size=(20, 1, 5, 5))
    start = activation_quantiles(ann, images, quantile=0.99, per="channel")
    found = word_thresholds(ann, images, start, phases=phases)
    for name in start:
        before = squared_error(ann, images, found | {name: start[name]}, name, phases)
        after = squared_error(ann, images, found, name, phases)
        assert np.all(after <= before * (1 + 1e-5))


def test_few_bits_clip_more():
    rng = np.random.default_rng(0)
    ann, images = two_layers(rng), rng.normal(size=(50, 1, 5, 5))
    few, many = (
        (1 - 2.0**-k) * bsnn(ann, images, phases=k).thresholds["relu1"] for k in (2, 8)
    )  # the largest words
    assert few.shape == many.shape == (3, 1, 1)
    assert np.all(few <= many * (1 + 1e-12))
    assert np.any(few < 0.9 * many)


@pytest.mark.parametrize("per", ["layer", "channel"])
def test_a_layer_has_as_many_thresholds_as_asked_for(per):
    rng = np.random.default_rng(1)
    ann, images = two_layers(rng), rng.normal(size=(20, 1, 5, 5))
    thresholds = bsnn(ann, images, phases=3, per=per).thresholds
    assert {np.size(theta) for theta in thresholds.values()} == ({1} if per == "layer" else {3, 2})
