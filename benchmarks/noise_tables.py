"""Accuracy by time steps of the networks of `train_noise`, on all test images.

    python benchmarks/noise_tables.py --data-set mnist --seeds 0 1 2 --runs runs

Simulates, in one run on one machine, the network trained with noise (modes reset, carry and
noise), the one trained without, the one trained by back-propagation through four steps (both
carry) and the ANN by rate conversion. Answers go to ``NAME_MODE.answers.npz`` beside the networks
and are not computed twice. Prints one table in Markdown: means over the seeds, with 95 % intervals
(Wilson) where there is one seed, and the paired differences between T = 8 and T = 1.

    python benchmarks/noise_tables.py --data-set mnist runs/mnist_noise_decay_0.5_seed0.npz

tells the same of any networks trained with noise, in modes carry and noise.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from noise_data import PREPROCESSING, test_data, training_data
from numpy.typing import NDArray

from converters import load_ann, noise, rate
from eventsnn import Network, Record, simulate_batch
from eventsnn.files.npz import read_npz, write_npz

TICKS = (1, 2, 4, 8, 16)
#: (variant, mode or recipe, how the table calls it)
ROWS = (
    ("noise", "reset", "with noise, `reset`"),
    ("noise", "carry", "with noise, `carry`"),
    ("noise", "noise", "with noise, `noise`"),
    ("none", "carry", "without noise, `carry`"),
    ("bptt", "carry", "through time, T = 4, `carry`"),
    ("ann", "rate", "ANN, recipe `rate`"),
)
#: Rate conversion is run on, to see when it gets there. Every step of `reset` is the first one to
#: the bit (a property that the tests have), so it is simulated for two.
STEPS = {"rate": 32, "reset": 2, "carry": TICKS[-1], "noise": TICKS[-1]}
CALIBRATION = 128
BATCH = 64


@dataclass(frozen=True)
class Answers:
    """Of one network to all test images.

    Attributes:
        right: (samples, ticks), whether the answer after so many ticks is right; those after
            the last one are as right as that.
        synops: after each of `TICKS` that was simulated, mean over the samples.
        seconds: wall time of the whole simulation.
    """

    right: NDArray[np.bool_]
    synops: NDArray[np.float64]
    seconds: float

    def after(self, ticks: int) -> NDArray[np.bool_]:
        """Which answers are right after so many ticks."""
        return self.right[:, min(ticks, self.right.shape[1]) - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-set", choices=tuple(PREPROCESSING), required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("networks", type=Path, nargs="*", help="these alone, not the whole table")
    options = parser.parse_args()
    if options.networks:
        alone = {
            f"{path.stem}, `{mode}`": [answers(path, options.data_set, mode)]
            for path in options.networks
            for mode in ("carry", "noise")
        }
        print_accuracies(alone)
        print_gains(alone)
        return
    found: dict[str, list[Answers]] = {}
    for variant, mode, title in ROWS:
        for seed in options.seeds:
            network = options.runs / f"{options.data_set}_{variant}_seed{seed}.npz"
            found.setdefault(title, []).append(answers(network, options.data_set, mode))
    print_accuracies(found)
    print_gains(found)
    print_comparison(found)
    print_operations(found)


def answers(path: Path, data_set: str, mode: str) -> Answers:
    """Of the network at ``path``, read from a file beside it where they are known."""
    kept = path.with_name(f"{path.stem}_{mode}.answers.npz")
    if not kept.exists():
        images, labels = test_data(data_set)
        network = converted(path, data_set, mode)
        x = prepared(images, data_set)
        right, synops, seconds = simulated(network, x, labels, STEPS[mode])
        content = {"right": right, "synops": synops, "seconds": np.array(seconds)}
        write_npz(kept, content)
        print(f"{kept.name}: {seconds:.0f} s", flush=True)
    stored = read_npz(kept)
    return Answers(stored["right"], stored["synops"], float(stored["seconds"]))


def converted(path: Path, data_set: str, mode: str) -> Network:
    ann = load_ann(path)
    if mode == "rate":
        images, _ = training_data(data_set)
        drawn = np.random.default_rng(0).permutation(len(images))[:CALIBRATION]
        calibration = prepared(images[drawn], data_set)
        return rate(ann, calibration, ticks=STEPS[mode]).network
    return noise(ann, ticks=STEPS[mode], mode=mode).network


def prepared(pixels: NDArray[np.uint8], data_set: str) -> NDArray[np.float32]:
    mean, deviation = (
        np.array(values, dtype=np.float32)[:, None, None] for values in PREPROCESSING[data_set]
    )
    return (pixels / np.float32(255) - mean) / deviation


def simulated(
    network: Network, images: NDArray[np.float32], labels: NDArray[np.int64], ticks: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64], float]:
    within = tuple(t for t in TICKS if t <= ticks)
    record = Record(potentials=(network.output,), operations_after=within)
    right, synops = [], np.zeros(len(within))
    began = time.perf_counter()
    for start in range(0, len(images), BATCH):
        some = slice(start, start + BATCH)
        # the noise of a sample depends on its number in its batch, so each batch has a seed
        runs = simulate_batch(network, images[some], ticks=ticks, record=record, seed=start)
        for run, label in zip(runs, labels[some], strict=True):
            right.append(run.potentials[network.output].argmax(1) == label)
            synops += (run.after.ac + run.after.mac).sum(0)
    return np.array(right), synops / len(images), time.perf_counter() - began


def print_accuracies(found: dict[str, list[Answers]]) -> None:
    print("\n| trained | " + " | ".join(f"T = {t}" for t in TICKS) + " |")
    print("|---|" + "---|" * len(TICKS))
    for title, seeds in found.items():
        cells = []
        for ticks in TICKS:
            shares = [100 * seed.after(ticks).mean() for seed in seeds]
            if len(seeds) > 1:
                cells.append(f"{np.mean(shares):.2f} ({min(shares):.2f}..{max(shares):.2f})")
            else:
                low, high = wilson(seeds[0].after(ticks))
                cells.append(f"{shares[0]:.1f} ({100 * low:.1f}..{100 * high:.1f})")
        print(f"| {title} | " + " | ".join(cells) + " |")


def print_gains(found: dict[str, list[Answers]]) -> None:
    print("\nT = 8 minus T = 1 on the same images, points, with 95 % intervals, by seed:\n")
    for title, seeds in found.items():
        cells = []
        for seed in seeds:
            mean, half = paired(seed.after(8), seed.after(1))
            cells.append(f"{100 * mean:+.2f} +- {100 * half:.2f}")
        print(f"- {title}: {', '.join(cells)}")


def print_comparison(found: dict[str, list[Answers]]) -> None:
    reference = found["with noise, `carry`"]
    print("\nwith noise, `carry`, minus others at the same T, first seed:\n")
    for title, seeds in found.items():
        differences = (paired(reference[0].after(t), seeds[0].after(t)) for t in TICKS)
        cells = [f"{100 * mean:+.2f} +- {100 * half:.2f}" for mean, half in differences]
        print(f"- {title}: {', '.join(cells)}")


def print_operations(found: dict[str, list[Answers]]) -> None:
    print("\n| first seed | " + " | ".join(f"synops, T = {t}" for t in TICKS) + " |")
    print("|---|" + "---|" * len(TICKS))
    for title, seeds in found.items():
        known = [f"{n:,.0f}" for n in seeds[0].synops]
        cells = known + ["in proportion"] * (len(TICKS) - len(known))
        print(f"| {title} | " + " | ".join(cells) + " |")
    target = found["with noise, `carry`"][0]
    curve = found["ANN, recipe `rate`"][0].right.mean(0)
    for ticks in TICKS:
        wanted = target.after(ticks).mean()
        reached = np.flatnonzero(curve >= wanted)
        when = f"T = {reached[0] + 1}" if len(reached) else f"not by T = {len(curve)}"
        print(f"\nrate conversion first reaches the {100 * wanted:.2f} % of T = {ticks}: {when}")


def wilson(right: NDArray[np.bool_], z: float = 1.96) -> tuple[float, float]:
    """Interval of a share (Wilson, JASA 22:209-212, 1927)."""
    n, p = len(right), right.mean()
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def paired(a: NDArray[np.bool_], b: NDArray[np.bool_], z: float = 1.96) -> tuple[float, float]:
    """Mean of ``a - b`` over the same images, and half its interval."""
    difference = a.astype(np.float64) - b
    return difference.mean(), z * difference.std() / np.sqrt(len(difference))


if __name__ == "__main__":
    main()
