"""How many ticks and examples a network of its size can be given in a minute or so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventsnn.description.fan_out import fan_out
from eventsnn.description.network import Network
from eventsnn.description.neurons import Bistable, PhaseAccumulator

__all__ = ["Effort", "effort_for"]

#: Synapses times ticks: of one example, and of all examples of one property.
_EXAMPLE, _PROPERTY = 2**28, 2**29
_MOST_EXAMPLES, _LEAST_EXAMPLES, _LEAST_TICKS = 25, 4, 4
_TICKS = 32


@dataclass(frozen=True)
class Effort:
    """What is asked of each property.

    Attributes:
        ticks: of a run, at most.
        examples: drawn inputs.
        synapses: of the network, one for each delay that they may have: what the oracle
            multiplies in a tick. The two above follow from it, unless they were given.
    """

    ticks: int
    examples: int
    synapses: int


def effort_for(
    network: Network, wanted: int | None, *, ticks: int | None = None, examples: int | None = None
) -> Effort:
    """Fewer ticks and examples for larger networks; by their size alone, so always the same.

    Args:
        network: the description.
        wanted: ticks that the network is meant for, if it is known.
        ticks, examples: what was asked for, which is then done.
    """
    synapses = sum(
        int(fan_out(link.chain, network.shapes[link.source]).sum()) * len(link.delays())
        for layer in network.layers
        for link in layer.links
    )
    synapses = max(synapses, 1)
    if ticks is None:
        ticks = min(wanted or _TICKS, max(_LEAST_TICKS, _EXAMPLE // synapses))
        ticks = max(ticks, _ticks_of_a_reading(network))
    if examples is None:
        affordable = _PROPERTY // (synapses * ticks)
        examples = int(np.clip(affordable, _LEAST_EXAMPLES, _MOST_EXAMPLES))
    return Effort(ticks, examples, synapses)


def _ticks_of_a_reading(network: Network) -> int:
    """Until the deepest layer of words has heard one, and said it."""
    return max(
        (
            layer.neuron.phases * (layer.neuron.stage + isinstance(layer.neuron, Bistable))
            for layer in network.layers
            if isinstance(layer.neuron, Bistable | PhaseAccumulator)
        ),
        default=0,
    )
