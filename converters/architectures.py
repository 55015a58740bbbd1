"""Named graphs, so that a bare ``state_dict`` can be read without PyTorch."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from converters.ann import INPUT
from converters.graph_json import FORMAT, VERSION
from eventsnn import ConversionError

__all__ = ["KNOWN", "architecture", "architectures"]

#: Depths that the literature uses; any 6n + 2 is read.
_DEPTHS = (20, 32, 44, 56, 110)

KNOWN = f"{', '.join(f'resnet{depth}-cifar' for depth in _DEPTHS)} (any resnet{{6n+2}}-cifar)"


def architectures() -> tuple[str, ...]:
    """Names that `converters.load_ann` knows; ``resnet{6n+2}-cifar`` works for any n >= 1."""
    return tuple(f"resnet{depth}-cifar" for depth in _DEPTHS)


def architecture(name: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """The graph called ``name``, as JSON text for `converters.ann_from_source`.

    Args:
        name: one of `architectures`.
        arrays: the weights; they tell the number of input channels and of classes.

    Raises:
        ConversionError: the name is unknown; the known ones are listed.
    """
    match = re.fullmatch(r"resnet(\d{1,4})-cifar", name)
    depth = int(match[1]) if match else 0
    if depth < 8 or depth % 6 != 2:
        raise ConversionError(f"unknown architecture {name!r}; known are {KNOWN}")
    return json.dumps(
        _resnet_cifar(
            (depth - 2) // 6,
            in_channels=_size(arrays, "conv1.weight", axis=1, default=3),
            classes=_size(arrays, "linear.weight", axis=0, default=10),
        )
    )


def _size(arrays: Mapping[str, NDArray[Any]], key: str, *, axis: int, default: int) -> int:
    """A size read off an array; one that is missing or misshaped is reported later, by key."""
    values = arrays.get(key)
    return default if values is None or values.ndim <= axis else int(values.shape[axis])


def _resnet_cifar(blocks: int, *, in_channels: int, classes: int) -> dict[str, Any]:
    """The CIFAR ResNet of He et al. (arXiv 1512.03385, section 4.2) with shortcuts "option A".

    3x3 convolution, three stages of 16, 32 and 64 channels with ``blocks`` basic blocks
    each, the latter two halving the image in their first block, global average pooling,
    linear read-out. Parameter names as in akamaster/pytorch_resnet_cifar10.
    """
    nodes: list[dict[str, Any]] = []

    def node(name: str, op: str, *inputs: str, **fields: Any) -> str:
        nodes.append({"name": name, "op": op, "inputs": list(inputs), **fields})
        return name

    def convolution(scope: str, index: int, source: str, channels: int, stride: int = 1) -> str:
        fields = {"kernel_size": 3, "stride": stride, "padding": 1, "bias": False}
        conv = node(f"{scope}conv{index}", "Conv2d", source, out_channels=channels, **fields)
        return node(f"{scope}bn{index}", "BatchNorm", conv)

    trunk = node("relu1", "ReLU", convolution("", 1, INPUT, 16))
    for stage, channels in enumerate((16, 32, 64), start=1):
        for block in range(blocks):
            scope = f"layer{stage}.{block}."
            halves = stage > 1 and block == 0
            inner = convolution(scope, 1, trunk, channels, stride=2 if halves else 1)
            inner = node(f"{scope}relu1", "ReLU", inner)
            inner = convolution(scope, 2, inner, channels)
            if halves:
                pad = [channels // 4, channels // 4]
                trunk = node(f"{scope}shortcut", "Subsample", trunk, stride=2, pad_channels=pad)
            trunk = node(f"{scope}add", "Add", inner, trunk)
            trunk = node(f"{scope}relu2", "ReLU", trunk)
    trunk = node("flatten", "Flatten", node("avgpool", "GlobalAvgPool", trunk))
    node("linear", "Linear", trunk, out_features=classes)
    return {
        "format": FORMAT,
        "version": VERSION,
        "input_shape": [in_channels, 32, 32],
        "output": "linear",
        "nodes": nodes,
    }
