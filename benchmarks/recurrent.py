"""A balanced recurrent network: synaptic events per second on one core.

1,000 neurons (80 % excitatory, 20 % inhibitory and four times as strong), 10 %
connectivity, a delay of 1 to 20 ticks on every synapse, Poisson input. The IF version has
dyadic weights and must equal the oracle bit for bit; the LIF version follows it by the
first-difference rule. Speed is that of a longer run, medians of several.

    python benchmarks/recurrent.py
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
import scipy.sparse as sp

from eventsnn import IF, LIF, Input, Layer, Link, Network, Sparse, Spikes, simulate
from eventsnn.testing import assert_equals_oracle, assert_follows_oracle

NEURONS, CONNECTIVITY, LONGEST = 1000, 0.1, 20


def balanced(neuron: IF | LIF, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    present = rng.random((NEURONS, NEURONS)) < CONNECTIVITY
    np.fill_diagonal(present, val=False)
    rows, columns = np.nonzero(present)
    inhibitory = columns >= 0.8 * NEURONS
    weights = np.where(inhibitory, -4.0, 1.0) / 16
    weight = sp.csr_array((weights, (rows, columns)), present.shape)
    delay = sp.csr_array((rng.integers(1, LONGEST + 1, rows.size), (rows, columns)), present.shape)
    drive = sp.diags_array(np.full(NEURONS, 0.5))
    links = (Link("poisson", (Sparse(drive),)), Link("neurons", (Sparse(weight),), delay))
    return Network((Input("poisson", (NEURONS,)),), (Layer("neurons", (NEURONS,), neuron, links),))


def poisson(ticks: int, rate: float, seed: int = 1) -> Spikes:
    rng = np.random.default_rng(seed)
    events = rng.poisson(rate * NEURONS * ticks)
    return Spikes((NEURONS,), rng.integers(0, ticks, events), rng.integers(0, NEURONS, events))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    models = {
        "IF": IF(1.0, v_min=-2.0, refractory=2),
        "LIF": LIF(0.95, 1.0, v_min=-2.0, refractory=2),
    }
    for name, neuron in models.items():
        net = balanced(neuron)
        short, spikes = poisson(300, 0.05), poisson(options.ticks, 0.05)
        for granularity in ("swept", "touched"):
            if name == "IF":
                assert_equals_oracle(net, {"poisson": short}, ticks=300, granularity=granularity)
                verdict = "equals the oracle"
            else:
                first = assert_follows_oracle(
                    net, {"poisson": short}, ticks=300, granularity=granularity
                )
                verdict = f"follows the oracle (first difference: {first})"
            seconds = []
            for _ in range(options.repeats):
                start = time.perf_counter()
                run = simulate(net, spikes, ticks=options.ticks, granularity=granularity)
                seconds.append(time.perf_counter() - start)
            rate = run.counts.spikes["neurons"] / NEURONS / options.ticks
            print(
                f"{name} {granularity:8}: {verdict}; {run.counts.synops / 1e6:.1f} M synops, "
                f"{rate:.4f} spikes per neuron and tick, {median(seconds):.2f} s: "
                f"{run.counts.synops / median(seconds) / 1e6:.1f} M synaptic events/s"
            )


if __name__ == "__main__":
    main()
