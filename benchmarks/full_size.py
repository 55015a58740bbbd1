"""CIFAR-10 at full size: accuracy by time steps of the networks of `fine_tune_cifar10`, as spikes.

    python benchmarks/full_size.py --data FOLDER --out answers JOB ...

A job is ``NETWORK,RECIPE,T`` with an NPZ (or ``resnet20-cifar:weights.npz``) and what to do with
it:

- ``carry``, ``noise``: recipe `noise` in that mode;
- ``rate``: recipe `rate`; trained levels keep their ceilings as thresholds;
- ``ttrbr``: tuned for this T; ``bsnn4``: phase words of 4 bits, one reading;
- ``ann``: no spikes, T = 0.

Each runs on the 4,358 official test images (``cifar10_test_958.npz`` and
``cifar10_test_3400.npz``, or the first ``--limit`` of them), and leaves ``NAME_RECIPE_T.npz``:
``right`` (N, T), whether the answer after so many ticks is right, and additions and
multiplications per image up to ``after`` ticks. What is there is not run again, so ``--print``
shows all answers that are: accuracy in per cent with 95 % intervals (Wilson), and the paired
difference to the ANN's.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from noise_tables import paired, wilson
from numpy.typing import NDArray
from small_cifar import read

from converters import Conversion, bsnn, forward, load_ann, macs, noise, rate, ttrbr
from converters.ann.graph import Ann
from eventsnn import Record, reading_ticks, simulate_batch
from eventsnn.files.npz import read_npz, write_npz

CALIBRATION = 128
BATCH = 64
#: Where operations are told, so far as there are so many ticks.
AFTER = (1, 2, 4, 8, 16, 32, 64, 128)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("jobs", nargs="*", help="NETWORK,RECIPE,T")
    parser.add_argument("--data", type=Path, help="folder of the CIFAR-10 NPZ")
    parser.add_argument("--out", type=Path, default=Path("answers"))
    parser.add_argument("--limit", type=int, help="test images, all by default")
    parser.add_argument("--print", action="store_true", help="the answers that are there")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for job in options.jobs:
        network, recipe, ticks = job.split(",")
        answer(network, recipe, int(ticks), options)
    if options.print:
        for path in sorted(options.out.glob("*.npz")):
            sys.stdout.write(told(path) + "\n")
    return 0


def answer(network: str, recipe: str, ticks: int, options: argparse.Namespace) -> None:
    """Run one job, unless its answers are there."""
    architecture, _, file = network.rpartition(":")
    path = options.out / f"{Path(file).stem}_{recipe}_{ticks}.npz"
    if path.exists():
        return
    x, y = test_images(options.data, options.limit)
    ann = load_ann(file, architecture or None)
    if recipe == "ann":
        right = (forward(ann, x).argmax(1) == y)[:, None]
        content = {"right": right, "macs": np.array(sum(macs(ann).values()))}
    else:
        began = time.perf_counter()
        conversion = converted(ann, recipe, ticks, calibration(options.data))
        seconds = time.perf_counter() - began
        if recipe.startswith("bsnn"):
            ticks = int(reading_ticks(conversion.network, 1)[0])
        content = simulated(conversion, x, y, ticks) | {"conversion_seconds": np.array(seconds)}
    write_npz(path, content)
    sys.stdout.write(told(path) + "\n")
    sys.stdout.flush()


def converted(ann: Ann, recipe: str, ticks: int, images: NDArray[np.float32]) -> Conversion:
    make = {
        "carry": partial(noise, ann, ticks=ticks, mode="carry"),
        "noise": partial(noise, ann, ticks=ticks, mode="noise"),
        "rate": partial(rate, ann, images, ticks=ticks),
        "ttrbr": partial(ttrbr, ann, images, ticks=ticks),
        "bsnn4": partial(bsnn, ann, images, phases=4),
    }
    return make[recipe]()


def simulated(
    conversion: Conversion, x: NDArray[np.float32], y: NDArray[np.int64], ticks: int
) -> dict[str, NDArray[np.generic]]:
    """Answers after each tick, and operations of an image."""
    network = conversion.network
    after = (*(t for t in AFTER if t < ticks), ticks)
    record = Record(potentials=(network.output,), operations_after=after)
    right, additions, multiplications = [], np.zeros(len(after)), np.zeros(len(after))
    spikes = 0
    began = time.process_time()
    for start in range(0, len(x), BATCH):
        some = slice(start, start + BATCH)
        # the noise of a sample depends on its number in its batch, so each batch has a seed
        runs = simulate_batch(network, x[some], ticks=ticks, record=record, seed=start)
        for run, label in zip(runs, y[some], strict=True):
            right.append(run.potentials[network.output].argmax(1) == label)
            additions += run.after.ac.sum(0)
            multiplications += run.after.mac.sum(0)
            spikes += sum(run.counts.spikes.values())
    return {
        "right": np.array(right),
        "after": np.array(after),
        "ac": additions / len(x),
        "mac": multiplications / len(x),
        "spikes": np.array(spikes / len(x)),
        "cpu_seconds": np.array((time.process_time() - began) / len(x)),
    }


def told(path: Path) -> str:
    """One line of a table."""
    stored = read_npz(path)
    right = stored["right"]
    shown = [t for t in AFTER if t < right.shape[1]] + [right.shape[1]]
    cells = []
    for ticks in shown:
        low, high = wilson(right[:, ticks - 1])
        share = right[:, ticks - 1].mean()
        cells.append(f"T={ticks} {100 * share:.1f} ({100 * low:.1f}..{100 * high:.1f})")
    known = path.with_name(f"{path.stem.rsplit('_', 2)[0]}_ann_0.npz")
    if known.exists() and known != path:
        reference = read_npz(known)["right"][: len(right), 0]
        mean, half = paired(right[:, -1], reference)
        cells.append(f"to the ANN {100 * mean:+.2f} +- {100 * half:.2f}")
    if (8 in shown and "carry" in path.stem) or "_noise_16" in path.stem:
        mean, half = paired(right[:, 7], right[:, 0])
        cells.append(f"T=8 minus T=1 {100 * mean:+.2f} +- {100 * half:.2f}")
    if "ac" in stored:
        operations = (stored["ac"] + stored["mac"]) / 1e6
        cells.append("M synops " + ", ".join(f"{n:.2f}" for n in operations))
        cells.append(f"of them multiplications {stored['mac'][-1] / 1e6:.2f}")
        cells.append(f"{1e3 * float(stored['cpu_seconds']):.1f} ms")
    return f"{path.stem} ({len(right)}): " + "; ".join(cells)


def calibration(folder: Path) -> NDArray[np.float32]:
    images, _ = read(folder / "cifar10_train_1of5.npz", 32)
    chosen = np.random.default_rng(0).choice(len(images), CALIBRATION, replace=False)
    return images[np.sort(chosen)]


def test_images(folder: Path, limit: int | None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    parts = [read(folder / f"cifar10_test_{count}.npz", 32) for count in (958, 3400)]
    x, y = (np.concatenate(values) for values in zip(*parts, strict=True))
    return x[:limit], y[:limit]


if __name__ == "__main__":
    sys.exit(main())
