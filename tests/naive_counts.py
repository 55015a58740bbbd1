"""The slow, obvious twin of the counters: unrolled matrices and a loop over events."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from eventsnn import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    LinkCount,
    Relay,
    RunningMaximum,
    Scale,
    Sparse,
    Spikes,
    Subsample,
    SumPool2d,
)
from eventsnn.reference import unroll


def row_lengths(chain, shape):
    """Stored synapses from each source neuron, C order, by unrolling ones."""
    return np.count_nonzero(unroll(tuple(ones(synapse) for synapse in chain), shape), axis=1)


def ones(synapse):
    match synapse:
        case Dense() | Conv2d():
            return replace(synapse, weight=np.ones_like(synapse.weight))
        case Sparse(weight=weight):
            stored = (np.ones(weight.nnz), weight.indices, weight.indptr)
            return Sparse(sp.csr_array(stored, weight.shape))
        case Scale():
            return Scale(1.0)
        case AvgPool2d() | SumPool2d() | Subsample() | Flatten():
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
    synops = ac = 0
    analog = isinstance(case.inputs.get(link.source), np.ndarray)
    if not analog and not isinstance(layer.neuron, RunningMaximum):
        rows = row_lengths(link.chain, case.network.shapes[link.source])
        relayed = is_relay(case, link.source)
        for tick, index, amplitude in events(case, trace, link.source):
            if tick + link.delay >= case.ticks:
                continue
            whole = amplitude == math.floor(amplitude) and not relayed
            spikes = abs(int(amplitude)) if whole else 1
            synops += int(rows[index]) * spikes
            shift = not relayed and math.log2(abs(amplitude)).is_integer() and abs(amplitude) < 1
            if whole or shift:
                ac += int(rows[index]) * spikes
    return LinkCount(link.source, layer.name, synops, ac, synops - ac)


def is_relay(case, name):
    return any(
        layer.name == name and isinstance(layer.neuron, Relay) for layer in case.network.layers
    )


def spike_counts(case, trace):
    """Emitted spikes of every node within the run."""
    counts = {}
    for name in case.network.shapes:
        counts[name] = 0
        if isinstance(case.inputs.get(name), np.ndarray):
            continue
        for tick, _, amplitude in events(case, trace, name):
            if tick < case.ticks:
                whole = amplitude == math.floor(amplitude) and not is_relay(case, name)
                counts[name] += abs(int(amplitude)) if whole else 1
    return counts
