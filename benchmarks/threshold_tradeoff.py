"""Which threshold is best depends on T: the trade-off of TTRBR, on the currents of real layers.

ResNet-20 spikes with plain thresholds (99.9 % quantile per layer). The currents that each
layer receives are recorded, and the layer alone is simulated again with its threshold scaled,
for the first T ticks of them. The error is that of the rate against the ANN's activation,
relative to it; its parts are those of `converters.diagnosis`.

    python benchmarks/threshold_tradeoff.py DATA docs/methods/threshold_tradeoff.png
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads it: a shared machine

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from small_cifar import read

from converters import activation_quantiles, activations, fold_batch_norm, load_ann, ops
from converters.calibration.dynamics import spike_counts, spike_train
from converters.calibration.trains import walk
from converters.diagnosis import decompose
from eventsnn.files.whole_file import replacing

TICKS = (2, 4, 8, 16, 32, 64)
SCALES = np.array([0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0])
IMAGES, NEURONS = 16, 20_000
TERMS = ("deviation", "quantization", "clipping", "total")


def errors_of_layers(data: Path) -> tuple[np.ndarray, list[str]]:
    """Squares of the four errors over the mean square activation: (layers, T, scales, terms)."""
    ann = fold_batch_norm(load_ann(data / "resnet20_cifar10.npz", "resnet20-cifar"))
    images = read(data / "cifar10_train_1of5.npz", 32)[0][: 8 * IMAGES]
    names = ann.names_of(ops.ReLU)
    thetas = activation_quantiles(ann, images)
    before = {name: ann.by_name[name].inputs[0] for name in names}
    z = activations(ann, images[:IMAGES], tuple(set(before.values())))
    rng = np.random.default_rng(0)
    found = np.zeros((len(names), len(TICKS), len(SCALES), len(TERMS)))

    def fire(name: str, currents: np.ndarray, _: None) -> np.ndarray:
        theta = np.array(thetas[name], dtype=np.float32)
        flat = currents.reshape(len(currents), -1)
        chosen = rng.choice(flat.shape[1], NEURONS, replace=False)
        some = np.broadcast_to(flat[:, chosen], (TICKS[-1], NEURONS))
        wanted = z[before[name]].ravel()[chosen]
        for at, ticks in enumerate(TICKS):
            for column, scale in enumerate(SCALES):
                scaled = np.float32(scale) * theta
                count = spike_counts(some[:ticks], scaled, scaled / 2, "if", ticks)
                e = decompose(
                    *(some[:ticks].sum(axis=0), count, wanted),
                    theta=scaled,
                    v0=scaled / 2,
                    ticks=ticks,
                )
                squares = [np.mean(np.square(getattr(e, term))) for term in TERMS]
                found[names.index(name), at, column] = squares
        found[names.index(name)] /= np.mean(np.maximum(wanted, 0) ** 2)
        return spike_train(currents, theta, theta / 2, "if", TICKS[-1]) * theta

    for _ in walk(ann, images[:IMAGES], fire):
        pass
    return found, list(names)


def draw(found: np.ndarray, names: list[str], path: Path) -> None:
    figure = Figure(figsize=(12, 4), layout="constrained")
    curves, terms, best = figure.subplots(1, 3)
    mean = np.sqrt(found.mean(axis=0))  # over the layers: (T, scales, terms)
    for at, ticks in enumerate(TICKS):
        line = curves.plot(SCALES, mean[at, :, 3], "-", label=f"T = {ticks}")[0]
        lowest = mean[at, :, 3].argmin()
        curves.plot(SCALES[lowest], mean[at, lowest, 3], "o", color=line.get_color())
    curves.set_title("error of the rate / activation (rms), all layers")
    curves.set_yscale("log")
    middle = TICKS.index(16)
    for index, term in enumerate(TERMS):
        terms.plot(SCALES, mean[middle, :, index], label=term)
    terms.set_title("its parts at T = 16")
    lowest_of_each = SCALES[found[..., 3].argmin(axis=2)]  # (layers, T)
    for layer in range(1, len(names)):
        best.plot(TICKS, lowest_of_each[layer], color="0.8", linewidth=1)
    best.plot(TICKS, lowest_of_each[0], "--", color="#1f6fb4", label=f"{names[0]} (sees the image)")
    middle_layer = np.median(lowest_of_each[1:], axis=0)
    best.plot(TICKS, middle_layer, "o-", color="#c2571a", label="median of the other layers")
    best.set_xscale("log", base=2)
    best.set_xlabel("T, ticks")
    best.set_title("best threshold scale of each layer")
    for axes in (curves, terms):
        axes.set_xlabel("threshold / 99.9 % quantile of the activations")
    for axes in (curves, terms, best):
        axes.legend(frameon=False, fontsize="small")
        axes.grid(visible=True, color="#dcdfe3", linewidth=0.7)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with the weights and images")
    parser.add_argument("picture", type=Path, help="PNG to write")
    arguments = parser.parse_args()
    found, names = errors_of_layers(arguments.data)
    mean = np.sqrt(found[..., 3].mean(axis=0))
    print("T", *(f"{scale:6g}" for scale in SCALES))
    for at, ticks in enumerate(TICKS):
        print(ticks, *(f"{value:6.3f}" for value in mean[at]), "best", SCALES[mean[at].argmin()])
    draw(found, names, arguments.picture)


if __name__ == "__main__":
    main()
