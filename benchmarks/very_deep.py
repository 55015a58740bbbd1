"""Networks of 110 layers as spikes: accuracy and synaptic operations, block beside block.

    python benchmarks/very_deep.py --data FOLDER [NET.npz ...] [--json very_deep.json]

The networks are those of `benchmarks/train_resnet_blocks.py`, by default those in
``benchmarks/trained``. Thresholds come from 128 training images. For each T all test images of
``cifar10_test_958.npz`` are run anew, so that accuracies are paired with the ANN's, image by
image; after +- stands half of the 95 % interval of the difference. Operations are of one image;
those on a trunk of currents (`pre_current`) are multiplications.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from small_cifar import read

from converters import Conversion, forward, load_ann, macs, rate, ttrbr
from eventsnn import evaluate

TRAINED = Path(__file__).parent / "trained"
CALIBRATION = 128
RECIPES: dict[str, Callable[..., Conversion]] = {
    "rate": rate,
    "ttrbr": ttrbr,
    "ttrbr-signed": partial(ttrbr, neuron="signed"),
}


def paired(right: NDArray[np.bool_], ann_right: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean difference of accuracies on the same images, and half its 95 % interval."""
    difference = right.astype(np.float64) - ann_right
    return float(difference.mean()), float(1.96 * difference.std(ddof=1) / np.sqrt(len(right)))


def measured(
    conversion: Conversion,
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    answers: NDArray[np.int64],
    ticks: int,
) -> dict[str, Any]:
    found = evaluate(conversion.network, x, y, ticks=ticks, ann_predictions=answers)
    loss, half = paired(found.predictions == y, answers == y)
    return {
        "ticks": ticks,
        "accuracy": float(np.mean(found.predictions == y)),
        "difference_to_ann": loss,
        "half_interval_95": half,
        "agreement": float(np.mean(found.predictions == answers)),
        "spikes": sum(found.counts.spikes.values()) / len(x),
        "ac": found.counts.ac / len(x),
        "mac": found.counts.mac / len(x),
        "seconds": found.seconds,
    }


def rows(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    ann = load_ann(path)
    x, y = read(options.data / "cifar10_test_958.npz", options.size)
    x, y = x[: options.limit], y[: options.limit]
    images, _ = read(options.data / "cifar10_train_1of5.npz", options.size)
    chosen = np.random.default_rng(options.seed).choice(len(images), CALIBRATION, replace=False)
    calibration = images[np.sort(chosen)]
    answers = forward(ann, x).argmax(axis=1)
    per_image = sum(macs(ann).values())
    accuracy = float(np.mean(answers == y))
    print(f"\n{path.stem}: ANN {accuracy:.1%} of {len(y)} images, {per_image / 1e6:.2f} M MACs")
    print("recipe           T  accuracy  to the ANN    agreement   M ACs   M MACs  k spikes")
    results = []
    for recipe, ticks in itertools.product(options.recipes, options.ticks):
        began = time.perf_counter()
        conversion = RECIPES[recipe](ann, calibration, ticks=ticks)
        row = {"recipe": recipe, "conversion_seconds": time.perf_counter() - began}
        row |= measured(conversion, x, y, answers, ticks)
        results.append(row)
        print(
            f"{recipe:12} {ticks:5}  {row['accuracy']:7.1%}  {row['difference_to_ann']:+6.1%}"
            f" +-{row['half_interval_95']:5.1%}  {row['agreement']:7.1%}  {row['ac'] / 1e6:7.2f}"
            f"  {row['mac'] / 1e6:7.3f}  {row['spikes'] / 1e3:7.1f}",
            flush=True,
        )
    return {"ann_accuracy": accuracy, "ann_macs": per_image, "images": len(y), "rows": results}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    resnets = sorted(TRAINED.glob("resnet110_*.npz"))
    parser.add_argument("networks", nargs="*", type=Path, default=resnets)
    parser.add_argument("--data", type=Path, required=True, help="folder of the CIFAR-10 NPZ")
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--ticks", type=int, nargs="+", default=[8, 16, 32, 64, 128])
    parser.add_argument("--size", type=int, default=16, help="pixels a side")
    parser.add_argument("--limit", type=int, help="test images, all by default")
    parser.add_argument("--seed", type=int, default=0, help="of the calibration images")
    parser.add_argument("--json", type=Path, help="where to write all numbers")
    options = parser.parse_args()
    found = {path.stem: rows(path, options) for path in options.networks}
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
