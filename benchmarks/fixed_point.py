"""What integers cost: ResNet-20 as converted and in fixed point, on the same test images.

All versions are run on the same images, a few at a time, so that differences are paired
however far the program got. Results are kept after each part, so that it can be stopped.

    python benchmarks/fixed_point.py DATA results.json --limit 300      # runs and resumes
    python benchmarks/fixed_point.py DATA results.json --table          # Markdown only
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads it: a shared machine

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from small_cifar import read

from converters import load_ann, rate, ttrbr
from eventsnn import FixedPoint, Network, NetworkError, evaluate, quantize
from eventsnn.files.whole_file import replacing

LARGEST_PIXEL = (1 - 0.406) / 0.225
#: weight bits, potential bits, clamp in thresholds; None: as converted
VERSIONS: dict[str, tuple[int, int, float | None] | None] = {
    "float": None,
    "8/32": (8, 32, None),
    "6/32": (6, 32, None),
    "4/32": (4, 32, None),
    "8/16, clamp 2": (8, 16, 2.0),
    "8/16, clamp 4": (8, 16, 4.0),
}
AT_ONCE = 20  # images per part


def convert(data: Path, recipe: str, ticks: int) -> Network:
    ann = load_ann(data / "resnet20_cifar10.npz", "resnet20-cifar")
    images = read(data / "cifar10_train_1of5.npz", 32)[0][:128]
    return (rate if recipe == "rate" else ttrbr)(ann, images, ticks=ticks).network


def in_integers(network: Network, ticks: int) -> dict[str, FixedPoint | None]:
    found: dict[str, FixedPoint | None] = {"float": None}
    for name, bits in VERSIONS.items():
        if bits is None:
            continue
        try:
            found[name] = quantize(
                network,
                ticks=ticks,
                weight_bits=bits[0],
                potential_bits=bits[1],
                clamp=bits[2],
                analog=LARGEST_PIXEL,
            )
        except NetworkError as error:
            print(f"{name}: {error}")
    return found


def answers(
    network: Network, fixed: FixedPoint | None, x: np.ndarray, y: np.ndarray, ticks: int
) -> tuple[list[int], int]:
    """Right or not for each image, and synaptic operations."""
    if fixed is None:
        run = evaluate(network, x, y, ticks=ticks)
    else:
        run = fixed.evaluate(x, y, ticks=ticks)
    return (run.predictions == y).astype(int).tolist(), run.counts.synops


def run(arguments: argparse.Namespace) -> None:
    results: dict[str, Any] = {}
    if arguments.results.exists():
        results = json.loads(arguments.results.read_text())
    x, y = (
        values[: arguments.limit] for values in read(arguments.data / "cifar10_test_958.npz", 32)
    )
    network = convert(arguments.data, arguments.recipe, arguments.ticks)
    versions = in_integers(network, arguments.ticks)
    entry = results.setdefault(f"{arguments.recipe}, T = {arguments.ticks}", {})
    for first in range(0, len(x), AT_ONCE):
        for name, fixed in versions.items():
            kept = entry.setdefault(name, {"right": [], "synops": 0})
            if len(kept["right"]) > first:
                continue
            part = slice(first, first + AT_ONCE)
            start = time.process_time()
            right, synops = answers(network, fixed, x[part], y[part], arguments.ticks)
            kept["right"] += right
            kept["synops"] += synops
            if fixed is not None:
                kept["needed_bits"] = max(
                    layer.needed_bits for n, layer in fixed.layers.items() if n != network.output
                )
                kept["weight_error"] = max(layer.weight_error for layer in fixed.layers.values())
                assert fixed.integers is not None
                kept["precision"] = fixed.integers.precision
            with replacing(arguments.results) as partial:
                partial.write_text(json.dumps(results, indent=1))
            spent = time.process_time() - start
            print(f"{first} {name}: {sum(right)}/{len(right)}, {spent:.0f} s", flush=True)


def table(results: dict[str, Any]) -> str:
    columns = "recipe", "weights/potentials", "images", "accuracy", "minus float, points"
    columns += "bits needed", "weight error", "M synops"
    rows = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for title, entry in results.items():
        count = min(len(kept["right"]) for kept in entry.values())
        base = np.array(entry["float"]["right"][:count])
        for name, kept in entry.items():
            right = np.array(kept["right"][:count])
            difference = 100.0 * (right - base)
            half = 1.96 * difference.std(ddof=1) / count**0.5
            apart = "" if name == "float" else f"{difference.mean():+.1f} +- {half:.1f}"
            rows.append(
                f"| {title} | {name} | {count} | {right.mean():.1%} | {apart} "
                f"| {kept.get('needed_bits', '')} "
                f"| {format(kept['weight_error'], '.1%') if 'weight_error' in kept else ''} "
                f"| {kept['synops'] / len(kept['right']) / 1e6:.1f} |"
            )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with the weights and images")
    parser.add_argument("results", type=Path, help="JSON, continued where it exists")
    parser.add_argument("--table", action="store_true", help="print what is there, run nothing")
    parser.add_argument("--recipe", choices=["rate", "ttrbr"], default="rate")
    parser.add_argument("--ticks", type=int, default=32)
    parser.add_argument("--limit", type=int, default=958, help="first N test images")
    arguments = parser.parse_args()
    if not arguments.table:
        run(arguments)
    print(table(json.loads(arguments.results.read_text())))


if __name__ == "__main__":
    main()
