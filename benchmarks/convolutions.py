"""How fast are spikes scattered through a convolution, on one core?

Two comparisons, each paired in one run, medians of several repeats:
- the engine's kernel (eight weight rows at a time) against one spike at a time;
- the engine's kernel against the dense product of the same layer (im2col and one matrix
  product of BLAS on one thread), which costs the same however few spikes there are.

    python benchmarks/convolutions.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads it: one core each

import statistics
import time
from collections.abc import Callable

import numpy as np

from eventsnn import Conv2d, fan_out
from eventsnn.engine.layout import to_plan
from eventsnn.engine.operators import StageBuilder
from eventsnn.kernels.conv import conv_graded, conv_uniform

# channels, side, output channels: the three stages of a CIFAR ResNet, and a wide layer
LAYERS = [(16, 32, 16), (32, 16, 32), (64, 8, 64), (128, 16, 128)]
ACTIVITY = [0.05, 0.1, 0.2]
REPEATS = 15


def seconds(function: Callable[[], object], calls: int = 10) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def compare(channels: int, side: int, c_out: int, activity: float) -> str:
    rng = np.random.default_rng(0)
    conv = Conv2d(rng.normal(size=(c_out, channels, 3, 3)), padding=1)
    shape = (channels, side, side)
    builder = StageBuilder(np.float32)
    builder.add_chain((conv,), shape)
    stages = builder.tables()
    table, taps, weights = stages.table[0], stages.taps, stages.weights
    fan = to_plan(fan_out((conv,), shape).astype(np.float64), shape)
    matrix = rng.normal(size=(9 * channels, c_out)).astype(np.float32)
    v = np.zeros(side * side * c_out, dtype=np.float32)
    spikes = rng.random(side * side * channels) < activity
    index = np.flatnonzero(spikes).astype(np.int32)
    scale = np.float32(1)
    ones = np.ones(index.size, dtype=np.float32)
    padded = np.zeros((side + 2, side + 2, channels), dtype=np.float32)
    padded[1:-1, 1:-1] = spikes.reshape(side, side, channels)

    def ours() -> None:
        conv_uniform(v, 0, weights, taps, table, index, scale, 0, index.size)

    def single() -> None:
        conv_graded(v, 0, weights, taps, table, index, ones, 0, index.size)

    def dense() -> None:
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
        np.add(v, (windows.reshape(side * side, -1) @ matrix).ravel(), out=v)

    for warm in (ours, single, dense):
        warm()
    times = [(seconds(ours), seconds(single), seconds(dense)) for _ in range(REPEATS)]
    rate = statistics.median(fan[index].sum() / t[0] / 1e9 for t in times)
    one = statistics.median(t[1] / t[0] for t in times)
    product = statistics.median(t[2] / t[0] for t in times)
    row = f"{channels:8d} {side:5d} {activity:7.0%}"
    return f"{row} {rate:10.1f} {one:15.1f} x {product:15.1f} x"


def main() -> None:
    print("float32, 3x3, padding 1; medians of", REPEATS, "paired repeats\n")
    print("channels  side  active   Gsynop/s   vs one at a time   vs dense product")
    for layer in LAYERS:
        for activity in ACTIVITY:
            print(compare(*layer, activity))


if __name__ == "__main__":
    main()
