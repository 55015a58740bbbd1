"""What came out of a simulation, and what to record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import InputError
from eventsnn.network import Network
from eventsnn.spikes import Spikes

__all__ = ["Counts", "LinkCount", "Queue", "Record", "Run"]


@dataclass(frozen=True)
class Record:
    """What to keep besides the read-out and the counts; nothing by default.

    Args:
        spikes: names of layers whose spikes are kept.
        potentials: names of layers whose potential is kept at the end of every tick
            (after the reset).
    """

    spikes: tuple[str, ...] = ()
    potentials: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what in ("spikes", "potentials"):
            names = getattr(self, what)
            if isinstance(names, str):
                raise InputError(f"Record.{what}: expected a tuple of layer names, found {names!r}")
            object.__setattr__(self, what, tuple(names))

    @classmethod
    def everything(cls, network: Network) -> Record:
        """Spikes and potentials of every layer: for small networks and tests."""
        names = tuple(layer.name for layer in network.layers)
        return cls(spikes=names, potentials=names)


@dataclass(frozen=True)
class LinkCount:
    """Synaptic operations of one link.

    Attributes:
        source, target: names of the input or layer and of the layer.
        synops: fan-out summed over delivered spikes; an integer amplitude k is |k| spikes.
        ac: those that are additions: integer amplitudes, and +-2^-n (shift and add).
        mac: those that are multiplications: all other amplitudes, and all from relays.
    """

    source: str
    target: str
    synops: int
    ac: int
    mac: int


@dataclass(frozen=True)
class Counts:
    """Operations, exact integers; they do not depend on schedule, workers or batch.

    Attributes:
        spikes: emitted, by name of input or layer; an integer amplitude k is |k| spikes,
            any other amplitude, and any emission of a relay, is one.
        links: synaptic operations, in the order of the network's layers and their links.
        input_macs: multiply-accumulates of constant images, once per image, border-exact.
        input_adds: additions of that constant current, one per neuron and tick.
        bias_adds: additions of a bias current, one per neuron with a bias and tick.
        comparisons: of running-maximum layers: windows that each spike takes part in.
    """

    spikes: Mapping[str, int]
    links: tuple[LinkCount, ...]
    input_macs: int
    input_adds: int
    bias_adds: int
    comparisons: int

    @property
    def synops(self) -> int:
        """Synaptic operations of all links; input_macs are never among them."""
        return sum(link.synops for link in self.links)

    @property
    def ac(self) -> int:
        """Synaptic operations that are additions."""
        return sum(link.ac for link in self.links)

    @property
    def mac(self) -> int:
        """Synaptic operations that are multiplications."""
        return sum(link.mac for link in self.links)

    def synops_per_layer(self) -> dict[str, int]:
        """Synaptic operations of the links into each layer, by the layer's name."""
        totals: Counter[str] = Counter()
        for link in self.links:
            totals[link.target] += link.synops
        return dict(totals)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            spikes={name: n + other.spikes[name] for name, n in self.spikes.items()},
            links=tuple(
                LinkCount(a.source, a.target, a.synops + b.synops, a.ac + b.ac, a.mac + b.mac)
                for a, b in zip(self.links, other.links, strict=True)
            ),
            input_macs=self.input_macs + other.input_macs,
            input_adds=self.input_adds + other.input_adds,
            bias_adds=self.bias_adds + other.bias_adds,
            comparisons=self.comparisons + other.comparisons,
        )


@dataclass(frozen=True)
class Queue:
    """What the event queue did: work of this plan and schedule, no property of the network.

    Attributes:
        packets: entries for spikes of one layer on their way, pushed.
        wakes: entries for layers that act without input, pushed.
        pops: entries taken out.
        neuron_updates: neurons advanced and tested, summed over visits.
    """

    packets: int
    wakes: int
    pops: int
    neuron_updates: int


@dataclass(frozen=True)
class Run:
    """One sample's outcome.

    Attributes:
        ticks: how many were run.
        output: the read-out at the end: potential of an accumulator, spike count of a
            firing layer; in the layer's shape.
        spikes: of the recorded layers.
        potentials: of the recorded layers, (ticks, *shape), at the end of each tick.
        counts: operations.
        queue: work of the event queue.
    """

    ticks: int
    output: NDArray[np.float64]
    counts: Counts
    queue: Queue
    spikes: Mapping[str, Spikes] = field(default_factory=dict)
    potentials: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
