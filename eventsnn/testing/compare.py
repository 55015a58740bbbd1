"""Compare the engine with the oracle, and say where they part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from eventsnn import reference
from eventsnn.engine.plan import Granularity, Order, Precision
from eventsnn.network import Network
from eventsnn.run import Record, Run
from eventsnn.simulate import simulate

__all__ = ["assert_equals_oracle"]


def assert_equals_oracle(
    network: Network,
    inputs: Mapping[str, Any],
    *,
    ticks: int,
    precision: Precision = "float64",
    order: Order = "by_layer",
    granularity: Granularity = "swept",
) -> Run:
    """Spikes and potentials of every layer, at every tick, equal to the bit.

    Args:
        network: the description.
        inputs: one sample, by input name.
        ticks: how many.
        precision, order, granularity: of the engine.

    Returns:
        The engine's run, with everything recorded.

    Raises:
        AssertionError: names the first layer (in topological order), tick and neuron that
            differ, with both values.
    """
    run: Run = simulate(
        network,
        inputs,
        ticks=ticks,
        record=Record.everything(network),
        precision=precision,
        order=order,
        granularity=granularity,
    )
    trace = reference.simulate(network, inputs, ticks=ticks)
    for name in network.positions:
        pairs = {
            "spikes": (run.spikes[name].to_dense(ticks), trace.spikes[name]),
            "potential": (run.potentials[name], trace.potentials[name]),
        }
        for what, (ours, oracle) in pairs.items():
            differs = np.argwhere(ours != oracle)
            if differs.size:
                first = tuple(int(i) for i in differs[0])
                raise AssertionError(
                    f"layer `{name}`: {what} of neuron {first[1:]} at tick {first[0]} is "
                    f"{ours[first]!r}, the oracle has {oracle[first]!r} "
                    f"({precision}, {order}, {granularity}; {len(differs)} values differ)"
                )
    return run
