"""The training loop, and the activation whose threshold is learnt."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402 - only with PyTorch

from converters.training.augment import flipped_and_shifted  # noqa: E402 - same
from converters.training.ceilings import (  # noqa: E402 - same
    initialize_ceilings,
    keep_ceilings_positive,
    parameter_groups,
)
from converters.training.clip import ClippedReLU  # noqa: E402 - same
from converters.training.fit import fit  # noqa: E402 - same
from eventsnn import ConversionError  # noqa: E402 - same

pytestmark = pytest.mark.torch


def model(seed=0):
    """Dropout draws from the generator too; a training that resumes must go on with it."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), ClippedReLU(2.0), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(4 * 4 * 4, 3),
    )  # fmt: skip


def data(count=50):
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 3, (count,), generator=generator)
    images = torch.rand(count, 1, 6, 6, generator=generator)
    return images + labels[:, None, None, None], labels


SETTINGS = {"epochs": 4, "batch_size": 16, "learning_rate": 0.1, "seed": 3}


def trained(**changes):
    net = model()
    history = fit(
        net, *data(), augment=lambda x: flipped_and_shifted(x, 1), **{**SETTINGS, **changes}
    )
    return net, history


class InterruptionError(Exception):
    pass


def interrupt_after(steps):
    """A ``project`` that stops the training at a step."""
    left = itertools.count(steps, -1)

    def project(_):
        if not next(left):
            raise InterruptionError

    return project


@pytest.mark.parametrize("steps", [0, 4, 9])
def test_a_resumed_training_ends_as_an_uninterrupted_one(tmp_path, steps):
    files = {"checkpoint": tmp_path / "c.pt", "log": tmp_path / "log.jsonl"}
    with pytest.raises(InterruptionError):
        trained(**files, project=interrupt_after(steps))
    torch.rand(7)  # the process that resumes has another past
    resumed, history = trained(**files)
    whole, expected = trained()
    for name, values in whole.state_dict().items():
        assert torch.equal(values, resumed.state_dict()[name]), name
    lines = [json.loads(line) for line in files["log"].read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert [(e.loss, e.train_accuracy) for e in history] == [
        (e.loss, e.train_accuracy) for e in expected
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.pt", "log.jsonl"]


def test_it_learns_and_leaves_the_global_generator_alone():
    net = model()
    state = torch.get_rng_state()
    history = fit(net, *data(), epochs=20, batch_size=8, learning_rate=0.05)
    assert torch.equal(torch.get_rng_state(), state)
    assert not net.training
    images, labels = data()
    with torch.no_grad():
        assert (net(images).argmax(1) == labels).float().mean() > 0.9
    assert history[-1].loss < history[0].loss


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    trained(checkpoint=tmp_path / "c.pt", epochs=1)
    with pytest.raises(ConversionError, match=r"'epochs': 1.*expected .*'epochs': 2.*remove"):
        trained(checkpoint=tmp_path / "c.pt", epochs=2)


def test_a_loss_that_is_no_number_is_an_error(tmp_path):
    images, labels = data()
    with pytest.raises(ConversionError, match="epoch 1: the loss is nan; use a smaller learning"):
        fit(
            model(), images * np.nan, labels, **SETTINGS, checkpoint=tmp_path / "c.pt"
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_augmented_images_are_mirrored_and_moved():
    torch.manual_seed(0)
    image = torch.arange(1, 10, dtype=torch.uint8).reshape(1, 1, 3, 3)
    padded = nn.functional.pad(image[0, 0], (1, 1, 1, 1))
    possible = {
        tuple((padded[r : r + 3, c : c + 3].flip(1) if f else padded[r : r + 3, c : c + 3])
              .flatten().tolist())
        for r in range(3) for c in range(3) for f in range(2)
    }  # fmt: skip
    made = flipped_and_shifted(image.expand(500, 1, 3, 3), 1)
    assert made.dtype == torch.uint8
    assert {tuple(one.flatten().tolist()) for one in made} == possible


def test_clipped_relu_is_clamp_and_so_are_its_gradients():
    torch.manual_seed(0)
    clip = ClippedReLU(1.5)
    x = torch.randn(3, 4, 5, 5).mul(2).requires_grad_()
    twin, theta = x.detach().clone().requires_grad_(), torch.tensor(1.5, requires_grad=True)
    weights = torch.randn(x.shape)
    found, expected = clip(x), torch.clamp(twin, torch.zeros(()), theta)
    assert torch.equal(found, expected)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(x.grad, twin.grad)
    torch.testing.assert_close(clip.ceiling.grad, theta.grad)


def test_thresholds_begin_at_a_quantile_of_what_arrives():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), ClippedReLU(), nn.Linear(8, 8), ClippedReLU()).eval()
    x = torch.randn(300, 4)
    initialize_ceilings(net, x, quantile=0.9)
    with torch.no_grad():
        first = net[0](x).clamp(min=0)
        theta = np.quantile(first.numpy(), 0.9)
        second = net[2](first.clamp(max=float(theta))).clamp(min=0)
    assert net[1].ceiling.item() == pytest.approx(theta)
    assert net[3].ceiling.item() == pytest.approx(np.quantile(second.numpy(), 0.9), rel=1e-5)
    assert not net[1]._forward_pre_hooks


def test_thresholds_stay_positive_and_have_a_decay_of_their_own():
    net = model()
    groups = parameter_groups(net, weight_decay=1e-3, ceiling_decay=50.0)
    assert [len(group["params"]) for group in groups] == [2, 1, 4]
    assert groups[1]["params"][0] is net[2].ceiling
    fit(
        net, *data(), **SETTINGS, parameters=groups, project=keep_ceilings_positive
    )  # fmt: skip
    assert net[2].ceiling.item() == pytest.approx(0.01)
