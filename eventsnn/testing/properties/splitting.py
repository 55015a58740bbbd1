"""A layer is no more than its neurons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import Observed, observe
from eventsnn.testing.properties.outcome import DoesNotApply, Outcome
from eventsnn.testing.strategies import Case
from eventsnn.testing.transformations import split_layer

__all__ = ["splitting_changes_nothing"]


def splitting_changes_nothing(case: Case) -> Outcome:
    """Channels 0..k-1 and k..C-1 as two layers: the same spikes, potentials and synops.

    Of one layer, which the seed chooses with k, among those whose weights can be sliced: each
    link onto it ends, and each link from it begins, with a `Linear`, `Sparse` or `Conv2d` of
    one group, but for pools and scales; it has two channels, no noise, and is no max pooling.

    Raises:
        AssertionError: the first difference.
    """
    rng = np.random.default_rng(case.seed)
    for i in rng.permutation(len(case.network.layers)):
        layer = case.network.layers[i]
        if layer.shape[0] == 1:
            continue
        first = int(rng.integers(1, layer.shape[0]))
        network = split_layer(case.network, layer.name, first)
        if network is None:
            continue
        expected, apart = observe(case), observe(replace(case, network=network))
        found = _joined(apart, layer.name, network.layers[-1].name)
        change = f"with `{layer.name}` split behind its channel {first - 1}"
        outcome = agree(case, expected, found, change)
        if all(np.array_equal(expected.spikes[n], found.spikes[n]) for n in expected.spikes):
            a, b = expected.run.counts.synops, found.run.counts.synops
            assert a == b, f"{a} synops, but {b} {change}"
        return outcome
    return DoesNotApply("no layer of two channels has weights before and behind it to slice")


def _joined(found: Observed, name: str, rest: str) -> Observed:
    return found.changed(
        name,
        lambda values, what: np.concatenate([values, getattr(found, what)[rest]], axis=1),
    )
