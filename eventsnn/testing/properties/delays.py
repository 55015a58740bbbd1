"""Delays add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from eventsnn.description.network import Network
from eventsnn.description.neurons import Bistable, Maximum, PhaseAccumulator
from eventsnn.errors import NetworkError
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe
from eventsnn.testing.properties.outcome import DoesNotApply, Held, Outcome
from eventsnn.testing.strategies import Case
from eventsnn.testing.transformations import relay_on_the_way

__all__ = ["delays_compose"]


def delays_compose(case: Case) -> Outcome:
    """``d = d1 + d2``: a link of delay d, or a relay after d1 ticks and a link of d2.

    For one link, chosen by the seed, of those that have a delay, or of all with 0 = 0 + 0. It
    has one delay for all its spikes, comes from spikes, and leads neither to max pooling nor
    to words of a stage, which ask where their spikes come from.

    Raises:
        AssertionError: the first difference.
    """
    rng = np.random.default_rng(case.seed)
    for name, number, first in _in_random_order(case, rng):
        link = case.network.layer(name).links[number]
        try:
            network: Network = relay_on_the_way(case.network, name, number, first)
        except NetworkError:  # an amplitude on a cycle, or a name that is taken
            continue
        found = observe(replace(case, network=network))
        assert isinstance(link.delay, int)
        split = f"{link.delay} = {first} + {link.delay - first}"
        change = f"where the delay of the link from `{link.source}` to `{name}` is {split}"
        outcome = agree(case, observe(case), found, change)
        if isinstance(outcome, Held):
            return Held(f"{outcome.how}, {split}", outcome.spikes)
        return outcome
    return DoesNotApply(
        "no link from spikes has one delay and leads to a layer other than max pooling or words"
    )


def _in_random_order(case: Case, rng: np.random.Generator) -> Iterator[tuple[str, int, int]]:
    """(layer, number of the link, first part of its delay), those with a delay first."""
    found = [
        (layer.name, number, link.delay)
        for layer in case.network.layers
        if not isinstance(layer.neuron, Maximum | Bistable | PhaseAccumulator)
        for number, link in enumerate(layer.links)
        if isinstance(link.delay, int)
        and (link.source not in case.inputs or isinstance(case.inputs[link.source], Spikes))
    ]
    order = [found[i] for i in rng.permutation(len(found))]
    for name, number, delay in sorted(order, key=lambda entry: entry[2] == 0):
        yield name, number, int(rng.integers(0, delay + 1))
