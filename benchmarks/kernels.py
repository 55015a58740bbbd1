"""One layer at a time: fused kernels beside the queue, and beside what the core can add.

    python benchmarks/kernels.py [--ticks 32] [--repeats 9] [--out DIR]

Single layers fed by spikes that are drawn independently, on one core. Processor time, the least of
several repeats: of the fused kernel (tests, resets and counts included) in float32 and, with
weights rounded to integers, in int16 or int32; and of the queue's loop alone. The roofline is
``y += x`` on arrays in L1 in the same process. Writes ``kernels.json`` and ``kernels.md``.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine
from numba import njit

from eventsnn import (
    IF,
    Conv2d,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    Record,
    Spikes,
)
from eventsnn.engine.execute import _Worker
from eventsnn.engine.fused_layout import Group
from eventsnn.engine.load import load
from eventsnn.engine.plan import make_plan
from eventsnn.engine.state import reset_pool, reset_state

#: Name, channels in, side, channels out, kernel, stride, groups; side 0: a dense layer.
SHAPES = {
    "16-16 3x3 32x32": (16, 32, 16, 3, 1, 1),
    "16-32 3x3 stride 2": (16, 32, 32, 3, 2, 1),
    "32-32 3x3 16x16": (32, 16, 32, 3, 1, 1),
    "64-64 3x3 8x8": (64, 8, 64, 3, 1, 1),
    "64-128 3x3 28x28": (64, 28, 128, 3, 1, 1),
    "256-256 3x3 14x14": (256, 14, 256, 3, 1, 1),
    "1x1 64-64 28x28": (64, 28, 64, 1, 1, 1),
    "5x5 20-32 14x14": (20, 14, 32, 5, 1, 1),
    "depthwise 64 28x28": (64, 28, 64, 3, 1, 64),
    "4 groups 64-64 14x14": (64, 14, 64, 3, 1, 4),
    "dense 3136-128": (3136, 0, 128, 1, 1, 1),
}
ACTIVITY = (0.2, 0.11, 0.02)


@njit(nogil=True)  # type: ignore[untyped-decorator]  # numba ships no types
def axpy(x: Any, y: Any, times: int) -> None:
    """``y += x``, so many times; in L1."""
    for _ in range(times):
        for i in range(x.size):
            y[i] += x[i]


def roofline() -> float:
    """Additions per nanosecond, float32."""
    x, y = np.ones(2048, np.float32), np.zeros(2048, np.float32)
    axpy(x, y, 1)
    return 2048 * 20_000 / 1e9 / least(lambda: axpy(x, y, 20_000), 9)


def least(function: Callable[[], object], repeats: int) -> float:
    """Processor seconds of one call, the least of several."""
    found = math.inf
    for _ in range(repeats):
        begin = time.process_time()
        function()
        found = min(found, time.process_time() - begin)
    return found


def layer(shape: tuple[int, ...], generator: Any, *, whole: bool) -> Network:
    """A layer of that shape, whose neurons spike now and then."""
    c_in, side, c_out, kernel, stride, groups = shape
    fan = c_in // groups * kernel**2
    weights: Any = generator.normal(0, 1, (c_out, c_in // groups, kernel, kernel)) / fan**0.5
    if whole:
        weights = np.rint(weights * 40 * (fan / 144) ** 0.5)
    theta = 60.0 if whole else 1.0
    # what 16 bits need; the queue is faster without
    clamps = {"v_min": -2 * theta, "v_max": 2 * theta} if whole else {}
    # a firing layer before it, so that the layer is not one behind an input
    source = (c_in, side, side) if side else (c_in,)
    before = Layer("before", source, IF(1.0), (Link("in"),))
    if side:
        pixels = (side + 2 * (kernel // 2) - kernel) // stride + 1
        target: tuple[int, ...] = (c_out, pixels, pixels)
        chain: Any = Conv2d(weights, stride, kernel // 2, groups=groups)
    else:
        target, chain = (c_out,), Linear(weights[:, :, 0, 0])
    made = Layer("out", target, IF(theta, **clamps), (Link("before", (chain,)),))
    return Network((Input("in", source),), (before, made))


def measure(shape: tuple[int, ...], activity: float, ticks: int, repeats: int) -> dict[str, float]:
    """Milliseconds and synops of a layer."""
    found: dict[str, float] = {}
    for what in ("float32", "whole"):
        network = layer(shape, np.random.default_rng(0), whole=what == "whole")
        train = np.random.default_rng(1).random((ticks, *network.inputs[0].shape)) < activity
        spikes = Spikes.from_dense(train)
        seconds, found["synops"] = fused(network, spikes, ticks, repeats)
        found[what] = 1e3 * seconds
        if what == "float32":
            found["queued"] = 1e3 * queued(network, spikes, ticks, repeats)
    return found


def fused(network: Network, spikes: Spikes, ticks: int, repeats: int) -> tuple[float, int]:
    """Processor seconds of the kernel for the last layer, and its synops."""
    plan = make_plan(network)
    worker = _Worker(plan, Record(), ticks)
    run = worker.run({"in": spikes}, 0)
    made = worker._fused
    assert made is not None
    position = network.positions["out"]
    row = made._layout.rows[position]
    group = Group(plan.fused.layers[position].family, row, row + 1)
    return least(lambda: made.run(group, last=True), repeats), run.counts.links[-1].synops


def queued(network: Network, spikes: Spikes, ticks: int, repeats: int) -> float:
    """Processor seconds of the queue's loop for the last layer, fed by the input."""
    last = network.layers[-1]
    fed = Layer("out", last.shape, last.neuron, (Link("in", last.links[0].chain),))
    plan = make_plan(Network(network.inputs, (fed,)), fused=False)
    worker = _Worker(plan, Record(), ticks)
    sample: Any = {"in": spikes}
    found = math.inf
    for number in range(repeats):
        worker.run(sample, number)  # makes room
        reset_state(plan, worker._state, number)
        worker._pool = load(plan, worker._state, reset_pool(worker._pool), sample, 0, ticks)
        waiting = worker._take_queue()
        begin = time.process_time()
        worker._run_queued(0, waiting, 0, ticks)
        found = min(found, time.process_time() - begin)
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path())
    chosen = parser.parse_args()
    rate = roofline()
    head = "| layer | active | float32 ms | Gsynop/s | of y += x | whole ms | Gsynop/s |"
    lines = [f"{head} queue ms | x |", "|" + "---|" * 9]
    report: dict[str, Any] = {"axpy_per_ns": rate, "ticks": chosen.ticks, "layers": {}}
    ratios = []
    for name, shape in SHAPES.items():
        times = {}
        for activity in ACTIVITY:
            found = measure(shape, activity, chosen.ticks, chosen.repeats)
            times[activity] = found["float32"]
            report["layers"][f"{name} {activity}"] = found
            real, whole = (found["synops"] / 1e6 / found[k] for k in ("float32", "whole"))
            lines.append(
                f"| {name} | {activity:.0%} | {found['float32']:.3f} | {real:.0f} | "
                f"{real / rate:.0%} | {found['whole']:.3f} | {whole:.0f} | "
                f"{found['queued']:.2f} | {found['queued'] / found['float32']:.1f} |"
            )
            print(lines[-1], flush=True)
        ratios.append(times[0.2] / times[0.02])
    mean = float(np.mean(ratios))
    report["times_at_20_over_2_percent"] = mean
    report["machine"] = machine()
    lines += ["", f"`y += x` in L1: {rate:.0f} G/s; times at 20 % over 2 %: {mean:.1f} (mean)."]
    lines += [", ".join(f"{key} {value}" for key, value in report["machine"].items()) + "."]
    table = "\n".join(lines) + "\n"
    print(table)
    (chosen.out / "kernels.json").write_text(json.dumps(report, indent=1))
    (chosen.out / "kernels.md").write_text(table)


if __name__ == "__main__":
    main()
