"""What a run did, in exact integers that depend on no schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "LinkCount", "OperationsAfter"]


@dataclass(frozen=True)
class LinkCount:
    """Synaptic operations of one link.

    Attributes:
        source, target: names of the input or layer and of the layer.
        synops: fan-out summed over delivered spikes; an integer amplitude k is |k| spikes.
        ac: those that are additions: integer amplitudes, and +-2^-n (shift and add).
        mac: those that are multiplications: all other amplitudes, and all from relays.
        spikes: delivered; where delays differ, once the first synapse of a spike is reached.
        synops_effective: as synops, without synapses of weight 0.
        lost: synops whose target did not listen, see `eventsnn.description.neurons.Bistable`.
    """

    source: str
    target: str
    synops: int
    ac: int
    mac: int
    spikes: int
    synops_effective: int
    lost: int = 0


@dataclass(frozen=True)
class Counts:
    """Operations, exact integers; they do not depend on schedule, workers or batch.

    Attributes:
        spikes: emitted, by name of input or layer; an integer amplitude k is |k| spikes,
            any other amplitude, and any emission of a relay, is one.
        links: synaptic operations, in the order of the network's layers and their links.
        input_macs: multiply-accumulates of analog values, once per value, border-exact.
        input_adds: additions of that current, one per neuron and tick in which it flows.
        bias_adds: additions of a bias current, one per neuron with a bias and tick.
        comparisons: of running-maximum layers: windows that each spike takes part in.
        resets: by name of layer: neurons that subtract or set, summed over ticks; a burst
            subtracts once.
        input_macs_effective: input_macs of nonzero pixels over nonzero weights.
        input_nonzeros: pixels of analog values that are not 0.
    """

    spikes: Mapping[str, int]
    links: tuple[LinkCount, ...]
    input_macs: int
    input_adds: int
    bias_adds: int
    comparisons: int
    resets: Mapping[str, int]
    input_macs_effective: int
    input_nonzeros: int

    @property
    def synops(self) -> int:
        """Synaptic operations of all links; input_macs are never among them."""
        return sum(link.synops for link in self.links)

    @property
    def synops_effective(self) -> int:
        """Synaptic operations of all links, zero weights not counted."""
        return sum(link.synops_effective for link in self.links)

    @property
    def ac(self) -> int:
        """Synaptic operations that are additions."""
        return sum(link.ac for link in self.links)

    @property
    def mac(self) -> int:
        """Synaptic operations that are multiplications."""
        return sum(link.mac for link in self.links)

    @property
    def lost(self) -> int:
        """Synaptic operations whose target did not listen."""
        return sum(link.lost for link in self.links)

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
                LinkCount(
                    source=a.source,
                    target=a.target,
                    synops=a.synops + b.synops,
                    ac=a.ac + b.ac,
                    mac=a.mac + b.mac,
                    spikes=a.spikes + b.spikes,
                    synops_effective=a.synops_effective + b.synops_effective,
                    lost=a.lost + b.lost,
                )
                for a, b in zip(self.links, other.links, strict=True)
            ),
            input_macs=self.input_macs + other.input_macs,
            input_adds=self.input_adds + other.input_adds,
            bias_adds=self.bias_adds + other.bias_adds,
            comparisons=self.comparisons + other.comparisons,
            resets={name: n + other.resets[name] for name, n in self.resets.items()},
            input_macs_effective=self.input_macs_effective + other.input_macs_effective,
            input_nonzeros=self.input_nonzeros + other.input_nonzeros,
        )


@dataclass(frozen=True)
class OperationsAfter:
    """Operations after fewer ticks than were run, exact integers, cumulative.

    Causality makes them exact: what happens by the end of a tick does not depend on how
    long the run goes on.

    Attributes:
        ticks: `Record.operations_after`, (points,).
        spikes: emitted, (nodes, points), in the order of `Counts.spikes`.
        delivered: spikes delivered, (links, points), in the order of `Counts.links`.
        ac, mac: synaptic operations, (links, points).
    """

    ticks: tuple[int, ...]
    spikes: NDArray[np.int64]
    delivered: NDArray[np.int64]
    ac: NDArray[np.int64]
    mac: NDArray[np.int64]

    def __add__(self, other: OperationsAfter) -> OperationsAfter:
        return OperationsAfter(
            ticks=self.ticks,
            spikes=self.spikes + other.spikes,
            delivered=self.delivered + other.delivered,
            ac=self.ac + other.ac,
            mac=self.mac + other.mac,
        )
