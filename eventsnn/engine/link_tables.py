"""The per-link arrays of a plan: one plan link for each delay that a link has."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eventsnn.description.base import Shape
from eventsnn.description.fan_out import fan_out
from eventsnn.description.link import DelayGroup, Link, delay_groups
from eventsnn.description.network import Layer, Network, maximum_window
from eventsnn.description.neurons import Bistable, Maximum, PhaseMaximum, Relay
from eventsnn.description.nonzero_fan_out import effective_fan_out, weights_and_zeros
from eventsnn.engine.layout import to_plan
from eventsnn.engine.operators import StageBuilder
from eventsnn.kernels import tables as t

__all__ = ["DescribedLink", "LinkPlan", "link_tables", "with_stages"]


@dataclass(frozen=True)
class DescribedLink:
    """A link of the network, and the plan links that carry it.

    Attributes:
        target: name of the layer.
        link: the description.
        source_shape: of its source.
        parts: plan links, by rising delay.
    """

    target: str
    link: Link
    source_shape: Shape
    parts: tuple[int, ...]

    @cached_property
    def first_delay(self) -> int | NDArray[np.int64]:
        """When the first synapse of a spike has been reached; per source where it differs.

        In plan order. A source without synapses counts as the earliest.
        """
        delay: Any = self.link.delay
        if isinstance(delay, int):
            return delay
        if not sp.issparse(delay):
            return to_plan(np.asarray(delay, dtype=np.float64), self.source_shape).astype(np.int64)
        earliest = np.full(delay.shape[1], float(self.link.delays()[-1]))
        np.minimum.at(earliest, delay.indices, delay.data)
        without = np.bincount(delay.indices, minlength=delay.shape[1]) == 0
        earliest[without] = self.link.delays()[0]
        return to_plan(earliest.reshape(self.source_shape), self.source_shape).astype(np.int64)


@dataclass(frozen=True)
class LinkPlan:
    """All links of a network, lowered.

    Attributes:
        links, stages: see `eventsnn.kernels.tables`.
        described: links of the description, by the position of their target, as declared.
        groups: what each plan link carries.
        scratch: largest intermediate of a chain.
    """

    links: t.Links
    stages: t.Stages
    described: tuple[DescribedLink, ...]
    groups: tuple[DelayGroup, ...]
    scratch: int

    def source_shape(self, link: int) -> Shape:
        """Of a plan link."""
        return next(d.source_shape for d in self.described if link in d.parts)

    def fan_out(self, link: int) -> NDArray[np.int32]:
        """Number of synapses from each source neuron of a plan link, in plan order."""
        start = int(self.links.table.fan_start[link])
        return np.asarray(self.links.fan_out[start : start + math.prod(self.source_shape(link))])

    @cached_property
    def effective_fan_out(self) -> dict[int, NDArray[np.int32]]:
        """The same without zero weights, of the plan links that have any."""
        found = {}
        for link, group in enumerate(self.groups):
            if any(weights_and_zeros(synapse)[1] for synapse in group.chain):
                shape = self.source_shape(link)
                found[link] = _masked(effective_fan_out(group.chain, shape), group, shape)
        return found


def _masked(counts: NDArray[Any], group: DelayGroup, shape: Shape) -> NDArray[np.int32]:
    members = 1 if group.members is None else group.members
    return to_plan((counts * members).astype(np.float64), shape).astype(np.int32)


def link_tables(
    network: Network, by_position: list[Layer], number: dict[str, int], real: np.dtype[Any]
) -> LinkPlan:
    """Lower the links, without their stages; ``number`` gives the node of each name."""
    speak = {k.name for k in by_position if isinstance(k.neuron, Bistable | PhaseMaximum)}
    rows: list[tuple[int, int, int, int, int, int, bool, bool, bool]] = []
    fans: list[NDArray[np.int32]] = [np.zeros(0, dtype=np.int32)]
    described: list[DescribedLink] = []
    all_groups: list[DelayGroup] = []
    fan_start = 0
    for position, layer in enumerate(by_position):
        for link in layer.links:
            shape = network.shapes[link.source]
            groups = delay_groups(link, shape)
            parts = tuple(range(len(rows), len(rows) + len(groups)))
            described.append(DescribedLink(layer.name, link, shape, parts))
            for group in groups:
                chain = group.chain
                if isinstance(layer.neuron, Maximum):
                    chain = (maximum_window(layer.neuron),)
                fan = _masked(fan_out(chain, shape), group, shape)
                relayed = link.source in network.positions and isinstance(
                    network.layer(link.source).neuron, Relay
                )
                rows.append(
                    (
                        number[link.source],
                        position,
                        group.delay,
                        0,
                        0,
                        fan_start,
                        relayed,
                        len(groups) > 1,
                        isinstance(layer.neuron, Bistable) and link.source in speak,
                    )
                )
                fans.append(fan)
                fan_start += fan.size
            all_groups += groups
    table = np.array(rows, dtype=t.LINK).view(np.recarray)
    links = t.Links(table=table, fan_out=np.concatenate(fans))
    none = StageBuilder(real)
    return LinkPlan(links, none.tables(), tuple(described), tuple(all_groups), 1)


def with_stages(wiring: LinkPlan, real: np.dtype[Any], without: Container[int]) -> LinkPlan:
    """Compile the synapses of all plan links but those ``without``, which run fused."""
    builder = StageBuilder(real)
    table = wiring.links.table.copy()
    for link, group in enumerate(wiring.groups):
        table.stage_start[link] = table.stage_stop[link] = builder.count
        if link not in without:
            builder.add_chain(group.chain, wiring.source_shape(link), group.members)
            table.stage_stop[link] = builder.count
    return replace(
        wiring,
        links=wiring.links._replace(table=table),
        stages=builder.tables(),
        scratch=builder.largest_intermediate,
    )
