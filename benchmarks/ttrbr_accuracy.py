"""Accuracy and synaptic operations of `rate` and `ttrbr` against T, on real ResNets.

For each network, T and seed of the calibration sample: convert on training images, run the
event engine on the 958 test images, compare with the ANN on the same images. Differences are
paired, with a 95 % interval. With several seeds, the share of seeds that are right on an
image takes the place of right or wrong, so the interval is over images; the spread over seeds
is told apart.

    python benchmarks/ttrbr_accuracy.py DATA results.json                  # runs and resumes
    python benchmarks/ttrbr_accuracy.py DATA results.json --table          # Markdown only
    python benchmarks/ttrbr_accuracy.py DATA held_out.json --held-out 300  # on training images

Choices are made on held-out training images (``--held-out``); the test images are for the
table. Results are kept after each run, so that the program can be stopped.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads it: a shared machine

import argparse
import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from small_cifar import read

from converters import Ann, forward, load_ann, rate, ttrbr
from eventsnn import Record, simulate_batch
from eventsnn.files.whole_file import replacing

TICKS = {
    "rate": (8, 16, 32, 64, 128),
    "if": (8, 16, 32, 64, 128),
    "if, bursts of 2": (8, 16, 32),
    "signed in layer3": (8, 16, 32),
    "signed in layer[23]": (8,),
    "signed": (4, 8, 16, 32),
    "signed, bursts of 2": (4, 8),
    "signed, bursts of 4": (4,),
}
CALIBRATION = 2048  # images times T, but 128 to 256 images
AT_ONCE = 40  # images whose potentials of the read-out are kept


def calibration(data: Path, seed: int, ticks: int) -> np.ndarray:
    """Some of the first 10,000 training images; the held-out ones are from the last 10,000."""
    count = min(256, max(128, CALIBRATION // ticks))
    images, _ = read(data / "cifar10_train_1of5.npz", 32)
    order = np.random.default_rng(seed).permutation(len(images))[:count]
    return images[np.sort(order)]


def measure(
    ann: Ann,
    method: str,
    ticks: tuple[int, ...],
    seed: int,
    images: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
) -> list[dict[str, Any]]:
    """One conversion and one run of the longest of ``ticks``, read after each of them."""
    start = time.process_time()
    if method == "rate":
        conversion = rate(ann, images, ticks=ticks[-1])
    else:
        kind, _, burst = method.partition(", bursts of ")
        kind, _, stage = kind.partition(" in ")
        neuron = {f"{stage}.*": kind} if stage else kind
        conversion = ttrbr(
            ann, images, ticks=ticks[-1], neuron=neuron, burst=int(burst or 1), seed=seed
        )
    tuned = time.process_time()
    network = conversion.network
    record = Record(potentials=(network.output,), operations_after=ticks)
    right, synops, spikes = [], 0, 0
    for first in range(0, len(x), AT_ONCE):
        labels = y[first : first + AT_ONCE]
        for run, label in zip(
            simulate_batch(network, x[first : first + AT_ONCE], ticks=ticks[-1], record=record),
            labels,
            strict=True,
        ):
            answers = run.potentials[network.output][np.array(ticks) - 1].argmax(axis=1)
            right.append((answers == label).astype(int))
            synops += (run.after.ac + run.after.mac).sum(axis=0)
            spikes += run.after.spikes.sum(axis=0)
    spent = round(time.process_time() - tuned, 1)
    return [
        {
            "method": method,
            "ticks": t,
            "seed": seed,
            "right": "".join(map(str, np.array(right)[:, at])),
            "synops": synops[at] / len(y),
            "spikes": spikes[at] / len(y),
            "tuning_cpu_s": round(tuned - start, 1),
            "run_cpu_s": spent,
        }
        for at, t in enumerate(ticks)
    ]


def run(arguments: argparse.Namespace) -> None:
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    if arguments.held_out:
        x, y = read(arguments.data / "cifar10_train_5of5.npz", 32)
        x, y = x[: arguments.held_out], y[: arguments.held_out]
    else:
        x, y = read(arguments.data / "cifar10_test_958.npz", 32)
    for depth, (seed, method) in itertools.product(
        arguments.depths, itertools.product(range(arguments.seeds), arguments.methods)
    ):
        ann = load_ann(arguments.data / f"resnet{depth}_cifar10.npz", f"resnet{depth}-cifar")
        entry = results.setdefault(f"resnet{depth}", {"runs": []})
        if "ann" not in entry:
            right = (forward(ann, x).argmax(axis=1) == y).astype(int)
            entry["ann"] = "".join(map(str, right))
        known = {(r["method"], r["ticks"], r["seed"]) for r in entry["runs"]}
        asked = [t for t in arguments.ticks or TICKS[method] if (method, t, seed) not in known]
        # `rate` does not depend on T, so one run tells all
        for ticks in [tuple(asked)] if method == "rate" and asked else [(t,) for t in asked]:
            images = calibration(arguments.data, seed, ticks[0])
            entry["runs"] += measure(ann, method, ticks, seed, images, x, y)
            with replacing(arguments.results) as partial:
                partial.write_text(json.dumps(results, indent=1))
            print(depth, method, ticks, seed, flush=True)


def bits(right: str) -> np.ndarray:
    return np.array([int(c) for c in right], dtype=float)


def table(results: dict[str, Any]) -> str:
    rows = [
        "| network | method | T | seeds | accuracy | minus ANN, points | M synops | M spikes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for network, entry in results.items():
        ann = bits(entry["ann"])
        rows.append(f"| {network} | ANN | | | {ann.mean():.1%} | | | |")
        groups = {(r["method"], r["ticks"]) for r in entry["runs"]}
        order = list(TICKS)
        for method, ticks in sorted(groups, key=lambda g: (order.index(g[0]), g[1])):
            runs = [r for r in entry["runs"] if (r["method"], r["ticks"]) == (method, ticks)]
            right = np.array([bits(r["right"]) for r in runs])
            difference = 100 * (right.mean(axis=0) - ann)
            half = 1.96 * difference.std(ddof=1) / len(ann) ** 0.5
            each = right.mean(axis=1)
            spread = f" ({each.min():.1%}..{each.max():.1%})" if len(runs) > 1 else ""
            name = method if method == "rate" else f"ttrbr, {method}"
            synops = np.mean([r["synops"] for r in runs]) / 1e6
            spikes = np.mean([r["spikes"] for r in runs]) / 1e6
            rows.append(
                f"| {network} | {name} | {ticks} | {len(runs)} | {each.mean():.1%}{spread} "
                f"| {difference.mean():+.1f} +- {half:.1f} | {synops:.1f} | {spikes:.2f} |"
            )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with the weights and images")
    parser.add_argument("results", type=Path, help="JSON, continued where it exists")
    parser.add_argument("--table", action="store_true", help="print what is there, run nothing")
    parser.add_argument("--held-out", type=int, default=0, metavar="N")
    parser.add_argument("--depths", type=int, nargs="+", default=[20, 56])
    parser.add_argument("--methods", nargs="+", default=list(TICKS), choices=list(TICKS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ticks", type=int, nargs="+", help="only these T")
    arguments = parser.parse_args()
    if not arguments.table:
        run(arguments)
    print(table(json.loads(arguments.results.read_text())))


if __name__ == "__main__":
    main()
