"""Fine-tuning: from a trained network to one that spikes, and on after an interruption."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402 - only with PyTorch
from hypothesis import strategies as st  # noqa: E402 - same
from profiles import compiled  # noqa: E402 - same
from torch import nn  # noqa: E402 - same

from converters import Ann, Node, forward, load_ann, noise, ops, rate  # noqa: E402 - same
from converters.intake.export_torch import export, trace  # noqa: E402 - same
from converters.testing import anns, images  # noqa: E402 - same
from converters.training.ann_module import AnnModule  # noqa: E402 - same
from converters.training.augment import flipped_and_shifted  # noqa: E402 - same
from converters.training.ceilings import bounded  # noqa: E402 - same
from converters.training.fine_tune import fine_tune, with_activations  # noqa: E402 - same
from converters.training.fit import accuracy  # noqa: E402 - same
from converters.training.qcfs import QCFS  # noqa: E402 - same
from converters.training.spiking import ScaledSpike  # noqa: E402 - same
from eventsnn import ConversionError, InputError, simulate  # noqa: E402 - same

pytestmark = pytest.mark.torch

SHAPE = (1, 6, 6)
ACTIVATIONS = {
    "clip": "clip",
    "qcfs": partial(QCFS, 4),
    "noise": "noise",
}


def model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3),
    )  # fmt: skip


def data(count=90):
    """Each class has a bright row."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(count) % 3
    pixels = 0.5 * torch.randn(count, *SHAPE, generator=generator)
    pixels[torch.arange(count), :, 2 * labels] += 1.5
    return pixels, labels


def tuned(network=None, **changes):
    settings = {"epochs": 3, "batch_size": 16, "learning_rate": 0.05, "seed": 5}
    return fine_tune(network or model(), *data(), **(settings | changes))


@given(st.data())
def test_the_module_of_an_ann_computes_what_the_ann_does(drawn):
    ann = drawn.draw(anns())
    x = drawn.draw(images(ann))
    module = AnnModule(ann).double().eval()
    with torch.no_grad():
        found = module(torch.from_numpy(x)).numpy()
    expected = forward(ann, x, dtype=np.float64)
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, atol=1e-9 * scale, rtol=1e-9)


def test_layers_keep_the_names_of_the_nodes(tmp_path):
    ann = trace(model(), torch.rand(2, *SHAPE))
    again = trace(AnnModule(ann), torch.rand(2, *SHAPE))
    kinds = (ops.Conv2d, ops.BatchNorm, ops.ReLU, ops.Linear)
    for kind in kinds:
        assert again.names_of(kind) == ann.names_of(kind)
    export(AnnModule(ann), torch.rand(2, *SHAPE), tmp_path / "net.npz")


class InterruptionError(Exception):
    pass


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batches", [4, 7, 13])
def test_interrupted_at_any_epoch_it_goes_on_to_the_same_result(activation, batches, tmp_path):
    """Six batches an epoch, one more measures the ceilings."""
    left = itertools.count(batches, -1)

    def interrupting(x):
        if not next(left):
            raise InterruptionError
        return flipped_and_shifted(x, 1)

    files = {"checkpoint": tmp_path / "c.pt", "log": tmp_path / "log.jsonl"}
    same = {"activation": ACTIVATIONS[activation], "held_out": data(30)}
    with pytest.raises(InterruptionError):
        tuned(**same, **files, augment=interrupting)
    torch.rand(3)  # the process that goes on has another past
    resumed = tuned(**same, **files, augment=partial(flipped_and_shifted, most=1))
    whole = tuned(**same, augment=partial(flipped_and_shifted, most=1))
    for name, values in whole.state_dict().items():
        assert torch.equal(values, resumed.state_dict()[name]), name
    assert len(files["log"].read_text().splitlines()) == 3


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_learns_and_leaves_the_network_alone(activation):
    before = model()
    state = torch.get_rng_state()
    after = tuned(before, activation=ACTIVATIONS[activation], epochs=12)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(map(torch.equal, before.parameters(), model().parameters()))
    assert not after.training
    assert accuracy(after, *data()) > 0.9
    ceilings = [module.ceiling.item() for module in bounded(after)]
    assert len(ceilings) == 2
    assert min(ceilings) >= 0.01


@compiled
@pytest.mark.parametrize("name", ["clip", "noise"])
def test_what_it_returns_converts(name, tmp_path):
    after = tuned(activation=name, epochs=6)
    x, _ = data()
    ann = export(after, x[:2], tmp_path / "net.npz")
    assert load_ann(tmp_path / "net.npz") == ann
    with torch.no_grad():
        expected = after(x[:20]).numpy()
    if name == "noise":
        network = noise(ann, ticks=1).network
        found = np.array([simulate(network, image, ticks=1).output for image in x[:20].numpy()])
        np.testing.assert_allclose(found, expected, atol=1e-4)
    else:
        network = rate(ann, x.numpy(), ticks=256).network
        found = np.array([simulate(network, image, ticks=256).output for image in x[:20].numpy()])
        assert np.mean(found.argmax(1) == expected.argmax(1)) >= 0.9


def test_a_scaled_spike_is_worth_its_ceiling_as_often_as_a_rate_says():
    layer = ScaledSpike(2.0).train()
    torch.manual_seed(0)
    x = torch.linspace(-1, 3, 9).repeat(100_000, 1)
    means = layer(x).mean(0)
    assert (means - x[0].clamp(0, 2)).abs().max() < 0.0572 * 2 + 0.01
    layer.eval()
    assert set(layer(x[0]).tolist()) == {0.0, 2.0}
    assert layer(torch.tensor([0.99, 1.0])).tolist() == [0.0, 2.0]


def test_what_cannot_be_tuned_is_refused():
    with pytest.raises(ConversionError, match=r"Linear: found no activation to replace; make"):
        tuned(nn.Linear(4, 2), activation="clip")
    with pytest.raises(ConversionError, match=r"one of \('clip', 'qcfs', 'noise'\).*'tanh'"):
        tuned(activation="tanh")
    x, y = data()
    with pytest.raises(InputError, match="one for each image, found 89 for 90"):
        fine_tune(model(), x, y[1:], activation="clip")


def test_ceilings_of_an_ann_become_trained_ones():
    """A ReLU6 is a ReLU with a ceiling, and both are replaced."""
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU6(), nn.Flatten(), nn.Linear(32, 3))
    ann = trace(network, torch.rand(2, *SHAPE))
    for source in (network, ann):
        assert len(list(bounded(with_activations(source, "qcfs")))) == 1


@pytest.mark.parametrize(
    "activation", [ops.ReLU(2.0, 3), ops.ReLU(2.0), ops.ReLU()], ids=["levels", "ceiling", "plain"]
)
@pytest.mark.parametrize("selects", [True, False])
def test_sparse_matrices_and_levels_can_be_trained_on(activation, selects):
    rng = np.random.default_rng(0)
    places = np.array([3, 0, 2, 1, 3], dtype=np.int32)
    data = np.ones(5) if selects else rng.normal(size=5)
    rows = np.arange(6, dtype=np.int32)
    sparse = ops.Sparse(data, places, rows, 4, (5, 1, 1), None if selects else rng.normal(size=5))
    nodes = (
        Node("sparse", sparse),
        Node("relu", activation, ("sparse",)),
        Node("flat", ops.Flatten(), ("relu",)),
        Node("fc", ops.Linear(rng.normal(size=(2, 5))), ("flat",)),
    )
    ann = Ann((1, 2, 2), nodes)
    x = rng.normal(size=(3, 1, 2, 2)).astype(np.float32)
    with torch.no_grad():
        found = AnnModule(ann)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, forward(ann, x), atol=1e-5)
