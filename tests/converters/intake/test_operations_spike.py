"""Operations that PyTorch models bring: the engine equals the oracle to the bit on them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from styles import STYLES  # noqa: E402 - only with PyTorch

from converters import Ann, canonical, lower, ops  # noqa: E402 - same
from converters.intake.export_torch import trace  # noqa: E402 - same
from eventsnn import Unflatten  # noqa: E402 - same
from eventsnn.testing import assert_equals_oracle  # noqa: E402 - same

pytestmark = pytest.mark.torch

OPERATIONS = """
    ShuffleNet | F.pad and max_pool | avg_pool, count_include_pad=False | avg_pool, ceil_mode |
    adaptive pool to an odd size | chunk | channel slices | crop | PixelShuffle | flip | split |
    permute to channels last | nearest interpolation | bilinear interpolation | sum((2, 3)) |
    view(b, c, -1).max(2) | mean(1) | ReflectionPad2d | TensorFlow's same padding |
    U-Net (Upsample) |
    ConvTranspose, stride, padding, output_padding, groups | x @ W.t() + b | addmm |
    linear on the last axis | torch.stack(..).mean(0) | conv-pool-BN-ReLU |
    GoogLeNet, SqueezeNet 1.0 (ceil_mode) | SqueezeNet 1.1 | activation QCFS | hardtanh(-1, 1)
"""
NAMES = [name.strip() for name in OPERATIONS.split("|")]


def dyadic(ann: Ann) -> Ann:
    """Few bits for all numbers, so that no sum is rounded."""

    def rounded(op):
        changed = {}
        for field in dataclasses.fields(op):
            value = getattr(op, field.name)
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                changed[field.name] = np.round(value * 16) / 16
        if isinstance(op, ops.ReLU) and op.ceiling is not None:
            changed["ceiling"] = max(0.25, round(op.ceiling * 4) / 4)
        if isinstance(op, ops.Scale):
            changed["factor"] = round(op.factor * 16) / 16
        return dataclasses.replace(op, **changed)

    ann = canonical(ann)
    nodes = tuple(dataclasses.replace(node, op=rounded(node.op)) for node in ann.nodes)
    return Ann(ann.input_shape, nodes, ann.output)


@pytest.mark.parametrize("name", NAMES)
def test_engine_equals_oracle(name):
    style = STYLES[name]
    torch.manual_seed(0)
    model = style.make()
    ann = dyadic(trace(model, torch.rand(2, *style.shape)))
    thetas = {n: ann.by_name[n].op.ceiling or 0.5 for n in ann.names_of(ops.ReLU)}
    network = lower(ann, thetas)
    image = np.round(np.random.default_rng(0).random(ann.input_shape) * 8) / 8
    assert_equals_oracle(network, image, ticks=5, precision="float64")


def test_selections_are_images_again():
    style = STYLES["nn.ChannelShuffle"]
    ann = trace(style.make(), torch.rand(2, *style.shape))
    network = lower(canonical(ann), dict.fromkeys(ann.names_of(ops.ReLU), 1.0))
    chains = [link.chain for layer in network.layers for link in layer.links]
    assert any(isinstance(synapse, Unflatten) for chain in chains for synapse in chain)
