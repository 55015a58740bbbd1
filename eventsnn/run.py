"""What came out of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, OperationsAfter
from eventsnn.errors import InputError
from eventsnn.signals.spikes import Spikes

__all__ = ["Queue", "Run"]


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


@dataclass(frozen=True, repr=False)
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
        continuation: how to go on, see `resume`; None unless the record asked for it.
    """

    ticks: int
    output: NDArray[np.float64]
    counts: Counts
    queue: Queue
    spikes: Mapping[str, Spikes] = field(default_factory=dict)
    potentials: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    potentials_before_reset: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    after: OperationsAfter | None = None
    continuation: Callable[[int, Any], Run] | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        counts = self.counts
        kept = [*self.spikes, *self.potentials, *self.potentials_before_reset]
        shown = ", ".join(f"{v:.4g}" for v in self.output.ravel()[:10])
        if self.output.size > 10:
            shown += ", ..."
        spikes = sum(counts.spikes.values())
        lines = [
            f"Run: {self.ticks} ticks, {counts.synops:,} synops, {spikes:,} spikes",
            f"output {self.output.shape}: {shown}",
        ]
        if kept:
            lines.append(f"recorded: {', '.join(dict.fromkeys(kept[:10]))}")
        return "\n".join(lines)

    __repr__ = __str__

    def resume(self, ticks: int, inputs: Any = None) -> Run:
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
        if self.continuation is None:
            raise InputError(
                "resume: the state was not kept; simulate with record=Record(resumable=True)"
            )
        return self.continuation(ticks, inputs)
