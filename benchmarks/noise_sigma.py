"""The sweep of sigma: accuracy of networks trained with different noise, and a plot.

    python benchmarks/noise_sigma.py --output runs --plot docs/methods/noise_sigma.png

Trains the MNIST network of `noise_networks` on the first 10,000 training images, once for each
sigma and once with the noise matched to each layer's residual, and simulates it on the first 2,000
test images (mode ``carry``). Goes on where it was interrupted. Needs ``eventsnn[torch,plot]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from noise_data import test_data, training_images
from noise_networks import build
from noise_tables import prepared as prepared_array
from numpy.typing import NDArray
from train_noise import BATCH, LEARNING_RATE, Prepared, matching, prepared

from converters import load_ann, noise, ops
from converters.intake.export_torch import export
from converters.training.fit import fit
from eventsnn import evaluate

UNIFORM = 12**-0.5
SIGMAS = (0.0, 0.1, 0.2, UNIFORM, 0.4, 0.6)
TRAINED_ON, TESTED_ON = 10_000, 2_000
EPOCHS = 5
TICKS = 8
SHOWN = (1, 2, TICKS)

Curve = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs"))
    parser.add_argument("--plot", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    print("| sigma / theta | " + " | ".join(f"T = {t}" for t in SHOWN) + " |")
    print("|---" * (len(SHOWN) + 1) + "|")
    found = {}
    for sigma in (None, *SIGMAS):
        path = options.output / f"sweep_{'matched' if sigma is None else f'{sigma:.3f}'}.npz"
        if not path.exists():
            train(sigma, path)
        found[sigma] = accuracies(path)
        cells = (path.stem.removeprefix("sweep_"), *(f"{value:.2f}" for value in found[sigma]))
        print("| " + " | ".join(cells) + " |", flush=True)
    deviations = _deviations(options.output / "sweep_matched.npz")
    print(f"\nmatched, layer by layer: {', '.join(f'{sigma:.3f}' for sigma in deviations)}")
    matched = found.pop(None)
    _plot(
        {s: curve for s, curve in found.items() if s is not None}, matched, deviations, options.plot
    )


def train(sigma: float | None, path: Path) -> None:
    """With noise of this deviation, or matched to the residuals; written to ``path``."""
    torch.manual_seed(0)
    images, labels = training_images("mnist", TRAINED_ON)
    network = build("mnist", "noise", deviation=sigma)
    fit(
        Prepared(network, "mnist"),
        images,
        labels,
        epochs=EPOCHS,
        batch_size=BATCH["mnist"],
        learning_rate=LEARNING_RATE,
        project=matching(network, images, "mnist") if sigma is None else None,
    )
    export(network, prepared(images[:16], "mnist"), path)


def accuracies(path: Path) -> Curve:
    """Per cent after each of `SHOWN`."""
    images, labels = (values[:TESTED_ON] for values in test_data("mnist"))
    network = noise(load_ann(path), ticks=TICKS, mode="carry").network
    result = evaluate(network, prepared_array(images, "mnist"), labels, ticks=TICKS)
    assert result.accuracy is not None
    return 100 * result.accuracy[np.array(SHOWN) - 1]


def _deviations(path: Path) -> list[float]:
    """The noise of each layer, from the first."""
    nodes = (node.op for node in load_ann(path).nodes)
    return [op.standard_deviation for op in nodes if isinstance(op, ops.Spike)]


def _plot(found: dict[float, Curve], matched: Curve, deviations: list[float], path: Path) -> None:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    sigmas = sorted(found)
    for row, ticks in enumerate(SHOWN):
        values = [found[sigma][row] for sigma in sigmas]
        (line,) = axes.plot(sigmas, values, marker="o", markersize=4, label=f"T = {ticks}")
        # one network, whose layers have a sigma each: a star on a bar from the least to the most
        middle, color = float(np.median(deviations)), line.get_color()
        axes.plot(middle, matched[row], marker="*", markersize=13, color=color)
        axes.hlines(matched[row], min(deviations), max(deviations), color=color, linewidth=0.8)
    axes.axvline(UNIFORM, color="grey", linewidth=0.8, linestyle=":")
    axes.annotate("1/sqrt(12)", (UNIFORM, 0.02), xycoords=("data", "axes fraction"), fontsize=8)
    axes.set(xlabel="sigma / theta of the noise in training", ylabel="accuracy, %")
    axes.set_title("MNIST, one seed, carry; stars: matched to each layer's residual", fontsize=9)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
