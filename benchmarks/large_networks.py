"""VGG-16 and ResNet-34 on one image of 224 x 224 pixels: seconds, memory, synaptic operations.

Random weights (He initialization, so that activations neither vanish nor explode), thresholds
from the 99.9 % quantile of the activations on random images. Needs no PyTorch::

    python benchmarks/large_networks.py [vgg16 | resnet34 ...] [--ticks 32]
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from converters import ann_from_source, macs, rate
from converters.intake.architectures import architecture
from eventsnn import simulate

Arrays = dict[str, NDArray[Any]]


def weights(graph: dict[str, Any], generator: np.random.Generator) -> Arrays:
    """He-normal weights and mild batch norms for a graph, by key."""
    shapes = {"input": graph["input_shape"]}
    arrays = {}
    for node in graph["nodes"]:
        name, source = node["name"], shapes[node["inputs"][0]]
        channels, pixels = source[0], source[1:]
        match node["op"]:
            case "Conv2d":
                shape = (node["out_channels"], channels, *[node["kernel_size"]] * 2)
                stride, padding = node.get("stride", 1), node.get("padding", 0)
                reach = node["kernel_size"] - 2 * padding
                shapes[name] = [shape[0], *((n - reach) // stride + 1 for n in pixels)]
            case "Linear":
                shape = (node["out_features"], channels)
                shapes[name] = [shape[0]]
            case "BatchNorm":
                arrays[f"{name}.weight"] = generator.uniform(0.3, 0.7, channels)
                arrays[f"{name}.bias"] = generator.normal(0, 0.1, channels)
                arrays[f"{name}.running_mean"] = generator.normal(0, 0.1, channels)
                arrays[f"{name}.running_var"] = generator.uniform(0.5, 1.5, channels)
                shapes[name] = source
                continue
            case "MaxPool2d":
                kernel, padding = node["kernel_size"], node.get("padding", 0)
                stride = node.get("stride", kernel)
                shapes[name] = [
                    channels,
                    *((n + 2 * padding - kernel) // stride + 1 for n in pixels),
                ]
                continue
            case "GlobalAvgPool":
                shapes[name] = [channels, 1, 1]
                continue
            case "Flatten":
                shapes[name] = [math.prod(source)]
                continue
            case _:
                shapes[name] = source
                continue
        deviation = math.sqrt(2 / math.prod(shape[1:]))
        values = generator.standard_normal(shape, dtype=np.float32)
        arrays[f"{name}.weight"] = values * np.float32(deviation)
        if node.get("bias", True):
            arrays[f"{name}.bias"] = np.zeros(shape[0], dtype=np.float32)
    return arrays


def images(count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of mean 0 and variance 1, as preprocessed photographs have."""
    noise = generator.standard_normal((count, 3, 224, 224))
    smooth = gaussian_filter(noise, (0, 0, 4, 4))
    return (smooth / smooth.std()).astype(np.float32)


def gibibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(name: str, steps: int) -> None:
    generator = np.random.default_rng(0)
    text = architecture(name, {})
    ann = ann_from_source(text, weights(json.loads(text), generator))
    x = images(5, generator)
    start = time.perf_counter()
    conversion = rate(ann, x[:4], ticks=steps)
    converted = time.perf_counter() - start
    simulate(conversion.network, x[4], ticks=1)  # the first run compiles
    start = time.perf_counter()
    run = simulate(conversion.network, x[4], ticks=steps)
    seconds = time.perf_counter() - start
    counts = run.counts
    neurons = sum(math.prod(layer.shape) for layer in conversion.network.layers)
    activity = sum(counts.spikes.values()) / neurons / steps
    print(
        f"{name}: {neurons:,} neurons, {sum(macs(ann).values()):,} MACs; converted in "
        f"{converted:.1f} s; T = {steps}: {seconds:.1f} s with planning, {counts.synops:,} synops, "
        f"{activity:.3f} spikes per neuron and tick; peak memory so far {gibibytes():.1f} GiB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", default=["resnet34", "vgg16"])
    parser.add_argument("--ticks", type=int, default=32)
    options = parser.parse_args()
    for name in options.names:
        measure(name, options.ticks)


if __name__ == "__main__":
    main()
