"""Counts of fused layers, summed over ticks: after all of them, and after fewer.

A spike over a link of delay d arrives d ticks later; so what a link has delivered before tick p
are the spikes before tick p - d.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.fused_layout import FusedLayout
from eventsnn.engine.plan import Plan
from eventsnn.kernels import tables as t

__all__ = ["LinkTally", "Tallies"]

Array = NDArray[np.int64]


@dataclass(frozen=True)
class LinkTally:
    """Of a link into a fused layer, numbers of tallies.

    Attributes:
        synops: fan-outs of delivered spikes.
        effective: the same without weights of zero.
        spikes: delivered.
    """

    synops: int
    effective: int
    spikes: int


@dataclass
class Tallies:
    """Sums of counters up to given ticks.

    Attributes:
        counter, delay: of each tally.
        nodes: tally of the spikes of each fused layer, by node.
        links: by plan link.
        sums: (tallies, points); the first point is the whole run.
        whole: those of the whole run, once they are written.
    """

    counter: Array
    delay: Array
    nodes: Mapping[int, int]
    links: Mapping[int, LinkTally]
    points: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    sums: Array = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    whole: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan, layout: FusedLayout) -> Tallies:
        """The tallies of a layout: its layers, and the links into them."""
        pairs: list[tuple[int, int]] = []

        def tally(counter: int, delay: int) -> int:
            pairs.append((counter, delay))
            return len(pairs) - 1

        counters = layout.counters
        nodes = {
            plan.inputs + position: tally(counters.spikes[plan.inputs + position], 0)
            for position in layout.rows
        }
        links = {}
        for link, counter in counters.synops.items():
            delay = int(plan.links.table["delay"][link])
            source = int(plan.links.table["source"][link])
            synops = tally(counter, delay)
            nonzero = counters.effective.get(link)
            links[link] = LinkTally(
                synops,
                synops if nonzero is None else tally(nonzero, delay),
                tally(counters.spikes[source], delay),
            )
        table: Any = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return cls(table[:, 0].copy(), table[:, 1].copy(), nodes, links)

    def reset(self, points: tuple[int, ...]) -> None:
        """For a new sample; the first point is the length of the run."""
        self.points = np.array(points, dtype=np.int64)
        self.sums = np.zeros((self.counter.size, self.points.size), dtype=np.int64)

    def add(self, counted: Array, begin: int, ticks: int) -> None:
        """Add the ``ticks`` of a part from ``begin`` on."""
        sums = np.zeros((len(counted), ticks + 1), dtype=np.int64)
        np.cumsum(counted[:, :ticks], axis=1, out=sums[:, 1:])
        arrived = np.clip(self.points[None] - self.delay[:, None] - begin, 0, ticks)
        self.sums += sums[self.counter[:, None], arrived]

    def write(self, state: t.State) -> None:
        """Write the sums of the whole run where queued layers have them."""
        whole = self.sums[:, 0]
        self.whole = whole.tolist()
        state.nodes["spikes"][list(self.nodes)] = whole[list(self.nodes.values())]
        links, tallies = list(self.links), [of.synops for of in self.links.values()]
        state.synops[links, t.SYNOPS] = state.synops[links, t.AC] = whole[tallies]
