"""Layers of neurons in PyTorch: what they draw, what they learn by, and that eventsnn agrees."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402 - only with PyTorch

from converters import load_ann, noise, ops  # noqa: E402 - same
from converters.intake.export_torch import export  # noqa: E402 - same
from converters.training.fit import fit  # noqa: E402 - same
from converters.training.residuals import match_noise, measure_residuals  # noqa: E402 - same
from converters.training.spiking import MultiStep, Spike  # noqa: E402 - same
from eventsnn import Record, simulate_batch  # noqa: E402 - same

pytestmark = pytest.mark.torch

UNIFORM = 1 / math.sqrt(12)
SHAPE = (2, 12, 12)


def network(seed, **neuron):
    """Small, with every kind of layer that the trained ones have."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        Spike(**neuron),
        nn.AvgPool2d(2),
        nn.Conv2d(8, 12, 3, stride=2),
        nn.BatchNorm2d(12),
        Spike(**neuron),
        nn.Flatten(),
        nn.Linear(48, 16),
        Spike(**neuron),
        nn.Linear(16, 3),
    ).eval()


def dyadic(model):
    """Weights are multiples of 1/64, batch norm is the identity times a power of two."""
    for layer in model:
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.0
            layer.running_var.fill_(1 / 16)
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            for values in layer.parameters():
                values.data.mul_(64 * 2).round_().div_(64)
    return model


def lively(model, images):
    """Batch norm as training leaves it, so that all layers fire."""
    for layer in model:
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
    model.train()
    with torch.no_grad():
        model(images)
        model(images)
    return model.eval()


def trains_of_pytorch(model, images, ticks):
    with torch.no_grad():
        outputs, trains = MultiStep(model, ticks).run(images)
    return outputs.numpy(), {name: spikes.numpy() for name, (spikes, _) in trains.items()}


def trains_of_eventsnn(path, images, ticks):
    conversion = noise(load_ann(path), ticks=ticks, mode="carry")
    record = Record(spikes=tuple(conversion.thresholds), potentials=(conversion.network.output,))
    runs = simulate_batch(conversion.network, images, ticks=ticks, record=record)
    potentials = [run.potentials[conversion.network.output] for run in runs]
    outputs = np.diff(np.stack(potentials, 1), axis=0, prepend=0)
    return outputs, {
        name: np.stack([run.spikes[name].to_dense(ticks) for run in runs], 1)
        for name in conversion.thresholds
    }


@pytest.mark.parametrize("reset", ops.RESETS)
@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_dyadic_networks_spike_for_spike(decay, reset, tmp_path):
    """T = 1 and, as both carry the residual, T = 4, on 100 images: not one spike differs."""
    model = dyadic(network(0, decay=decay, reset=reset))
    images = torch.randint(-16, 33, (100, *SHAPE)) / 16
    export(model, images[:2], tmp_path / "net.npz")
    expected, others = trains_of_pytorch(model, images, 4)
    outputs, found = trains_of_eventsnn(tmp_path / "net.npz", images.numpy(), 4)
    assert len(found) == 3
    for theirs, ours in zip(others.values(), found.values(), strict=True):
        assert 0.02 < theirs.mean() < 0.98
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(outputs, expected)


@pytest.mark.parametrize("seed", range(3))
def test_float_networks_differ_in_one_neuron_of_100_000_at_most(seed, tmp_path):
    torch.manual_seed(seed)
    images = torch.rand(100, *SHAPE)
    model = lively(network(seed), images)
    export(model, images[:2], tmp_path / "net.npz")
    _, theirs = trains_of_pytorch(model, images, 1)
    _, ours = trains_of_eventsnn(tmp_path / "net.npz", images.numpy(), 1)
    neurons = sum(spikes.size for spikes in theirs.values())
    pairs = zip(theirs.values(), ours.values(), strict=True)
    assert sum(int((a != b).sum()) for a, b in pairs) <= math.ceil(neurons / 100_000)


def test_what_the_file_says_is_what_was_trained(tmp_path):
    neuron = {"decay": 0.75, "threshold": 0.5, "reset": "zero", "mean": 0.125}
    model = network(0, **neuron, standard_deviation=0.25)
    ann = export(model, torch.rand(2, *SHAPE), tmp_path / "net.npz")
    assert load_ann(tmp_path / "net.npz") == ann
    found = [node.op for node in ann.nodes if isinstance(node.op, ops.Spike)]
    assert found == [ops.Spike(**neuron, standard_deviation=0.25)] * 3


def test_a_step_in_training_fires_as_the_noise_says():
    layer = Spike(threshold=2.0, mean=0.5, standard_deviation=0.75).train()
    torch.manual_seed(0)
    current = torch.full((40, 10, 10, 25), 1.0)
    for images in (current, current.contiguous(memory_format=torch.channels_last)):
        rate = layer(images).mean().item()
        p = 0.5 * math.erfc((2 - 1.5) / 0.75 / math.sqrt(2))
        assert abs(rate - p) < 4 * math.sqrt(p * (1 - p) / current.numel())
    layer.eval()
    assert layer(torch.tensor([1.4, 1.5, 1.6])).tolist() == [0, 1, 1]


def test_gradients_are_those_of_the_arctan():
    layer = Spike(threshold=1.0, mean=0.25, standard_deviation=0.0)
    current = torch.linspace(-2, 3, 11, requires_grad=True)
    layer(current).sum().backward()
    expected = torch.autograd.functional.jacobian(
        lambda x: torch.arctan(math.pi * (x + 0.25 - 1)).sum() / math.pi, current.detach()
    )
    torch.testing.assert_close(current.grad, expected)


def test_matched_noise_is_the_residual():
    """Of currents spread over [0, theta) it is uniform; silent neurons do not count."""
    model = nn.Sequential(nn.Flatten(), Spike(mean=0.0, standard_deviation=0.0))
    spread = torch.rand(200, 50, generator=torch.Generator().manual_seed(0))
    silent = torch.full((200, 50), -3.0)
    found = match_noise(model, torch.cat([spread, silent], 1), ticks=16)["1"]
    assert found.mean == pytest.approx(0.5, abs=0.05)
    assert found.standard_deviation == pytest.approx(UNIFORM, abs=0.02)
    assert 0.4 < found.undecided < 0.5
    assert model[1].mean.item() == pytest.approx(found.mean)
    assert model[1].standard_deviation.item() == pytest.approx(found.standard_deviation)


def test_measuring_changes_nothing():
    model = network(0).train()
    before = copy.deepcopy(model.state_dict())
    measure_residuals(model, torch.rand(4, *SHAPE))
    assert model.training
    for name, values in model.state_dict().items():
        torch.testing.assert_close(values, before[name], rtol=0, atol=0)


@pytest.mark.parametrize("form", ["one step", "through time"])
def test_both_forms_learn(form):
    torch.manual_seed(0)
    labels = torch.arange(240) % 3
    images = 0.3 * torch.randn(240, *SHAPE)
    images[torch.arange(240), :, 4 * labels] += 1  # each class has a bright row
    model = network(1)
    trained = MultiStep(model, 3) if form == "through time" else model
    history = fit(trained, images, labels, epochs=4, batch_size=16, learning_rate=0.05)
    assert history[-1].train_accuracy > 0.9 > history[0].train_accuracy
