"""The CIFAR ResNet with shortcuts "option A"."""

from __future__ import annotations

from converters.ann.graph import INPUT
from converters.intake.architectures.graph import Arrays, GraphWriter, size

__all__ = ["resnet_cifar"]


def resnet_cifar(depth: int, arrays: Arrays) -> str:
    """The CIFAR ResNet of He et al. (arXiv 1512.03385, section 4.2), depth 6n + 2.

    3x3 convolution, three stages of 16, 32 and 64 channels with n basic blocks each, the
    latter two halving the image in their first block, global average pooling, linear
    read-out. Keys as in akamaster/pytorch_resnet_cifar10.
    """
    graph = GraphWriter()
    stem = graph.convolution("conv1", "bn1", INPUT, 16, 3)
    trunk = graph.node("relu1", "ReLU", stem)
    for stage, channels in enumerate((16, 32, 64), start=1):
        for block in range((depth - 2) // 6):
            scope = f"layer{stage}.{block}."
            halves = stage > 1 and block == 0
            inner = graph.convolution(
                f"{scope}conv1", f"{scope}bn1", trunk, channels, 3, 2 if halves else 1
            )
            inner = graph.node(f"{scope}relu1", "ReLU", inner)
            inner = graph.convolution(f"{scope}conv2", f"{scope}bn2", inner, channels, 3)
            if halves:
                pad = [channels // 4, channels // 4]
                trunk = graph.node(
                    f"{scope}shortcut", "Subsample", trunk, stride=2, pad_channels=pad
                )
            trunk = graph.node(f"{scope}add", "Add", inner, trunk)
            trunk = graph.node(f"{scope}relu2", "ReLU", trunk)
    trunk = graph.node("flatten", "Flatten", graph.node("avgpool", "GlobalAvgPool", trunk))
    classes = size(arrays, "linear.weight", axis=0, default=10)
    graph.node("linear", "Linear", trunk, out_features=classes)
    return graph.text((size(arrays, "conv1.weight", axis=1, default=3), 32, 32))
