"""Is it deviation that costs accuracy at small T, or are there too few levels? ResNet-20.

    python benchmarks/levels_or_deviation.py DATA --ticks 8 --neuron exact
    python benchmarks/levels_or_deviation.py DATA --ticks 8 --neuron signed --burst 2
    python benchmarks/levels_or_deviation.py DATA --ticks 16 --neuron 'layer3.*=signed'

Tunes as recipe `ttrbr` does and compares answers with the ANN's on held-out training images, in
the dense simulation of `converters.calibration.trains`. "exact" neurons count their mean current,
``clip(floor(T mean I / theta + v0 / theta), 0, T)``: an ANN of T + 1 levels without deviation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from small_cifar import read

from converters import activation_quantiles, fold_batch_norm, forward, load_ann
from converters.calibration import neuron_search, tune_thresholds
from converters.calibration.dynamics import spike_train
from converters.calibration.trains import mean_over, walk
from converters.lowering.neuron_kinds import neuron_kinds
from converters.recipes.ttrbr import kinds_of_neurons

Array = np.ndarray[Any, Any]
AT_ONCE = 50


def exact_counts(currents: Array, theta: Array, v0: Array, _: str, ticks: int, __: int) -> Array:
    mean = currents.mean(axis=0)
    return np.clip(np.floor((mean * ticks + v0) / theta), 0, ticks).astype(np.int16)


def exact_train(currents: Array, theta: Array, v0: Array, _: str, ticks: int, __: int) -> Array:
    """One tick that stands for all."""
    return (exact_counts(currents, theta, v0, _, ticks, __) / np.float32(ticks))[None]


def log_softmax(z: Array) -> Array:
    z = z - z.max(axis=1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="folder with the weights and images")
    parser.add_argument("--ticks", type=int, default=8)
    parser.add_argument("--neuron", default="exact", help="exact, or as of eventsnn convert")
    parser.add_argument("--burst", type=int, default=1)
    parser.add_argument("--calibration", type=int, default=512)
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    exact, ticks = options.neuron == "exact", options.ticks
    ann = fold_batch_norm(load_ann(options.data / "resnet20_cifar10.npz", "resnet20-cifar"))
    # exact neurons may start where signed ones do
    kinds = neuron_kinds(ann, kinds_of_neurons("signed" if exact else options.neuron))
    images, _ = read(options.data / "cifar10_train_1of5.npz", 32)
    chosen = np.random.default_rng(0).permutation(len(images))[: options.calibration]
    images = images[np.sort(chosen)]
    x = read(options.data / "cifar10_train_5of5.npz", 32)[0][: options.images]
    start = activation_quantiles(ann, images, per="channel")
    train = exact_train if exact else spike_train
    with mock.patch.multiple(tune_thresholds, spike_train=train):
        counts = exact_counts if exact else neuron_search.spike_counts
        with mock.patch.multiple(neuron_search, spike_counts=counts):
            tuning = tune_thresholds.tune_thresholds(
                ann, images, start, ticks=ticks, neuron=kinds, burst=options.burst, ridge=2.0
            )
    spikes, answers = 0.0, []

    def fire(name: str, currents: Array, _: Array | None) -> Array:
        nonlocal spikes
        theta = tuning.thresholds[name].astype(np.float32)
        v0 = tuning.initial[name].astype(np.float32) * theta
        s = train(currents, theta, v0, kinds[name], ticks, options.burst)
        spikes += float(np.abs(s).sum()) * (ticks if exact else 1)
        return np.asarray(s * theta)

    for first in range(0, len(x), AT_ONCE):
        *_, (_, last) = walk(tuning.ann, x[first : first + AT_ONCE], fire)
        answers.append(mean_over(last, ticks))
    found, wanted = np.concatenate(answers), forward(ann, x)
    p, q = log_softmax(wanted), log_softmax(found)
    print(
        f"T = {ticks}, {options.neuron}, bursts of {options.burst}: same answer "
        f"{np.mean(found.argmax(axis=1) == wanted.argmax(axis=1)):.1%}, "
        f"KL {np.mean((np.exp(p) * (p - q)).sum(axis=1)):.3f}, "
        f"{spikes / len(x) / 1e3:,.0f} thousand spikes"
    )


if __name__ == "__main__":
    main()
