"""What came out of a simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import InputError
from eventsnn.spikes import Spikes

__all__ = ["Counts", "LinkCount", "OperationsAfter", "Queue", "Run"]


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
        lost: synops whose target did not listen, see `eventsnn.neurons.Bistable`.
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


@dataclass(frozen=True)
class Queue:
    """What the event queue did: work of this plan and schedule, no property of the network.

    Attributes:
        packets: entries for spikes of one layer on their way, pushed.
        wakes: entries for layers or neurons that act without input, pushed.
        currents: entries for analog values that begin to flow, pushed.
        pops: entries taken out.
        neuron_updates: neurons advanced and tested, summed over visits.
    """

    packets: int
    wakes: int
    currents: int
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
        potentials: of the recorded layers, (recorded ticks, *shape), at the end of the tick.
        potentials_before_reset: the same, as the threshold test saw it.
        counts: operations.
        queue: work of the event queue.
        after: operations after fewer ticks, where they were asked for.
        resume: how to go on, see `continue_`; None unless the record asked for it.
    """

    ticks: int
    output: NDArray[np.float64]
    counts: Counts
    queue: Queue
    spikes: Mapping[str, Spikes] = field(default_factory=dict)
    potentials: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    potentials_before_reset: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    after: OperationsAfter | None = None
    resume: Callable[[int, Any], Run] | None = field(default=None, repr=False, compare=False)

    def continue_(self, ticks: int, inputs: Any = None) -> Run:
        """Go on for ``ticks`` more ticks, as if the run had never stopped.

        Needs ``Record(resumable=True)``. May be called any number of times, for different
        futures.

        Args:
            ticks: how many more, >= 1.
            inputs: as for `eventsnn.simulate`, on the same clock: `Spikes` from tick
                ``run.ticks`` on; an array flows from that tick on. None continues with the
                inputs of the run: spikes of later ticks arrive now, currents stay.

        Returns:
            The run of all ticks from 0 on: counts, queue and records include those before.

        Raises:
            InputError: the run was not recorded as resumable, ticks or inputs do not fit,
                or an event lies before ``run.ticks``.
        """
        if self.resume is None:
            raise InputError(
                "continue_: the state was not kept; simulate with record=Record(resumable=True)"
            )
        return self.resume(ticks, inputs)
