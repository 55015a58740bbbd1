"""How the inputs of a network in integers are coded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from eventsnn.description.codings import Coding, Events, Integers, Words
from eventsnn.description.network import Network
from eventsnn.errors import InputError

__all__ = ["input_codings", "largest_amplitude", "unit"]


def input_codings(
    network: Network, analog: float | Mapping[str, float] | None, bits: int, most_spikes: int
) -> dict[str, Coding]:
    """`Integers` of step ``range / (2^(bits - 1) - 1)`` for analog inputs, `Events` for others.

    Raises:
        InputError: a range that is not positive, a name that is no input, an input of words.
    """
    names = [node.name for node in network.inputs]
    for node in network.inputs:
        if isinstance(node.coding, Words):
            raise InputError(f"input `{node.name}`: words are no whole numbers of one step")
    if analog is None:
        ranges: Mapping[str, float] = {}
    elif isinstance(analog, Mapping):
        ranges = analog
    elif len(names) == 1:
        ranges = {names[0]: analog}
    else:
        raise InputError(
            "the network has several inputs: give analog={name: range} for the analog ones"
        )
    for name, extent in ranges.items():
        if name not in names:
            raise InputError(f"analog: no input `{name}`; the network has {names}")
        if not 0 < extent < np.inf:
            raise InputError(f"analog: expected a range > 0 for `{name}`, found {extent!r}")
    levels = 2 ** (bits - 1) - 1
    found: dict[str, Coding] = {}
    for node in network.inputs:
        if node.name in ranges:
            found[node.name] = Integers(float(ranges[node.name]) / levels, bits)
        else:
            tick = node.coding.tick if isinstance(node.coding, Events) else None
            found[node.name] = Events(tick, most_spikes)
    return found


def unit(coding: Coding) -> float:
    """What an integer amplitude of 1 stands for."""
    return coding.step if isinstance(coding, Integers) else 1.0


def largest_amplitude(coding: Coding) -> int:
    """The largest magnitude that arrives in one tick."""
    if isinstance(coding, Integers):
        return coding.largest
    assert isinstance(coding, Events)
    assert coding.most_spikes is not None
    return coding.most_spikes
