"""Which layers are swept and which are touched, where nobody says so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

import numpy as np

from eventsnn.description.fan_out import fan_out
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Signed,
)
from eventsnn.signals.samples import Sample
from eventsnn.signals.spikes import Spikes

__all__ = ["choose_granularity"]

_LOOKED_AT = 4  # samples of a batch that the choice rests on
#: Touching a neuron costs as much as sweeping this many: measured by
#: ``benchmarks/granularity.py``.
_PLAIN, _CLOSED_FORM = 100.0, 4.0


def choose_granularity(
    network: Network, samples: Sequence[Sample]
) -> Mapping[str, Literal["swept", "touched"]]:
    """Touch a layer where its packets are expected to reach few of its neurons.

    A layer with n neurons is expected to receive, in a tick with input, packets of as many
    spikes as the densest input has in its ticks with events. They reach at most spikes x
    mean fan-out neurons; touching those is worth it if sweeping all n costs more. Layers
    behind an analog input are driven in every tick, and swept, and so are all layers that
    those feed.
    """
    packet = {node.name: _spikes_per_tick(samples, node.name) for node in network.inputs}
    chosen: dict[str, Literal["swept", "touched"]] = {}
    for name in sorted(network.positions, key=network.positions.__getitem__):
        layer = network.layer(name)
        known = [link for link in layer.links if link.source in packet]  # not yet: feedback
        spikes = max((packet[link.source] for link in known), default=0.0)
        reached = sum(
            min(
                packet.get(link.source, spikes)
                * float(fan_out(link.chain, network.shapes[link.source]).mean()),
                layer.size,
            )
            for link in layer.links
        )
        chosen[name] = "touched" if reached * _cost(layer) < layer.size else "swept"
        packet[name] = min(spikes, layer.size)
    return chosen


def _spikes_per_tick(samples: Sequence[Sample], name: str) -> float:
    """Mean number of events in ticks that have any; the densest of the first samples."""
    densest = 0.0
    for sample in samples[:_LOOKED_AT]:
        value = sample[name]
        if not isinstance(value, Spikes):
            return math.inf
        if len(value):
            densest = max(densest, len(value) / np.unique(value.tick).size)
    return densest


def _cost(layer: Layer) -> float:
    """Of touching a neuron, in sweeps of one."""
    match layer.neuron:
        case IF(v_min=None, v_max=None, refractory=refractory) if not np.any(
            np.asarray(refractory)
        ):
            return _PLAIN
        case LI(decay=decay) if np.all(np.asarray(decay) == 1):
            return _PLAIN
        case IF() | LIF() | CubaLIF() | Burst() | Signed() | LI():
            return _CLOSED_FORM
        case Relay() | RunningMaximum():
            return math.inf
        case Bistable() | PhaseAccumulator() | PhaseIF() | PhaseMaximum():
            return math.inf
        case _:
            assert_never(layer.neuron)
