"""ANNs with what a conversion adds to them: thresholds, a kind of neuron, T, images."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from converters import Ann, Node, max_pool_before_concat, ops, relu_before_max_pool
from converters.testing import anns, images

KINDS = ("if", "signed")


def small_net(seed=0, ceiling=None):
    """A residual network with random weights on 6 x 6 images."""
    rng = np.random.default_rng(seed)

    def conv(c_in, c_out):
        return ops.Conv2d(
            rng.normal(size=(c_out, c_in, 3, 3)) / 4, rng.normal(size=c_out) / 4, padding=1
        )

    return Ann(
        (2, 6, 6),
        (
            Node("conv1", conv(2, 6)),
            Node("relu1", ops.ReLU(ceiling), ("conv1",)),
            Node("conv2", conv(6, 6), ("relu1",)),
            Node("relu2", ops.ReLU(ceiling), ("conv2",)),
            Node("conv3", conv(6, 6), ("relu2",)),
            Node("add", ops.Add(), ("conv3", "relu1")),
            Node("relu3", ops.ReLU(ceiling), ("add",)),
            Node("pool", ops.GlobalAvgPool(), ("relu3",)),
            Node("flatten", ops.Flatten(), ("pool",)),
            Node("fc", ops.Linear(rng.normal(size=(4, 6))), ("flatten",)),
        ),
    )


def small_images(count=24, seed=1):
    return np.random.default_rng(seed).normal(size=(count, 2, 6, 6)).astype(np.float32)


@st.composite
def conversions(draw):
    """An ANN with dyadic thresholds, kinds of neurons, their longest burst, T, and images."""
    ann = max_pool_before_concat(relu_before_max_pool(draw(anns())))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    burst = draw(st.sampled_from([1, 1, 2, 4]))
    thresholds = {}
    for name in ann.names_of(ops.ReLU):
        channels, *pixels = ann.shapes[name]
        theta = rng.integers(1, 9, (channels, *(1,) * len(pixels))) / 4
        thresholds[name] = np.minimum(theta, (ann.by_name[name].op.ceiling or np.inf) / burst)
    offered = draw(st.sampled_from([KINDS[:1], KINDS[1:], KINDS]))
    kinds = {name: draw(st.sampled_from(offered)) for name in thresholds}
    return ann, thresholds, kinds, burst, draw(st.integers(1, 6)), draw(images(ann))
