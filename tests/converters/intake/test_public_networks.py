"""Public trained networks: exported, as accurate as published, and converted."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from public_networks import NETWORKS, Public, load  # noqa: E402 - only with PyTorch

from converters import forward, lower, ops, rate  # noqa: E402 - same
from converters.intake.export_torch import trace  # noqa: E402 - same

pytestmark = [
    pytest.mark.torch,
    pytest.mark.data,
    pytest.mark.filterwarnings("ignore:.*levels that are not uniform"),
    pytest.mark.filterwarnings("ignore:ReLU at the end of the model is left out"),
]


@pytest.mark.parametrize("name", NETWORKS)
def test_accuracy_is_the_published_one(name, data_dir):
    network, images, published, near = NETWORKS[name]
    model = Public(network, load(data_dir / f"{name}.npz"))
    x, y = images(data_dir)
    ann = trace(model, x[:2])
    found = forward(ann, x.numpy()).argmax(1)
    accuracy = 100 * np.mean(found == y.numpy())
    assert abs(accuracy - published) < near, accuracy
    conversion = rate(ann, x[:2].numpy(), ticks=8)
    assert conversion.network.layers


def test_activations_of_trained_networks_are_single_layers(data_dir):
    network, images, *_ = NETWORKS["qcfs_cnn_cifar10"]
    weights = load(data_dir / "qcfs_cnn_cifar10.npz")
    x, _ = images(data_dir)
    ann = trace(Public(network, weights), x[:2])
    relus = [ann.by_name[name].op for name in ann.names_of(ops.ReLU)]
    ceilings = [float(weights[f"cnn_layers.{n}.up"]) for n in (2, 6)]
    assert [relu.levels for relu in relus] == [16, 16]
    np.testing.assert_allclose([relu.ceiling for relu in relus], ceilings, rtol=1e-6)
    conversion = rate(ann, x[:2].numpy())
    assert conversion.ticks == 16
    assert [float(conversion.thresholds[n]) for n in ann.names_of(ops.ReLU)] == [
        relu.ceiling for relu in relus
    ]
    assert lower(conversion.ann, conversion.thresholds).layers
