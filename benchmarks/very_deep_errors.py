"""Where networks of 110 and more layers lose accuracy, by depth: a figure, block beside block.

    python benchmarks/very_deep_errors.py --data FOLDER [--ticks 32] [-o ttrbr_depth.png]
    python benchmarks/very_deep_errors.py --data FOLDER --size 32 -o ttrbr_depth_116.png \
        benchmarks/trained/resnet116_post.npz benchmarks/trained/resnet116_pre_current.npz

The error terms are those of `converters.diagnose`, by recipe ``rate``, on test images; on the
right is what the layers so far cost: the divergence of the answers from the ANN's when their
rates take the place of activations. Needs matplotlib.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from small_cifar import read

from converters import Diagnosis, diagnose, load_ann, rate
from converters.diagnosis.plot import figure_type

TRAINED = Path(__file__).parent / "trained"
NETWORKS = tuple(
    TRAINED / f"resnet110_{block}.npz" for block in ("post", "pre_spike", "pre_current")
)
TERMS = {
    "total": "#1c1e21",
    "inherited": "#8b5bb5",
    "deviation": "#c2571a",
    "quantization": "#1f6fb4",
    "clipping": "#2d8a57",
}


def diagnosed(path: Path, options: argparse.Namespace) -> Diagnosis:
    ann = load_ann(path)
    images, _ = read(options.data / "cifar10_train_1of5.npz", options.size)
    chosen = np.random.default_rng(0).choice(len(images), 128, replace=False)
    network = rate(ann, images[np.sort(chosen)], ticks=options.ticks).network
    x, y = read(options.data / "cifar10_test_958.npz", options.size)
    few = slice(options.samples)
    return diagnose(network, ann, x[few], y[few], ticks=options.ticks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("networks", nargs="*", type=Path, default=NETWORKS)
    parser.add_argument("--size", type=int, default=16, help="pixels a side")
    parser.add_argument("--data", type=Path, required=True, help="folder of the CIFAR-10 NPZ")
    parser.add_argument("--ticks", type=int, default=32, help="ticks T")
    parser.add_argument("--samples", type=int, default=8, help="test images")
    parser.add_argument("-o", "--output", type=Path, default=Path("ttrbr_depth.png"))
    options = parser.parse_args()
    count = len(options.networks)
    figure = figure_type()(figsize=(10, 3 * count), layout="constrained")
    rows = figure.subplots(count, 2, squeeze=False, sharex=True, sharey="col")
    for path, (errors, costs) in zip(options.networks, rows, strict=True):
        block = path.stem.split("_", 1)[1]
        found = diagnosed(path, options)
        depth = np.arange(1, len(found.layers) + 1)
        scale = np.array([layer.activation for layer in found.layers])
        for term, color in TERMS.items():
            values = np.array([getattr(layer.rms, term) for layer in found.layers])
            errors.plot(depth, values / scale, color=color, label=term, linewidth=1)
        errors.set_title(f"{block}: error of the rate / activation (rms)", fontsize="medium")
        costs.plot(
            depth, np.cumsum([layer.cost.divergence for layer in found.layers]), color="#1f6fb4"
        )
        costs.set_title(f"{block}: divergence from the ANN's answers, nats", fontsize="medium")
        last = found.layers[-1]
        print(
            f"{block}: agreement {found.agreement:.1%}, divergence {found.divergence:.3f}; last "
            f"layer, relative to the activation: "
            + ", ".join(f"{t} {getattr(last.rms, t) / last.activation:.2f}" for t in TERMS)
            + f"; inputs below 0: {last.inputs_below:.1%}, above theta: {last.inputs_above:.1%}",
            flush=True,
        )
    for axes in rows.flat:
        axes.grid(visible=True, color="#dcdfe3", linewidth=0.7)
    rows[0][0].legend(frameon=False, fontsize="small")
    for axes in rows[-1]:
        axes.set_xlabel("spiking layer")
    figure.suptitle(f"T = {options.ticks}, {options.samples} images")
    figure.savefig(options.output, dpi=110)
    return 0


if __name__ == "__main__":
    sys.exit(main())
