"""The number of a channel means nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.network import Network
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe
from eventsnn.testing.properties.outcome import DoesNotApply, Outcome
from eventsnn.testing.strategies import Case
from eventsnn.testing.transformations import permute_channels

__all__ = ["channel_permutation"]


def channel_permutation(case: Case) -> Outcome:
    """``W2 P^T s(P W1 x) = W2 s(W1 x)``: channels in another order, with all their weights.

    Of one layer, which the seed chooses with the order, among those that
    `splitting_changes_nothing` names. Same spikes, potentials and synops.

    Raises:
        AssertionError: the first difference.
    """
    rng = np.random.default_rng(case.seed)
    for i in rng.permutation(len(case.network.layers)):
        layer = case.network.layers[i]
        if layer.shape[0] == 1:
            continue
        order = rng.permutation(layer.shape[0])
        if np.all(np.diff(order) > 0):
            order = order[::-1]
        network = permute_channels(case.network, layer.name, order)
        if network is None:
            continue
        return _compare(case, network, layer.name, order)
    return DoesNotApply("no layer of two channels has weights before and behind it to slice")


def _compare(case: Case, network: Network, name: str, order: NDArray[np.int64]) -> Outcome:
    back = np.argsort(order)
    expected = observe(case)
    permuted = observe(replace(case, network=network))
    found = permuted.changed(name, lambda values, _: values[:, back])
    change = f"with the channels of `{name}` in another order"
    outcome = agree(case, expected, found, change)
    if all(np.array_equal(expected.spikes[n], found.spikes[n]) for n in expected.spikes):
        a, b = expected.run.counts.synops, found.run.counts.synops
        assert a == b, f"{a} synops, but {b} {change}"
    return outcome
