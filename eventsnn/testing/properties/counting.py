"""Every synaptic operation is a spike that met a synapse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.fan_out import fan_out
from eventsnn.description.link import Link, delay_groups
from eventsnn.description.network import Layer
from eventsnn.description.neurons import Maximum, Relay
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.properties.observation import Observed, observe
from eventsnn.testing.properties.outcome import Held, Outcome
from eventsnn.testing.strategies import Case

__all__ = ["counts_equal_fan_out"]


def counts_equal_fan_out(case: Case) -> Outcome:
    """``synops = sum_i n_i f_i`` for each link, and ``synops = ac + mac``; exact integers.

    n_i is how often neuron i of the source was heard within the run, from the recorded
    spikes: an integer amplitude k counts |k|, any other, and any of a relay, counts once. f_i is
    `eventsnn.fan_out` of the link. Max pooling has windows, no synapses.

    Raises:
        AssertionError: the link and both numbers.
    """
    observed = observe(case)
    counts = observed.run.counts
    for name, train in observed.spikes.items():
        expected = int(_counted(train, is_relay=_is_relay(case, name)).sum())
        assert counts.spikes[name] == expected, (
            f"layer `{name}`: {expected} spikes recorded, {counts.spikes[name]} counted"
        )
    links = [
        (case.network.layer(name), link)
        for name in case.network.positions
        for link in case.network.layer(name).links
    ]
    for (layer, link), count in zip(links, counts.links, strict=True):
        expected = _synops(case, layer, link, observed)
        assert (count.source, count.target) == (link.source, layer.name)
        assert count.synops == expected, (
            f"layer `{layer.name}`, link from `{link.source}`: spikes x fan-out = {expected}, "
            f"but {count.synops} synops are counted"
        )
        assert count.ac + count.mac == count.synops, (
            f"layer `{layer.name}`, link from `{link.source}`: {count.ac} additions and "
            f"{count.mac} multiplications are not {count.synops} synops"
        )
    return Held(f"exact integers, {len(links)} links", observed.count())


def _synops(case: Case, layer: Layer, link: Link, observed: Observed) -> int:
    if isinstance(layer.neuron, Maximum):
        return 0
    shape = case.network.shapes[link.source]
    given = case.inputs.get(link.source)
    total = 0
    for group in delay_groups(link, shape):
        heard = case.ticks - group.delay
        if heard <= 0:
            continue
        if given is None:
            train = observed.spikes[link.source][:heard]
            n = _counted(train, is_relay=_is_relay(case, link.source)).sum(axis=0)
        elif isinstance(given, Spikes):
            kept = given.tick < heard
            each = _counted(given.amplitude[kept], is_relay=False)
            n = np.bincount(given.index[kept], each, int(np.prod(shape))).reshape(shape)
        else:
            continue  # a current has multiply-accumulates instead
        if group.members is not None:
            n = np.where(group.members, n, 0)
        total += int((n * fan_out(group.chain, shape)).sum())
    return total


def _counted(amplitude: NDArray[np.float64], *, is_relay: bool) -> NDArray[np.float64]:
    whole = amplitude == np.floor(amplitude)
    if is_relay:
        return np.asarray(amplitude != 0, dtype=np.float64)
    return np.asarray(np.where(whole, np.abs(amplitude), 1.0))


def _is_relay(case: Case, name: str) -> bool:
    return isinstance(case.network.layer(name).neuron, Relay) if name not in case.inputs else False
