"""ResNet-20 on real images, against an independent dense float64 simulation."""

from __future__ import annotations

import json

import numpy as np
import pytest

import converters
from eventsnn import simulate_batch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def run_reference_images(data_dir, expected, thresholds, precision):
    ann = converters.fold_batch_norm(
        converters.load_ann(data_dir / "resnet20_cifar10.npz", "resnet20-cifar")
    )
    relus = [node.name for node in ann.nodes if isinstance(node.op, converters.ops.ReLU)]
    network = converters.lower(ann, dict(zip(relus, thresholds, strict=True)))
    with np.load(data_dir / "cifar10_test_958.npz") as data:
        images = data["x"][:8]
    images = (images / 255 - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1))
    runs = simulate_batch(network, images, ticks=expected["steps"], workers=2, precision=precision)
    counts = np.array([[run.counts.spikes[name] for run in runs] for name in relus])
    return counts, np.array([run.output for run in runs])


@pytest.fixture(scope="module")
def expected(data_dir):
    return json.loads((data_dir / "resnet20_rate_reference.json").read_text())


@pytest.mark.data
def test_spike_counts_per_layer(data_dir, expected):
    counts, logits = run_reference_images(data_dir, expected, expected["thresholds"], "float64")
    wanted = np.array(expected["spike_counts_per_layer"])
    # per layer over the 8 images; the thresholds are printed to 6 decimals, see below
    assert np.all(np.abs((counts - wanted).sum(axis=1)) <= 1e-3 * wanted.sum(axis=1))
    assert np.count_nonzero((counts == wanted).all(axis=0)) >= 7
    summed = np.array(expected["logit_sum"])
    assert logits.argmax(axis=1).tolist() == summed.argmax(axis=1).tolist()


@pytest.mark.data
def test_spike_counts_are_equal_within_the_printed_digits(data_dir, expected):
    """One neuron of the stem comes within 3e-8 of its threshold, which has 6 decimals."""
    thresholds = np.array(expected["thresholds"])
    thresholds[0] -= 1e-7
    counts, logits = run_reference_images(data_dir, expected, thresholds, "float64")
    assert counts.tolist() == expected["spike_counts_per_layer"]
    np.testing.assert_allclose(logits, expected["logit_sum"], atol=1e-4)


@pytest.mark.data
def test_float32_answers_the_same(data_dir, expected):
    counts, logits = run_reference_images(data_dir, expected, expected["thresholds"], "float32")
    wanted = np.array(expected["spike_counts_per_layer"])
    # a spike that rounding moves by a tick shifts a few more in deeper layers
    assert np.all(np.abs((counts - wanted).sum(axis=1)) <= 3e-3 * wanted.sum(axis=1))
    assert logits.argmax(axis=1).tolist() == np.argmax(expected["logit_sum"], axis=1).tolist()
