"""Milliseconds per image: phase words beside rate coding, and the queue's share.

    python benchmarks/bsnn_speed.py [--data DIR] [--images 40]

ResNet-20 on one core. Each image is run by every method in turn, so that whatever else the
machine does falls on all of them; printed are medians, and medians of the ratios. The queue's
share is the time of as many pushes and pops on a heap of that size, alone.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numba import njit
from small_cifar import read

from converters import bsnn, load_ann, rate
from eventsnn.engine.execute import run_chunk
from eventsnn.engine.plan import make_plan
from eventsnn.kernels.heap import pop, push
from eventsnn.kernels.tables import REGISTERS
from eventsnn.record import Record
from eventsnn.signals.samples import as_samples


@njit  # type: ignore[untyped-decorator]  # numba ships no types
def queue_alone(entries: int, times: int, arrays: Any, registers: Any) -> None:
    tick, order, payload = arrays
    for _ in range(times):
        for i in range(entries):
            push(tick, order, payload, registers, i * 7919 % entries, i, i)
        for _ in range(entries):
            pop(tick, order, payload, registers)


def seconds_of_queue(entries: int) -> float:
    arrays = tuple(np.zeros(entries + 1, dtype=np.int64) for _ in range(3))
    registers = np.zeros(REGISTERS, dtype=np.int64)
    queue_alone(entries, 1, arrays, registers)
    begin = time.perf_counter()
    queue_alone(entries, 1000, arrays, registers)
    return (time.perf_counter() - begin) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--images", type=int, default=40)
    options = parser.parse_args()
    ann = load_ann(options.data / "resnet20_cifar10.npz", "resnet20-cifar")
    calibration = read(options.data / "cifar10_train_1of5.npz", 32)[0][:64]
    x = read(options.data / "cifar10_test_958.npz", 32)[0][: options.images + 1]
    networks = {"rate T=64": (rate(ann, calibration, ticks=64).network, 64)}
    for phases in (4, 8):
        made = bsnn(ann, calibration, phases=phases)
        ticks = made.ticks
        assert ticks is not None
        networks[f"bsnn K={phases}"] = (made.network, ticks)
    plans = {name: (make_plan(network), ticks) for name, (network, ticks) in networks.items()}
    wall: dict[str, list[float]] = {name: [] for name in plans}
    processor: dict[str, list[float]] = {name: [] for name in plans}
    entries = {}
    for image in x:
        for name, (plan, ticks) in plans.items():
            samples, _ = as_samples(plan.network, image)
            begin, used = time.perf_counter(), time.process_time()
            (run,) = run_chunk(plan, samples, ticks, Record())
            wall[name].append(time.perf_counter() - begin)
            processor[name].append(time.process_time() - used)
            entries[name] = run.queue.pops
    print("| method | ms per image | processor ms | rate / it | queue entries | queue's share |")
    print("|---|---|---|---|---|---|")
    for name in plans:
        ratios = [a / b for a, b in zip(processor["rate T=64"], processor[name], strict=True)][1:]
        share = seconds_of_queue(entries[name]) / median(processor[name][1:])
        print(
            f"| {name} | {1e3 * median(wall[name][1:]):.1f} | "
            f"{1e3 * median(processor[name][1:]):.1f} | {median(ratios):.1f} | "
            f"{entries[name]} | {share:.2%} |"
        )


if __name__ == "__main__":
    main()
