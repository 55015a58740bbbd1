"""The ImageNet ResNets."""

from __future__ import annotations

from converters.ann.graph import INPUT
from converters.intake.architectures.graph import Arrays, GraphWriter, size

__all__ = ["BLOCKS", "resnet"]

#: Blocks per stage, by depth; from 50 layers on they are bottlenecks.
BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


def resnet(depth: int, arrays: Arrays) -> str:
    """The ResNet of He et al. (arXiv 1512.03385, section 4.1) on 224 x 224 pixels.

    7x7 convolution with stride 2, 3x3 max pooling with stride 2, four stages of width 64 to
    512, projection shortcuts, global average pooling, linear read-out. Bottlenecks have their
    stride in the 3x3 convolution. Keys as in torchvision.
    """
    graph = GraphWriter()
    stem = graph.convolution("conv1", "bn1", INPUT, 64, 7, 2)
    relu = graph.node("relu", "ReLU", stem)
    trunk = graph.node("maxpool", "MaxPool2d", relu, kernel_size=3, stride=2, padding=1)
    channels, expansion = 64, 4 if depth >= 50 else 1
    for stage, count in enumerate(BLOCKS[depth]):
        width = 64 * 2**stage
        for block in range(count):
            scope = f"layer{stage + 1}.{block}."
            stride = 2 if stage and not block else 1
            inner = _residual(graph, scope, trunk, width, stride, expansion)
            if stride > 1 or channels != width * expansion:
                channels = width * expansion
                names = (f"{scope}downsample.0", f"{scope}downsample.1")
                trunk = graph.convolution(*names, trunk, channels, 1, stride)
            trunk = graph.node(f"{scope}add", "Add", inner, trunk)
            trunk = graph.node(f"{scope}relu", "ReLU", trunk)
    trunk = graph.node("flatten", "Flatten", graph.node("avgpool", "GlobalAvgPool", trunk))
    classes = size(arrays, "fc.weight", axis=0, default=1000)
    graph.node("fc", "Linear", trunk, out_features=classes)
    return graph.text((size(arrays, "conv1.weight", axis=1, default=3), 224, 224))


def _residual(
    graph: GraphWriter, scope: str, source: str, width: int, stride: int, expansion: int
) -> str:
    """What a block adds to its input."""
    steps = [(width, 3, stride), (width, 3, 1)]
    if expansion > 1:
        steps = [(width, 1, 1), (width, 3, stride), (width * expansion, 1, 1)]
    value = source
    for number, (channels, kernel, step) in enumerate(steps, start=1):
        names = (f"{scope}conv{number}", f"{scope}bn{number}")
        value = graph.convolution(*names, value, channels, kernel, step)
        if number < len(steps):
            value = graph.node(f"{scope}relu{number}", "ReLU", value)
    return value
