"""What arrives in one tick is a sum: its order means nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from eventsnn.signals.spikes import Spikes
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe
from eventsnn.testing.properties.outcome import DoesNotApply, Outcome
from eventsnn.testing.strategies import Case
from eventsnn.testing.transformations import reorder_links

__all__ = ["simultaneous_arrivals_commute"]


def simultaneous_arrivals_commute(case: Case) -> Outcome:
    """``sum_k W_k s_k`` in any order of k: links and events of inputs in another order.

    Applies where a layer has two links, or a neuron of an input two events in one tick.
    The seed chooses the order.

    Raises:
        AssertionError: the first difference.
    """
    several = any(len(layer.links) > 1 for layer in case.network.layers)
    if not several and not any(_repeats(value) for value in case.inputs.values()):
        return DoesNotApply(
            "no layer has two links, and no neuron of an input two events in one tick"
        )
    rng = np.random.default_rng(case.seed)
    orders = {layer.name: _another_order(len(layer.links), rng) for layer in case.network.layers}
    other = replace(
        case,
        network=reorder_links(case.network, orders),
        inputs={name: _reordered(value, rng) for name, value in case.inputs.items()},
    )
    expected, found = observe(case), observe(other)
    outcome = agree(case, expected, found, "with links and events in another order")
    if expected.run.spikes == found.run.spikes:
        a, b = expected.run.counts.synops, found.run.counts.synops
        assert a == b, f"{a} synops, but {b} with links and events in another order"
    return outcome


def _another_order(size: int, rng: np.random.Generator) -> list[int]:
    order: list[int] = rng.permutation(size).tolist()
    return order if order != sorted(order) else order[::-1]


def _repeats(value: Any) -> bool:
    if not isinstance(value, Spikes) or not len(value):
        return False
    events = np.stack([value.tick, value.index])
    return bool(np.unique(events, axis=1).shape[1] < len(value))


def _reordered(value: Any, rng: np.random.Generator) -> Any:
    if not isinstance(value, Spikes):
        return value
    order = np.array(_another_order(len(value), rng), dtype=np.int64)
    return Spikes(value.shape, value.tick[order], value.index[order], value.amplitude[order])
