"""The three blocks, from PyTorch over the NPZ to spikes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402 - only with PyTorch
from hypothesis import strategies as st  # noqa: E402 - same
from profiles import compiled  # noqa: E402 - same

from converters import forward, load_ann, ops, rate  # noqa: E402 - same
from converters.intake.export_torch import export, trace  # noqa: E402 - same
from converters.training.ceilings import initialize_ceilings  # noqa: E402 - same
from converters.training.clip import ClippedReLU  # noqa: E402 - same
from converters.training.resnet import ResNet  # noqa: E402 - same
from eventsnn import IF, LI, ConversionError, Relay, simulate  # noqa: E402 - same

pytestmark = pytest.mark.torch

BLOCKS = ["post", "pre_spike", "pre_current"]
IMAGES = 24


def small(block, depth=8, width=3, seed=0, stem_stride=1):
    """A network with the statistics of some images, and thresholds that clip a little."""
    torch.manual_seed(seed)
    model = ResNet(depth, width, block, stem_stride=stem_stride, classes=5)
    images = torch.randn(IMAGES, 3, 8, 8)
    initialize_ceilings(model.train(), images)
    with torch.no_grad():
        for _ in range(30):
            model(images)
    initialize_ceilings(model.eval(), images, quantile=0.98)
    return model, images


@pytest.mark.parametrize("block", BLOCKS)
def test_exported_network_answers_as_the_model(block, tmp_path):
    model, images = small(block, depth=14)
    ann = export(model, images[:2], tmp_path / "net.npz")
    assert load_ann(tmp_path / "net.npz") == ann
    with torch.no_grad():
        np.testing.assert_allclose(forward(ann, images.numpy()), model(images), atol=1e-4)


@pytest.mark.parametrize("block", BLOCKS)
def test_rectifiers_carry_their_trained_thresholds_and_names(block):
    model, images = small(block)
    ann = trace(model, images[:1])
    trained = {
        name: module.ceiling.item()
        for name, module in model.named_modules()
        if isinstance(module, ClippedReLU)
    }
    assert {name: ann.by_name[name].op.ceiling for name in ann.names_of(ops.ReLU)} == trained
    # a part of 2 % is above the ceiling, so that this is what the recipe takes
    assert rate(ann, images.numpy(), ticks=8).thresholds == trained


@compiled
@settings(max_examples=3)
@given(st.integers(0, 2**16), st.sampled_from([8, 14]), st.sampled_from([1, 2]))
@pytest.mark.parametrize("block", BLOCKS)
def test_rates_approach_the_ann(block, seed, depth, stem_stride):
    """The error of the read-out's mean falls as 1 / T."""
    model, images = small(block, depth, 2, seed, stem_stride)
    ann = trace(model, images[:1])
    network = rate(ann, images.numpy(), ticks=1024).network
    expected = forward(ann, images[:2].numpy())
    scale = np.abs(expected).max()

    def error(ticks):
        made = [simulate(network, x, ticks=ticks).output / ticks for x in images[:2].numpy()]
        return np.abs(np.array(made) - expected).max() / scale

    assert error(2048) < 0.03
    assert error(2048) < max(error(128) / 3, 0.005)


def test_pre_current_carries_its_trunk_by_relays_and_nothing_else_multiplies():
    model, images = small("pre_current", depth=14)
    network = rate(trace(model, images[:1]), images.numpy(), ticks=4).network
    kinds = {layer.name: type(layer.neuron) for layer in network.layers}
    assert sum(kind is IF for kind in kinds.values()) == 2 * 6
    # the stem's current and the sum of each block but the last, which only the read-out receives
    assert sum(kind is Relay for kind in kinds.values()) == 6
    assert [kind for kind in kinds.values() if kind is LI] == [LI]
    counts = simulate(network, images[0].numpy(), ticks=4).counts
    for link in counts.links:
        assert (link.mac if kinds.get(link.source) is IF else link.ac) == 0
    # The stem's current, the two sums of 3 channels, the two of 6 and the one of 12, each tick:
    trunk = 3 * (3 * 64) + 2 * (6 * 16) + 12 * 4
    # to its own block's neurons, and to the next sum, twice by a 1x1 convolution with stride 2
    onwards = 2 * (3 * 64) + 16 * 3 * 6 + 6 * 16 + 4 * 6 * 12
    # the last sum and its batch norm are linear, so the sum before reaches the read-out itself
    assert counts.mac == 4 * (trunk + onwards + 12 * 4 * 5)


@pytest.mark.parametrize("block", ["post", "pre_spike"])
def test_the_other_blocks_multiply_nothing(block):
    model, images = small(block, depth=14)
    network = rate(trace(model, images[:1]), images.numpy(), ticks=4).network
    assert not any(isinstance(layer.neuron, Relay) for layer in network.layers)
    assert simulate(network, images[0].numpy(), ticks=4).counts.mac == 0


def test_depth_counts_the_layers():
    for block in BLOCKS:
        model = ResNet(20, 2, block)
        weighted = [
            name
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Conv2d | torch.nn.Linear) and "shortcut" not in name
        ]
        assert len(weighted) == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((9, 4, "post"), "depth of 8, 14, 20, ... and a width >= 1, found 9 and 4"),
        ((8, 0, "post"), "found 8 and 0"),
        ((8, 4, "pre"), r"expected one of \('post', 'pre_spike', 'pre_current'\), found 'pre'"),
    ],
)
def test_impossible_networks_are_refused(arguments, message):
    with pytest.raises(ConversionError, match=message):
        ResNet(*arguments)
