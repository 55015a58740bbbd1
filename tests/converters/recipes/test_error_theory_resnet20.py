"""The proven statements on currents that ResNet-20 really carries, T = 16."""

import dataclasses

import numpy as np
import pytest

from converters import activations, fold_batch_norm, load_ann, ops, rate, ttrbr
from converters.diagnosis import decompose, diagnose
from converters.diagnosis.observation import observe, rate_neurons
from eventsnn import evaluate
from eventsnn.signals.preprocessing import Preprocessing

pytestmark = pytest.mark.data
CONSTANTS = Preprocessing(255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TICKS = 16


@pytest.fixture(scope="module")
def resnet20(data_dir):
    ann = fold_batch_norm(load_ann(data_dir / "resnet20_cifar10.npz", "resnet20-cifar"))
    with np.load(data_dir / "cifar10_train_1of5.npz") as file:
        return ann, CONSTANTS.apply(file["x"][:40], (3, 32, 32)), file["y"][:40]


@pytest.fixture(scope="module")
def layers(resnet20):
    """What each layer received and gave on one image, its neurons, and z of the ANN."""
    ann, x, _ = resnet20
    network = rate(ann, x, ticks=TICKS).network
    neurons, _ = rate_neurons(network)
    before = {name: ann.by_name[name].inputs[0] for name in ann.names_of(ops.ReLU)}
    z = activations(ann, x[:1], tuple(set(before.values())))
    seen = observe(network, neurons, x[0], TICKS)
    return [(name, found, neurons[name], z[before[name]][0]) for name, found in seen]


def terms(found, neuron, z):
    return decompose(found.total, found.count, z, theta=neuron.theta, v0=neuron.v0, ticks=TICKS)


def test_the_errors_add_up(layers):
    assert len(layers) == 19
    for name, found, neuron, z in layers:
        e = terms(found, neuron, z)
        together = e.deviation + e.quantization - e.clipping + e.inherited
        np.testing.assert_allclose(together, e.total, atol=1e-12, err_msg=name)
        rate_error = neuron.theta * found.count / TICKS - np.maximum(z, 0)
        np.testing.assert_allclose(e.total, rate_error, atol=1e-12, err_msg=name)


def test_conservation_and_bounds(layers):
    all_within = 0
    for name, found, neuron, z in layers:
        rounding = 1e-4  # float32 sums of 16 currents
        currents = found.currents.sum(axis=0)
        np.testing.assert_allclose(found.total, currents, atol=rounding, err_msg=name)
        e = terms(found, neuron, z)
        assert np.all(np.abs(e.quantization) <= neuron.theta / TICKS / 2 + rounding), name
        mean = found.total / TICKS
        outside = (found.currents < 0) | (found.currents > neuron.theta)
        within = ~outside.any(axis=0)
        all_within += int(within.sum())
        # a mean within rounding of a step of the staircase may fall on either side of it
        off_step = np.abs((found.total + neuron.v0) / neuron.theta % 1 - 0.5) < 0.499
        assert not e.deviation[within & off_step].any(), name
        inside = (mean > 0) & (mean < neuron.theta)
        margin = np.minimum(mean, neuron.theta - mean)
        bound = found.currents.var(axis=0) / margin**2
        assert np.all(outside.mean(axis=0)[inside] <= bound[inside] * (1 + 1e-6) + 1e-9), name
    assert all_within > 10_000


def test_a_diagnosis_tells_the_networks_own_accuracy(resnet20):
    """Its hybrid of rates and ANN ends at the answers of the engine, its costs add up."""
    ann, x, y = resnet20
    network = rate(ann, x, ticks=TICKS).network
    found = diagnose(network, ann, x[:8], y[:8], ticks=TICKS)
    assert found.accuracy == evaluate(network, x[:8], y[:8], ticks=TICKS).accuracy[-1]
    assert found.read_out.divergence == pytest.approx(0, abs=1e-6)
    assert sum(layer.cost.divergence for layer in found.layers) == pytest.approx(found.divergence)
    for layer in found.layers:
        m = dataclasses.asdict(layer.mean)
        total = m["deviation"] + m["quantization"] - m["clipping"] + m["inherited"]
        assert total == pytest.approx(m["total"], abs=1e-9)


def test_tuning_helps_on_images_that_it_did_not_see(resnet20):
    ann, x, _ = resnet20
    networks = (
        rate(ann, x[:16], ticks=8).network,
        ttrbr(ann, x[:16], ticks=8).network,
        ttrbr(ann, x[:16], ticks=8, neuron="signed").network,
    )
    divergence = [diagnose(n, ann, x[32:], ticks=8).divergence for n in networks]
    assert divergence[1] < 0.8 * divergence[0]
    assert divergence[2] < 0.5 * divergence[1]
