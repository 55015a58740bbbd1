"""What a bistable layer heard in a cycle, added at once.

A layer that listens for K ticks needs the sum only when it speaks. So the packets of a cycle
that arrive over one link are added up first, spike by spike, to one amplitude per source
neuron, its word; then every row of weights is read once instead of once for each set bit.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.deliver import deliver
from eventsnn.kernels.fire import compact
from eventsnn.kernels.jit import jit
from eventsnn.kernels.tables import ZERO

__all__ = ["hear", "waits"]


@jit
def waits(links: Any, state: Any, link: int) -> bool:
    """Whether packets of a link are added at the end of their cycle.

    Not where potentials are recorded, which show every tick.
    """
    target = links.table[link].target
    recorded = state.layers[target].record_start >= 0 or state.layers[target].tested_start >= 0
    return bool(links.table[link].in_words and not recorded)


@jit
def hear(
    layers: Any, links: Any, stages: Any, state: Any, pool: Any, layer: int, tick: int
) -> None:
    """Add what arrived in the cycle before ``tick``."""
    this = layers.table[layer]
    for link in range(this.links_start, this.links_stop):
        if not waits(links, state, link):
            continue
        source = links.table[link].source
        _gather(links, state, pool, link, tick - this.phases, tick)
        stop = compact(state.spoke, layers.node_size[source], state.word_index, ZERO)
        for k in range(stop):
            i = state.word_index[k]
            state.word_amplitude[k] = state.word[i]
            state.word[i] = 0
            state.spoke[i] = 0
        deliver(
            layers,
            links,
            stages,
            state,
            link,
            state.v,
            this.v_start,
            state.word_index,
            state.word_amplitude,
            True,
            pool.emissions[0].amplitude,  # not used: each spike has its own
            ZERO,
            stop,
        )


@jit
def _gather(links: Any, state: Any, pool: Any, link: int, begin: int, end: int) -> None:
    """Sum the amplitudes of the packets that arrive in ``[begin, end)``, by source neuron."""
    source, delay = links.table[link].source, links.table[link].delay
    last = state.links[link].heard
    emission = state.nodes[source].emission_head if last < 0 else pool.emissions[last].next
    while emission >= 0 and pool.emissions[emission].tick + delay < end:
        state.links[link].heard = emission
        if pool.emissions[emission].tick + delay >= begin:
            amplitude = pool.emissions[emission].amplitude
            for k in range(pool.emissions[emission].start, pool.emissions[emission].stop):
                state.word[pool.index[k]] += amplitude
                state.spoke[pool.index[k]] = 1
        emission = pool.emissions[emission].next
