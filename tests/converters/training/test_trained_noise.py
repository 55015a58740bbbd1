"""The trained networks in ``benchmarks/trained``: PyTorch and eventsnn, spike for spike."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402 - only with PyTorch

from converters import load_ann, noise, ops  # noqa: E402 - same
from converters.training.ann_module import AnnModule  # noqa: E402 - same
from converters.training.spiking import MultiStep, Spike  # noqa: E402 - same
from eventsnn import Record, simulate_batch  # noqa: E402 - same
from eventsnn.datasets import load_data  # noqa: E402 - same

pytestmark = [pytest.mark.torch, pytest.mark.data]

WEIGHTS = Path(__file__).parents[3] / "benchmarks" / "trained" / "mnist_noise_seed0.npz"


def module(op):
    """One operation of the file as PyTorch has it."""
    match op:
        case ops.Conv2d(weight=w):
            made = nn.Conv2d(w.shape[1], len(w), w.shape[2:], op.stride, op.padding, bias=False)
        case ops.BatchNorm(weight=w):
            made = nn.BatchNorm1d(w.size, op.eps)  # 1d or 2d, the numbers are the same
            made._check_input_dim = lambda _: None
        case ops.Linear(weight=w):
            made = nn.Linear(w.shape[1], len(w), bias=op.bias is not None)
        case ops.Flatten():
            made = nn.Flatten()
        case ops.Spike():
            made = Spike(threshold=op.threshold, mean=op.mean)
    named = {name: getattr(op, name) for name in made.state_dict() if hasattr(op, name)}
    tensors = {name: torch.tensor(np.asarray(values)) for name, values in named.items()}
    made.load_state_dict(tensors, strict=False)
    return made.eval()


def test_the_trained_network_fires_in_eventsnn_as_in_pytorch(data_dir):
    ann = load_ann(WEIGHTS)
    pixels = load_data(data_dir / "mnist" / "t10k-images-idx3-ubyte.gz").images()[:100]
    images = (np.asarray(pixels)[:, None] / np.float32(255)).astype(np.float32)
    expected = {}
    values = torch.from_numpy(images)
    with torch.no_grad():
        for node in ann.nodes:
            values = module(node.op)(values)
            expected[node.name] = values.numpy()
    names = ann.names_of(ops.Spike)
    network = noise(ann, ticks=1).network
    runs = simulate_batch(network, images, ticks=1, record=Record(spikes=names))
    found = {name: np.stack([run.spikes[name].to_dense(1)[0] for run in runs]) for name in names}
    neurons = sum(spikes.size for spikes in found.values())
    assert neurons > 400_000
    differing = sum(int((found[name] != expected[name]).sum()) for name in names)
    assert differing <= math.floor(neurons / 100_000)
    answers = np.array([run.output.argmax() for run in runs])
    assert np.mean(answers == expected[ann.output].argmax(1)) >= 0.99


@pytest.mark.parametrize("name", ["resnet20_pre_current_noise", "resnet20_noise"])
def test_residual_networks_of_full_size_carry_the_same_residuals(name, data_dir):
    """Over four steps, in float32: at most one neuron in 100,000 may differ in a step."""
    ann = load_ann(WEIGHTS.with_name(f"{name}.npz"))
    pixels = load_data(data_dir / "cifar10_test_958.npz").images()[:4]
    mean, deviation = (
        np.array(values, np.float32)[:, None, None]
        for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    images = (np.asarray(pixels) / np.float32(255) - mean) / deviation
    with torch.no_grad():
        outputs, trains = MultiStep(AnnModule(ann).eval(), 4).run(torch.from_numpy(images))
    conversion = noise(ann, ticks=4)
    names = tuple(conversion.thresholds)
    assert set(names) == set(trains)
    runs = simulate_batch(conversion.network, images, ticks=4, record=Record(spikes=names))
    neurons = differing = 0
    for layer in names:
        found = np.stack([run.spikes[layer].to_dense(4) for run in runs], 1)
        expected = trains[layer][0].numpy()
        neurons += expected.size
        differing += int((found != expected).sum())
    assert neurons > 2_900_000
    assert differing <= math.floor(neurons / 100_000)
    answers = np.array([run.output.argmax() for run in runs])
    np.testing.assert_array_equal(answers, outputs.sum(0).argmax(1).numpy())
