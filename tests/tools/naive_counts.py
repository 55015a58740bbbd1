"""The slow, obvious twin of the counters: unrolled matrices and a loop over events."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from eventsnn import (
    IF,
    LIF,
    AvgPool2d,
    Bistable,
    Burst,
    Conv2d,
    CubaLIF,
    Currents,
    Flatten,
    Linear,
    LinkCount,
    NoReset,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Scale,
    Signed,
    Sparse,
    Spikes,
    Subsample,
    SumPool2d,
    Unflatten,
)
from eventsnn.oracle.synapses import unroll


def row_lengths(chain, shape):
    """Stored synapses from each source neuron, C order, by unrolling ones."""
    return np.count_nonzero(unroll(tuple(ones(synapse) for synapse in chain), shape), axis=1)


def effective_row_lengths(chain, shape):
    """The same where zero weights stay zero: nothing cancels, as nothing is negative."""
    kept = tuple(ones(synapse, lambda weight: weight != 0) for synapse in chain)
    return np.count_nonzero(unroll(kept, shape), axis=1)


def ones(synapse, of=np.ones_like):
    match synapse:
        case Linear() | Conv2d():
            return replace(synapse, weight=of(synapse.weight).astype(float))
        case Sparse(weight=weight):
            stored = (of(weight.data).astype(float), weight.indices, weight.indptr)
            return Sparse(sp.csr_array(stored, weight.shape))
        case Scale(factor=factor):
            return Scale(of(np.asarray(factor)).astype(float))
        case AvgPool2d() | SumPool2d() | Subsample() | Flatten() | Unflatten():
            return synapse
        case _:
            raise AssertionError(synapse)


def events(case, trace, name):
    """(tick, index, amplitude) of every spike of an input or layer."""
    given = case.inputs.get(name)
    if isinstance(given, Spikes):
        return zip(given.tick, given.index, given.amplitude, strict=True)
    dense = trace.spikes[name].reshape(case.ticks, -1)
    return ((tick, index, dense[tick, index]) for tick, index in np.argwhere(dense != 0))


def link_counts(case, trace):
    """The counters of every link, in the order of the engine."""
    return [
        one_link(case, trace, case.network.layer(name), link)
        for name in case.network.positions
        for link in case.network.layer(name).links
    ]


def one_link(case, trace, layer, link):
    synops = ac = delivered = effective = lost = 0
    if not isinstance(case.inputs.get(link.source), np.ndarray | Currents):
        shape = case.network.shapes[link.source]
        relayed = is_relay(case, link.source)
        rows = delayed_rows(link, shape)
        for tick, index, amplitude in events(case, trace, link.source):
            whole = amplitude == math.floor(amplitude) and not relayed
            spikes = abs(int(amplitude)) if whole else 1
            delivered += spikes * (tick + first_delay(link, rows, shape, index) < case.ticks)
            if isinstance(layer.neuron, RunningMaximum | PhaseMaximum):
                continue
            for delay, (stored, nonzero) in rows.items():
                if tick + delay >= case.ticks:
                    continue
                synops += int(stored[index]) * spikes
                effective += int(nonzero[index]) * spikes
                if not listens(layer.neuron, tick + delay):
                    lost += int(stored[index]) * spikes
                shift = not relayed and abs(amplitude) < 1 and math.log2(abs(amplitude)) % 1 == 0
                if whole or shift:
                    ac += int(stored[index]) * spikes
    mac = synops - ac
    return LinkCount(link.source, layer.name, synops, ac, mac, delivered, effective, lost)


def listens(neuron, tick):
    """Whether a layer hears what arrives: bistable ones in every second cycle only."""
    if not isinstance(neuron, Bistable | PhaseAccumulator):
        return True
    heard = range(neuron.stage - 1, tick + neuron.stage, 2)[: neuron.readings]
    return tick // neuron.phases in heard


def bias_adds(case):
    """Additions of a bias, tick by tick."""
    return sum(
        int(np.count_nonzero(np.broadcast_to(layer.bias, layer.shape)))
        * additions(layer.neuron, range(case.ticks))
        for layer in case.network.layers
    )


def delayed_rows(link, shape):
    """By delay: stored and nonzero synapses from each source neuron."""
    found = {}
    for delay in link.delays():
        chain, here = link.chain, np.ones(shape)
        if sp.issparse(link.delay):
            kept = link.delay.tocoo().data == delay
            chain = tuple(kept_entries(s, kept) if isinstance(s, Sparse) else s for s in chain)
        else:
            here = np.broadcast_to(np.asarray(link.delay) == delay, shape)
        counts = row_lengths(chain, shape), effective_row_lengths(chain, shape)
        found[int(delay)] = tuple(count * here.ravel() for count in counts)
    return found


def kept_entries(sparse, kept):
    coo = sparse.weight.tocoo()
    return Sparse(sp.coo_array((coo.data[kept], (coo.row[kept], coo.col[kept])), coo.shape))


def first_delay(link, rows, shape, index):
    """The delay of a neuron, or of its first synapse; the earliest where it has none."""
    if not sp.issparse(link.delay):
        return np.broadcast_to(link.delay, shape).ravel()[index]
    return min((d for d in rows if rows[d][0][index]), default=min(rows))


def is_relay(case, name):
    return any(
        layer.name == name and isinstance(layer.neuron, Relay) for layer in case.network.layers
    )


def spike_counts(case, trace):
    """Emitted spikes of every node within the run."""
    counts = {}
    for name in case.network.shapes:
        counts[name] = 0
        if isinstance(case.inputs.get(name), np.ndarray | Currents):
            continue
        for tick, _, amplitude in events(case, trace, name):
            if tick < case.ticks:
                whole = amplitude == math.floor(amplitude) and not is_relay(case, name)
                counts[name] += abs(int(amplitude)) if whole else 1
    return counts


def analog_counts(case):
    """What analog inputs cost, each value that arrives, in the names of `Counts`."""
    macs = effective = adds = 0
    for layer in case.network.layers:
        first = case.ticks  # the first tick with a current
        for link in layer.links:
            value = case.inputs.get(link.source)
            if not isinstance(value, np.ndarray | Currents):
                continue
            given = value if isinstance(value, Currents) else Currents((0,), value[None])
            rows = delayed_rows(link, case.network.shapes[link.source])
            for start, pixels in zip(given.start, given.values, strict=True):
                for delay, (stored, nonzero) in rows.items():
                    if start + delay < case.ticks:
                        first = min(first, start + delay)
                        macs += int(stored.sum())
                        effective += int(nonzero[pixels.ravel() != 0].sum())
        adds += layer.size * additions(layer.neuron, range(first, case.ticks))
    return {"input_macs": macs, "input_macs_effective": effective, "input_adds": adds}


def additions(neuron, ticks):
    """In how many of these ticks a layer adds its bias and its current."""
    words = isinstance(neuron, Bistable | PhaseAccumulator)
    return sum(
        listens(neuron, tick) and (not words or tick % neuron.phases == neuron.phases - 1)
        for tick in ticks
    )


def reset_counts(case, trace):
    """Neurons that reset, summed over ticks, of every layer."""
    counts = {}
    for layer in case.network.layers:
        resets = isinstance(layer.neuron, Burst | Signed | Bistable | PhaseIF) or (
            isinstance(layer.neuron, IF | LIF | CubaLIF)
            and not isinstance(layer.neuron.reset, NoReset)
        )
        emitted = sum(tick < case.ticks for tick, _, _ in events(case, trace, layer.name))
        counts[layer.name] = emitted if resets else 0
    return counts
