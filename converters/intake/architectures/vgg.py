"""VGG, for ImageNet and for CIFAR."""

from __future__ import annotations

import re

from converters.ann.graph import INPUT
from converters.intake.architectures.graph import Arrays, GraphWriter, size

__all__ = ["STAGES", "vgg"]

#: Convolutions before each of the five max poolings, by depth.
STAGES = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def vgg(depth: int, arrays: Arrays, *, norm: bool, pixels: int) -> str:
    """The VGG of Simonyan and Zisserman (arXiv 1409.1556) on ``pixels`` x ``pixels``.

    3x3 convolutions of 64, 128, 256, 512 and 512 channels, with batch norm or without, ReLU,
    and 2x2 max pooling after each stage. Keys as in torchvision: ``features.N``, where
    convolution, batch norm, ReLU and pooling each take a number, and a head that is either one
    linear layer ``classifier`` or several, ``classifier.N``, in the order of N with ReLU
    between them; numbers that have no weights are dropout and ReLU. How many layers of which
    width the head has is read off the weights.
    """
    graph = GraphWriter()
    value, number = INPUT, 0

    def feature(op: str, **fields: object) -> None:
        nonlocal value, number
        value = graph.node(f"features.{number}", op, value, **fields)
        number += 1

    for stage, count in enumerate(STAGES[depth]):
        for _ in range(count):
            feature("Conv2d", out_channels=64 * 2 ** min(stage, 3), kernel_size=3, padding=1)
            if norm:
                feature("BatchNorm")
            feature("ReLU")
        feature("MaxPool2d", kernel_size=2)
    value = graph.node("flatten", "Flatten", value)
    head = _head(arrays, "classifier" if pixels == 32 else None)
    for name in head:
        classes = size(arrays, f"{name}.weight", axis=0, default=10 if pixels == 32 else 1000)
        value = graph.node(name, "Linear", value, out_features=classes)
        if name != head[-1]:
            value = graph.node(f"{name}.relu", "ReLU", value)
    return graph.text((size(arrays, "features.0.weight", axis=1, default=3), pixels, pixels))


def _head(arrays: Arrays, single: str | None) -> list[str]:
    """Names of the linear layers; without any in the weights, those of the usual head."""
    found = [re.fullmatch(r"classifier(\.(\d{1,6}))?\.weight", key) for key in arrays]
    numbers = sorted(int(match[2]) for match in found if match is not None and match[2])
    if numbers and "classifier.weight" not in arrays:
        return [f"classifier.{number}" for number in numbers]
    if single is not None or "classifier.weight" in arrays:
        return ["classifier"]
    return ["classifier.0", "classifier.3", "classifier.6"]
