"""When touching single neurons pays: the time of a visit, swept and touched, by share reached.

One layer of 16,384 neurons behind a convolution, 400 packets. The more spikes a packet
holds, the more neurons it reaches; where both granularities take the same time, touching a
neuron costs as many sweeps of one as the inverse of the share that is reached. Medians of
interleaved runs, CPU time.

    python benchmarks/granularity.py
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from eventsnn import IF, LIF, Conv2d, Input, Layer, Link, Network, Spikes, simulate

SIDE, PACKETS, REPEATS = 64, 400, 7


def network(neuron: IF | LIF) -> Network:
    weight = np.random.default_rng(0).normal(0, 0.1, (4, 1, 3, 3))
    link = Link("in", (Conv2d(weight, padding=1),))
    layer = Layer("out", (4, SIDE, SIDE), neuron, (link,))
    return Network((Input("in", (1, SIDE, SIDE)),), (layer,))


def spikes(in_packet: int) -> Spikes:
    """The spikes of a packet lie together, as those of a moving edge do."""
    rng = np.random.default_rng(1)
    first = rng.integers(0, SIDE * SIDE - in_packet, PACKETS)
    index = first[:, None] + np.arange(in_packet)
    tick = np.repeat(10 * np.arange(PACKETS), in_packet)
    return Spikes((1, SIDE, SIDE), tick, index.ravel())


def main() -> None:
    for name, neuron in {"IF": IF(1e6), "LIF": LIF(0.9, 1e6)}.items():
        net = network(neuron)
        for in_packet in (1, 4, 16, 64, 256):
            seconds: dict[str, list[float]] = {"swept": [], "touched": []}
            updates = {}
            for repeat in range(REPEATS + 1):
                for granularity, times in seconds.items():
                    start = time.process_time()
                    run = simulate(
                        net,
                        spikes(in_packet),
                        ticks=10 * PACKETS,
                        granularity=granularity,
                        precision="float64",
                    )
                    if repeat:  # the first one may compile
                        times.append(time.process_time() - start)
                    updates[granularity] = run.queue.neuron_updates
            share = updates["touched"] / updates["swept"]
            swept, touched = median(seconds["swept"]), median(seconds["touched"])
            print(
                f"{name:4} {in_packet:4} spikes a packet reach {share:6.2%}: "
                f"touched takes {touched / swept:5.2f} x the time of swept "
                f"({1e9 * swept / updates['swept']:.1f} ns a neuron swept)"
            )


if __name__ == "__main__":
    main()
