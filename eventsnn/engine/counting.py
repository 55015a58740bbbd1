"""What a finished run did: the kernel's counters, and what its emissions tell besides.

The pool still holds every spike of the sample, by emission (one node, one tick). So what
the kernel need not count while it runs, spikes on the way at the end, operations over
nonzero weights, operations after fewer ticks, is summed here, and only where asked for or
where there are zero weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, LinkCount, OperationsAfter
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    Maximum,
    Neuron,
    NoReset,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Signed,
)
from eventsnn.engine.link_tables import DescribedLink
from eventsnn.engine.plan import Plan
from eventsnn.engine.tallies import Tallies
from eventsnn.kernels import tables as t
from eventsnn.kernels.emission_sums import emission_sums

__all__ = ["count_operations", "operations_after"]


@dataclass(frozen=True)
class _Train:
    """All emissions of a node.

    Attributes:
        tick: of each emission.
        begin, end: of each emission, into ``index``.
        index: neurons of spikes, in plan order; the whole pool where all amplitudes are 1.
        amplitude: of each spike; None where all are 1 or 2^-n, the same within an emission.
        relayed: whether an amplitude is a value, not a number of spikes.
    """

    tick: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    index: NDArray[np.int32]
    amplitude: NDArray[Any] | None
    relayed: bool

    def events(self) -> NDArray[np.int64]:
        """Neurons that emitted, by emission."""
        return np.asarray(self.end - self.begin, dtype=np.int64)

    def spikes(self) -> NDArray[np.int64]:
        """Spikes by emission; a whole amplitude k is |k| of them."""
        count = self._multiplicity()
        return self.events() if count is None else self._sums(count)

    def first_arrivals(self, delay: int | NDArray[np.int64], ticks: int) -> int:
        """Spikes whose tick plus ``delay``, one for all or per source, lies before ``ticks``."""
        if isinstance(delay, int):
            return int(self.spikes()[self.tick + delay < ticks].sum())
        count = self._multiplicity()
        total = 0
        for tick, begin, end in zip(self.tick, self.begin, self.end, strict=True):
            arrived = tick + delay[self.index[begin:end]] < ticks
            total += int(arrived.sum() if count is None else count[begin:end][arrived].sum())
        return total

    def before(self, plan: Plan, link: int, ticks: int) -> NDArray[np.bool_]:
        """Which emissions a plan link delivered before ``ticks``."""
        return np.asarray(self.tick + plan.links.table.delay[link] < ticks)

    def synops(self, fan_out: NDArray[np.int32]) -> NDArray[np.int64]:
        """Fan-outs by emission."""
        count = self._multiplicity()
        if count is not None:
            return self._sums(fan_out[self.index] * count)
        sums = np.zeros(self.tick.size, dtype=np.int64)
        emission_sums(fan_out, self.index, self.begin, self.end, sums)
        return sums

    def additions(self, fan_out: NDArray[np.int32]) -> NDArray[np.int64]:
        """Those that are additions, by emission: of whole amplitudes and +-2^-n."""
        if self.relayed:
            return np.zeros(self.tick.size, dtype=np.int64)
        count = self._multiplicity()
        if self.amplitude is None or count is None:
            return self.synops(fan_out)
        mantissa, exponent = np.frexp(np.abs(self.amplitude))
        whole = self.amplitude == np.floor(self.amplitude)
        added = whole | ((mantissa == 0.5) & (exponent <= 1))
        return self._sums(np.where(added, fan_out[self.index] * count, 0))

    def _multiplicity(self) -> NDArray[np.int64] | None:
        """How many spikes each amplitude stands for; None where each stands for one."""
        if self.amplitude is None or self.relayed:
            return None
        whole = self.amplitude == np.floor(self.amplitude)
        return np.where(whole, np.abs(self.amplitude), 1).astype(np.int64)

    def _sums(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        if not self.tick.size:
            return np.zeros(0, dtype=np.int64)
        return np.asarray(np.add.reduceat(values, self.begin))


def _train(plan: Plan, state: t.State, pool: t.Pool, node: int) -> _Train:
    emissions = []
    emission, following = int(state.nodes[node]["emission_head"]), pool.emissions["next"]
    while emission >= 0:
        emissions.append(emission)
        emission = int(following[emission])
    at = np.array(emissions, dtype=np.int64)
    begin, end = pool.emissions["start"][at], pool.emissions["stop"][at]
    index, amplitude = pool.index, None
    if state.nodes[node]["graded"]:
        spans = [np.arange(a, b) for a, b in zip(begin, end, strict=True)]
        where = np.concatenate([np.zeros(0, dtype=np.int64), *spans])
        index, amplitude = index[where], pool.amplitude[where].astype(np.float64)
        lengths = end - begin
        end = np.cumsum(lengths)
        begin = end - lengths
    return _Train(pool.emissions["tick"][at], begin, end, index, amplitude, _is_relay(plan, node))


def _is_relay(plan: Plan, node: int) -> bool:
    return node >= plan.inputs and plan.columns.kind[node - plan.inputs] == t.KIND_RELAY


def count_operations(
    plan: Plan, state: t.State, pool: t.Pool, ticks: int, tallies: Tallies | None = None
) -> Counts:
    """The counts of one sample, after all its ticks; the ``tallies`` are those of fused layers."""
    flowing = _flowing(plan, pool, ticks)
    since: dict[int, int] = {}  # the first tick with a current, by layer
    for arrival in flowing:
        layer = plan.columns.target[arrival.link]
        since[layer] = min(since.get(layer, ticks), arrival.tick)
    entered = np.flatnonzero(pool.analog["tick"] < ticks)
    emitted = state.nodes["spikes"].tolist()
    synops = state.synops.tolist()
    return Counts(
        spikes=dict(zip(plan.nodes, emitted, strict=True)),
        links=tuple(
            _link_count(plan, state, pool, described, ticks, _Done(emitted, synops, tallies))
            for described in plan.wiring.described
        ),
        input_macs=sum(
            int(plan.wiring.fan_out(arrival.link).sum(dtype=np.int64)) for arrival in flowing
        ),
        input_adds=sum(
            plan.columns.neurons[layer] * _drives(plan, layer, first, ticks)
            for layer, first in since.items()
        ),
        bias_adds=sum(
            biased * _drives(plan, layer, 0, ticks) for layer, biased in enumerate(plan.biased)
        ),
        comparisons=int(state.registers[t.COMPARISONS]),
        resets={
            layer.name: _resets(
                plan,
                state,
                pool,
                layer.neuron,
                plan.inputs + plan.network.positions[layer.name],
                emitted,
            )
            for layer in plan.network.layers
        },
        input_macs_effective=sum(
            int(_effective(plan, arrival.link)[arrival.pixels].sum(dtype=np.int64))
            for arrival in flowing
        ),
        input_nonzeros=int((pool.analog["stop"][entered] - pool.analog["start"][entered]).sum()),
    )


@dataclass(frozen=True)
class _Arrival:
    """An analog value that a plan link brought to its layer.

    Attributes:
        link: plan link.
        tick: of the arrival.
        pixels: those that are not 0, in plan order.
    """

    link: int
    tick: int
    pixels: NDArray[np.int32]


def _flowing(plan: Plan, pool: t.Pool, ticks: int) -> list[_Arrival]:
    """All analog values that arrived within the run."""
    arrivals = []
    for value in range(pool.analog.size):
        pixels = pool.pixel[pool.analog.start[value] : pool.analog.stop[value]]
        node, start = int(pool.analog["node"][value]), int(pool.analog["tick"][value])
        for link, source in enumerate(plan.columns.source):
            tick = start + plan.columns.delay[link]
            if source == node and tick < ticks:
                arrivals.append(_Arrival(link, tick, pixels))
    return arrivals


def _drives(plan: Plan, layer: int, first: int, end: int) -> int:
    """How often bias and current of a layer are added in the ticks ``first`` to ``end - 1``."""
    stage, phases, last = plan.columns.words[layer]
    if stage == 0:
        return end - first
    before, until = (
        min(max(0, (tick - stage * phases) // (2 * phases) + 1), last) for tick in (first, end)
    )
    return until - before


def _resets(
    plan: Plan, state: t.State, pool: t.Pool, neuron: Neuron, node: int, emitted: list[int]
) -> int:
    match neuron:
        case IF(reset=reset) | LIF(reset=reset) | CubaLIF(reset=reset):
            return 0 if isinstance(reset, NoReset) else emitted[node]
        case Signed(max_spikes=1) | Bistable() | PhaseIF():
            return emitted[node]
        case Burst() | Signed():  # s theta is subtracted at once
            return int(_train(plan, state, pool, node).events().sum())
        case LI() | PhaseAccumulator() | Relay() | RunningMaximum() | PhaseMaximum():
            return 0
        case _:
            assert_never(neuron)


def _effective(plan: Plan, link: int) -> NDArray[np.int32]:
    return plan.wiring.effective_fan_out.get(link, plan.wiring.fan_out(link))


@dataclass(frozen=True)
class _Done:
    """What the kernels counted.

    Attributes:
        emitted: spikes by node.
        synops: of each plan link, as `eventsnn.kernels.tables.State.synops`.
        tallies: of fused layers.
    """

    emitted: list[int]
    synops: list[list[int]]
    tallies: Tallies | None


def _link_count(
    plan: Plan, state: t.State, pool: t.Pool, described: DescribedLink, ticks: int, done: _Done
) -> LinkCount:
    parts = list(described.parts)
    source = plan.columns.source[parts[0]]
    if done.tallies is not None and parts[0] in done.tallies.links:
        of, whole = done.tallies.links[parts[0]], done.tallies.whole
        synops = whole[of.synops]
        names = described.link.source, described.target
        return LinkCount(*names, synops, synops, 0, whole[of.spikes], whole[of.effective])
    synops, ac, mac, lost = (sum(done.synops[part][k] for part in parts) for k in range(4))
    spikes, effective = done.emitted[source], synops
    zeros = any(part in plan.wiring.effective_fan_out for part in parts)
    if zeros or any(plan.columns.delay[part] > 0 for part in parts):
        train = _train(plan, state, pool, source)
        spikes = train.first_arrivals(described.first_delay, ticks)
        if zeros and synops:
            effective = sum(
                int(train.synops(_effective(plan, part))[train.before(plan, part, ticks)].sum())
                for part in parts
            )
    return LinkCount(
        source=described.link.source,
        target=described.target,
        synops=synops,
        ac=ac,
        mac=mac,
        spikes=spikes,
        synops_effective=effective,
        lost=lost,
    )


def operations_after(
    plan: Plan,
    state: t.State,
    pool: t.Pool,
    points: tuple[int, ...],
    tallies: Tallies | None = None,
) -> OperationsAfter:
    """The operations that a run of each of these many ticks would have done."""
    nodes, links = len(plan.nodes), len(plan.wiring.described)
    shape = (len(points),)
    found = OperationsAfter(
        ticks=points,
        spikes=np.zeros((nodes, *shape), dtype=np.int64),
        delivered=np.zeros((links, *shape), dtype=np.int64),
        ac=np.zeros((links, *shape), dtype=np.int64),
        mac=np.zeros((links, *shape), dtype=np.int64),
    )
    fused = {} if tallies is None else tallies.nodes
    into_fused = {} if tallies is None else tallies.links
    after = np.zeros((0, len(points))) if tallies is None else tallies.sums[:, 1:]
    trains: dict[int, _Train] = {}

    def train_of(node: int) -> _Train:
        if node not in trains:
            trains[node] = _train(plan, state, pool, node)
        return trains[node]

    for node in range(nodes):
        if node in fused:
            found.spikes[node] = after[fused[node]]
        else:
            train = train_of(node)
            found.spikes[node] = _cumulative(train.tick, train.spikes(), points)
    for number, described in enumerate(plan.wiring.described):
        if described.parts[0] in into_fused:
            of = into_fused[described.parts[0]]
            found.delivered[number], found.ac[number] = after[of.spikes], after[of.synops]
            continue
        train = train_of(plan.columns.source[described.parts[0]])
        first = described.first_delay
        if isinstance(first, int):
            found.delivered[number] = _cumulative(train.tick + first, train.spikes(), points)
        else:
            found.delivered[number] = [train.first_arrivals(first, point) for point in points]
        if isinstance(plan.network.layer(described.target).neuron, Maximum):
            continue
        for part in described.parts:
            fan = plan.wiring.fan_out(part)
            synops = train.synops(fan)
            additions = synops if train.amplitude is None else train.additions(fan)
            arrival = train.tick + plan.columns.delay[part]
            found.ac[number] += _cumulative(arrival, additions, points)
            found.mac[number] += _cumulative(arrival, synops - additions, points)
    return found


def _cumulative(
    tick: NDArray[np.int64], values: NDArray[np.int64], points: tuple[int, ...]
) -> NDArray[np.int64]:
    """Sums of the values before each of ``points``; ticks rise."""
    sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return np.asarray(sums[np.searchsorted(tick, points)], dtype=np.int64)
