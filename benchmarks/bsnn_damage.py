"""What bistable and synchronous neurons are for: the same network without them, on ResNet-20.

    python benchmarks/bsnn_damage.py [--data DIR] [--images 40]

Without synchronous layers the shortcuts are early: accuracy, and the share of neurons that
spoke with them and are silent without. Ordinary phase coding: all layers at once, after 4, 8
and 16 cycles. Flips: words in 32-bit floats that are not those of the K-bit ANN in 64 bits.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from small_cifar import read

from converters import (
    Ann,
    Conversion,
    bsnn,
    canonical,
    fold_batch_norm,
    forward,
    load_ann,
    lower,
    phase_coding,
    quantized_activations,
)
from eventsnn import Bistable, Network, Record, Run, simulate_batch


def bistable_layers(network: Network) -> tuple[str, ...]:
    """Without the synchronous ones, which are a kind of them."""
    return tuple(layer.name for layer in network.layers if type(layer.neuron) is Bistable)


def runs_of(conversion: Conversion, x: Any) -> list[Run]:
    ticks = conversion.ticks
    assert ticks is not None
    record = Record(spikes=bistable_layers(conversion.network))
    return simulate_batch(conversion.network, x, ticks=ticks, record=record)


def right(runs: list[Run], y: Any) -> float:
    return float(np.mean([run.output.argmax() for run in runs] == y))


def without_synchronous(ann: Ann, calibration: Any, x: Any, y: Any) -> None:
    whole, torn = (
        runs_of(bsnn(ann, calibration, phases=4, synchronous=kept), x) for kept in (True, False)
    )
    print(f"K=4, {len(x)} images: with synchronous layers {right(whole, y):.1%}, ", end="")
    print(f"without {right(torn, y):.1%}")
    shares, active, silent = [], 0, 0
    for name in whole[0].spikes:
        spoke = np.array([run.spikes[name].counts() > 0 for run in whole])
        mute = spoke & ~np.array([run.spikes[name].counts() > 0 for run in torn])
        shares.append(mute.sum() / max(spoke.sum(), 1))
        active, silent = active + spoke.sum(), silent + mute.sum()
    print(f"active neurons that fall silent: {silent / active:.1%}; by layer, in percent:")
    print(" ".join(f"{100 * share:.0f}" for share in shares))


def flips(ann: Ann, calibration: Any, x: Any, phases: int) -> None:
    made = bsnn(ann, calibration, phases=phases)
    names, form = bistable_layers(made.network), canonical(ann)
    flipped = words = 0
    for image, run in zip(x, runs_of(made, x), strict=True):
        exact = quantized_activations(form, image[None], made.thresholds, names, phases=phases)
        for name in names:
            word = exact[name][0] / np.asarray(made.thresholds[name])
            flipped += int(np.sum(np.abs(run.spikes[name].counts() - word) > 2.0 ** -(phases + 2)))
            words += word.size
    print(f"K={phases}, {len(x)} images: {flipped} of {words} words flipped in float32")


def ordinary_phase_coding(ann: Ann, calibration: Any, x: Any, y: Any, phases: int) -> None:
    thresholds = bsnn(ann, calibration, phases=phases).thresholds
    network = phase_coding(lower(fold_batch_norm(ann), thresholds), phases)
    for cycles in (4, 8, 16):
        runs = simulate_batch(network, x, ticks=cycles * phases)
        synops = np.mean([run.counts.synops for run in runs]) / 1e6
        print(f"phase coding K={phases}, {len(x)} images, {cycles * phases} ticks: ", end="")
        print(f"{right(runs, y):.1%}, {synops:.0f} M synops", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--images", type=int, default=40)
    options = parser.parse_args()
    ann = load_ann(options.data / "resnet20_cifar10.npz", "resnet20-cifar")
    calibration = read(options.data / "cifar10_train_1of5.npz", 32)[0][:128]
    x, y = (values[: options.images] for values in read(options.data / "cifar10_test_958.npz", 32))
    print(f"ANN: {np.mean(forward(ann, x).argmax(axis=1) == y):.1%}")
    without_synchronous(ann, calibration, x, y)
    for phases in (4, 8):
        flips(ann, calibration, x[:8], phases)
        ordinary_phase_coding(ann, calibration, x[:24], y[:24], phases)


if __name__ == "__main__":
    main()
