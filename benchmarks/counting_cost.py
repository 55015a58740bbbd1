"""What counting costs, as a share of the run time: paired, image by image.

    python benchmarks/counting_cost.py NET.h5 DATA.npz [--images 40] [--ticks 64]

After each run, the spikes are still in the pool, so the kernel's counter can be called
again for every packet, alone, and timed against the run it was part of: once and twice in a
row, and the difference is the cost. (In the run, too, it reads spikes that `deliver` has
just brought into the cache.) The rest of the counting is Python after the run, timed the
same way: `Counts` (always), and the operations
after every tick (only where asked for, as `eventsnn evaluate` does). Printed are medians
of the ratios.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numba import njit

from eventsnn import Currents
from eventsnn.engine import execute
from eventsnn.engine.counting import count_operations, operations_after
from eventsnn.engine.plan import make_plan
from eventsnn.hdf5 import load_network
from eventsnn.kernels.deliver import count
from eventsnn.record import Record


@njit  # type: ignore[untyped-decorator]  # numba ships no types
def count_again(
    layers: Any, links: Any, state: Any, pool: Any, link: Any, emission: Any, times: int
) -> None:
    for k in range(link.size):
        start, stop = pool.emissions.start[emission[k]], pool.emissions.stop[emission[k]]
        for _ in range(times):
            count(layers, links, state, link[k], pool.index, pool.amplitude, start, stop)


def packets(plan: Any, state: Any, pool: Any) -> tuple[Any, Any]:
    """Link and emission of every packet of a run."""
    link, emission = [], []
    for node in range(len(plan.nodes)):
        at = int(state.nodes.emission_head[node])
        while at >= 0:
            for out in np.flatnonzero(plan.links.table.source == node):
                link.append(out)
                emission.append(at)
            at = int(pool.emissions.next[at])
    return np.array(link, dtype=np.int64), np.array(emission, dtype=np.int64)


def seconds(work: Any) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def cost_of_counting(
    plan: Any, state: Any, pool: Any, link: Any, emission: Any, times: int
) -> float:
    return seconds(lambda: count_again(plan.layers, plan.links, state, pool, link, emission, times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--ticks", type=int, default=64)
    options = parser.parse_args()
    file = load_network(options.network)
    name, shape = file.network.inputs[0].name, file.network.inputs[0].shape
    with np.load(options.data) as archive:
        x = file.preprocessing.apply(archive["x"][: options.images + 1], shape)
    plan = make_plan(file.network, precision="float32", order="by_layer")
    record, points = Record(potentials=(file.network.output,)), tuple(range(1, options.ticks + 1))
    worker = execute._Worker(plan, record, options.ticks)  # noqa: SLF001 - times what it is made of
    state = worker._state  # noqa: SLF001 - same
    shares: list[tuple[float, float, float]] = []
    for image in x:
        sample = {name: Currents((0,), image[None])}
        run = seconds(lambda sample=sample: worker.run(sample, 0))
        pool = worker._pool  # noqa: SLF001 - same
        link, emission = packets(plan, state, pool)
        before = state.synops.copy()
        state.synops[:] = 0
        kernel = -cost_of_counting(plan, state, pool, link, emission, 1)
        assert np.array_equal(state.synops, before)
        kernel += cost_of_counting(plan, state, pool, link, emission, 2)
        state.synops[:] = before
        python = seconds(lambda pool=pool: count_operations(plan, state, pool, options.ticks))
        after = seconds(lambda pool=pool: operations_after(plan, state, pool, points))
        shares.append((kernel / run, python / run, after / run))
    kernel, python, after = (median(column) for column in zip(*shares[1:], strict=True))
    print(f"{options.images} images, {options.ticks} ticks; share of the run time, medians:")
    print(f"  kernel's counters      {kernel:6.2%}")
    print(f"  Counts                 {python:6.2%}")
    print(f"  together               {kernel + python:6.2%}")
    print(f"  after every tick, too  {after:6.2%}")


if __name__ == "__main__":
    main()
