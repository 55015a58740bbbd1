"""Compare the engine with the oracle, and say where they part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn import oracle
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    Maximum,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    ReadOut,
    Relay,
    RunningMaximum,
    Signed,
)
from eventsnn.engine.choices import Granularity, Order, Precision
from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.simulate import simulate
from eventsnn.testing.budget import rounding_bounds

__all__ = ["assert_equals_oracle", "assert_follows_oracle", "distance_to_decision"]

_UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}


def assert_equals_oracle(
    network: Network,
    inputs: Mapping[str, Any],
    *,
    ticks: int,
    precision: Precision = "float64",
    order: Order = "by_layer",
    granularity: Granularity = "swept",
    seed: int = 0,
    fused: bool = True,
) -> Run:
    """Spikes and potentials of every layer, at every tick, equal to the bit.

    Args:
        network: the description.
        inputs: one sample, by input name.
        ticks: how many.
        precision, order, granularity, fused: of the engine.
        seed: of the noise.

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
        seed=seed,
        fused=fused,
    )
    trace = oracle.simulate(network, inputs, ticks=ticks, seed=seed)
    for name in network.positions:
        pairs = {
            "spikes": (run.spikes[name].to_dense(ticks), trace.spikes[name]),
            "potential": (run.potentials[name], trace.potentials[name]),
            "potential before the reset": (run.potentials_before_reset[name], trace.tested[name]),
        }
        for what, (ours, expected) in pairs.items():
            differs = np.argwhere(ours != expected)
            if differs.size:
                first = tuple(int(i) for i in differs[0])
                raise AssertionError(
                    f"layer `{name}`: {what} of neuron {first[1:]} at tick {first[0]} is "
                    f"{ours[first]!r}, the oracle has {expected[first]!r} "
                    f"({precision}, {order}, {granularity}, fused={fused}; "
                    f"{len(differs)} values differ)"
                )
    return run


def assert_follows_oracle(
    network: Network,
    inputs: Mapping[str, Any],
    *,
    ticks: int,
    precision: Precision = "float64",
    order: Order = "by_layer",
    granularity: Granularity = "swept",
    seed: int = 0,
    fused: bool = True,
) -> tuple[int, str] | None:
    """Beyond the exactness budget: the first spike that differs is a matter of rounding.

    All firing layers emit the same spikes up to the first difference in causal order (tick,
    then position); there the oracle's potential lies within the rounding bound of
    `rounding_bounds` of the value that decides, a threshold or a multiple of it.

    Returns:
        Tick and layer of the first difference, None where there is none.

    Raises:
        AssertionError: the first difference is larger than rounding explains.
    """
    run: Run = simulate(
        network,
        inputs,
        ticks=ticks,
        record=Record.everything(network),
        precision=precision,
        order=order,
        granularity=granularity,
        seed=seed,
        fused=fused,
    )
    trace = oracle.simulate(network, inputs, ticks=ticks, seed=seed)
    ours = {name: run.spikes[name].to_dense(ticks) for name in network.positions}
    bounds = rounding_bounds(network, inputs, ticks, _UNIT[precision])
    for tick in range(ticks):
        for name in sorted(network.positions, key=network.positions.__getitem__):
            layer, bound = network.layer(name), bounds[name]
            if isinstance(layer.neuron, Relay | Maximum | ReadOut):
                error = np.abs(run.potentials[name][tick] - trace.potentials[name][tick])
                assert np.all(error <= bound), f"layer `{name}`, tick {tick}: v off by {error}"
                continue
            differs = ours[name][tick] != trace.spikes[name][tick]
            if not np.any(differs):
                continue
            distance = distance_to_decision(layer, trace.tested[name][tick])[differs]
            assert np.all(distance <= bound), (
                f"layer `{name}`: spikes differ at tick {tick}, where the oracle's v is "
                f"{distance.max():g} from the threshold; rounding explains {bound:g} "
                f"({precision}, {order}, {granularity}, fused={fused})"
            )
            return tick, name
    return None


def distance_to_decision(layer: Layer, v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of v to the nearest value at which the emission changes."""
    match layer.neuron:
        case IF(threshold=threshold) | LIF(threshold=threshold) | CubaLIF(threshold=threshold):
            decisions = [np.asarray(threshold)]
        case Burst(threshold=threshold, max_spikes=max_spikes):
            decisions = [k * np.asarray(threshold) for k in range(1, max_spikes + 1)]
        case Signed(threshold=threshold, negative=negative, max_spikes=max_spikes):
            theta = np.asarray(threshold)
            decisions = [k * theta for k in range(1, max_spikes + 1)]
            decisions += [-np.asarray(negative) - k * theta for k in range(max_spikes)]
        case Bistable() | PhaseIF() as neuron:
            rounds = isinstance(neuron, Bistable) and neuron.rounding
            half = 2.0 ** -(1 + neuron.phases) if rounds else 0.0
            decisions = [
                (2.0 ** -(1 + k) - half) * np.asarray(neuron.threshold)
                for k in range(neuron.phases)
            ]
        case LI() | Relay() | RunningMaximum() | PhaseAccumulator() | PhaseMaximum():
            return np.full(v.shape, np.inf)  # nothing is decided
        case _:
            assert_never(layer.neuron)
    return np.asarray(np.min([np.abs(v - d) for d in decisions], axis=0))
