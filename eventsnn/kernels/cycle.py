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
    target = links.target[link]
    recorded = state.record_start[target] >= 0 or state.tested_start[target] >= 0
    return bool(links.in_words[link] and not recorded)


@jit
def hear(
    layers: Any, links: Any, stages: Any, state: Any, pool: Any, layer: int, tick: int
) -> None:
    """Add what arrived in the cycle before ``tick``."""
    for link in range(layers.links_start[layer], layers.links_start[layer + 1]):
        if not waits(links, state, link):
            continue
        source = links.source[link]
        _gather(links, state, pool, link, tick - layers.phases[layer], tick)
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
            layers.v_start[layer],
            state.word_index,
            state.word_amplitude,
            True,
            pool.emission_amplitude[0],  # not used: each spike has its own
            ZERO,
            stop,
        )


@jit
def _gather(links: Any, state: Any, pool: Any, link: int, begin: int, end: int) -> None:
    """Sum the amplitudes of the packets that arrive in ``[begin, end)``, by source neuron."""
    source, delay = links.source[link], links.delay[link]
    last = state.heard[link]
    emission = state.emission_head[source] if last < 0 else pool.emission_next[last]
    while emission >= 0 and pool.emission_tick[emission] + delay < end:
        state.heard[link] = emission
        if pool.emission_tick[emission] + delay >= begin:
            amplitude = pool.emission_amplitude[emission]
            for k in range(pool.emission_start[emission], pool.emission_stop[emission]):
                state.word[pool.index[k]] += amplitude
                state.spoke[pool.index[k]] = 1
        emission = pool.emission_next[emission]
