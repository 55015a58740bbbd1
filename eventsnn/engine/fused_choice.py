"""Which of the layers that can run fused do so in a run, and the order of its steps."""

from __future__ import annotations

import numpy as np

from eventsnn.description.neurons import ReadOut
from eventsnn.engine.composed import as_image
from eventsnn.engine.fused_layout import FusedLayout, Request, lay_out
from eventsnn.engine.fused_run import PART, FusedRun
from eventsnn.engine.plan import Plan
from eventsnn.record import Record
from eventsnn.signals.currents import Currents
from eventsnn.signals.samples import Sample
from eventsnn.signals.spikes import Spikes

__all__ = ["FusedChoice"]

_TICKS_PER_CHANGE = 4  # currents that change more often are added tick by tick, in the queue


class FusedChoice:
    """Chooses for each sample, by the coding of its inputs; equal ones share their arrays.

    A layer that could run fused is queued where an input of it has amplitudes other than 1,
    several spikes of a neuron in one tick, or currents that change all the time.
    """

    def __init__(self, plan: Plan, record: Record, ticks: int) -> None:
        self._plan, self._record, self._ticks = plan, record, ticks
        self._runs: dict[frozenset[int], FusedRun | None] = {}

    def of(self, sample: Sample) -> FusedRun | None:
        """What runs the fused layers of a sample; None where there are none."""
        plan = self._plan
        if not plan.fused.layers:
            return None
        plain = [self._is_plain(sample[plan.nodes[node]]) for node in range(plan.inputs)]
        chosen = frozenset(
            position
            for position, layer in plan.fused.layers.items()
            if all(link.source >= plan.inputs or plain[link.source] for link in layer.links)
        )
        if chosen not in self._runs:
            self._runs[chosen] = self._made(chosen) if chosen else None
        return self._runs[chosen]

    def _is_plain(self, value: Spikes | Currents) -> bool:
        if isinstance(value, Currents):
            changes = sum(start < self._ticks for start in value.start)
            return changes <= 1 + self._ticks // _TICKS_PER_CHANGE
        same = (np.diff(value.tick) == 0) & (np.diff(value.index) == 0)
        return bool(np.all(value.amplitude == 1)) and not np.any(same)

    def _made(self, chosen: frozenset[int]) -> FusedRun:
        request = self._request(chosen)
        layout = self._plan.layouts.get(request)
        if layout is None:
            layout = self._plan.layouts[request] = self._laid_out(request)
        return FusedRun(self._plan, layout, request.emitting)

    def _request(self, chosen: frozenset[int]) -> Request:
        plan, record = self._plan, self._record
        component = plan.layers.table.component
        order = np.argsort(component, kind="stable")
        links = plan.links.table
        emitting = set()
        for source, target in zip(links.source.tolist(), links.target.tolist(), strict=True):
            if source - plan.inputs in chosen and target not in chosen:
                emitting.add(source)
        recorded = set(record.spikes)
        if not isinstance(plan.network.layer(plan.network.output).neuron, ReadOut):
            recorded.add(plan.network.output)
        emitting |= {plan.nodes.index(name) for name in recorded}
        return Request(
            layers=chosen,
            order=tuple(order.tolist()),
            components=tuple(component[order].tolist()),
            ticks=min(PART, self._ticks),
            emitting=frozenset(node for node in emitting if node - plan.inputs in chosen),
            after=self._positions(record.potentials) & chosen,
            before=self._positions(record.potentials_before_reset) & chosen,
        )

    def _positions(self, names: tuple[str, ...]) -> frozenset[int]:
        return frozenset(self._plan.network.positions[name] for name in names)

    def _laid_out(self, request: Request) -> FusedLayout:
        plan = self._plan
        links = [link.link for p in request.layers for link in plan.fused.layers[p].links]
        zeros = plan.wiring.effective_fan_out
        return lay_out(
            plan.fused,
            request,
            plan.inputs,
            tuple(as_image(plan.shape(node)) for node in range(len(plan.nodes))),
            {link: plan.wiring.fan_out(link) for link in links},
            {link: zeros[link] for link in links if link in zeros},
        )
