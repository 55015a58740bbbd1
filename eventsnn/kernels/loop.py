"""The event loop.

Key (tick, position, link): all entries of one layer at one tick are popped together, so
every arrival of a tick is added before any threshold is tested. An entry is a packet
(one emission on its way over one link) or a wake.

Nothing is allocated here. Before it takes anything out of the queue, the loop makes sure
that the layer's emissions and their packets will fit; if not, it returns and asks for
longer arrays, and is called again.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.advance import advance, record_until
from eventsnn.kernels.deliver import count, deliver, is_whole
from eventsnn.kernels.fire import fire
from eventsnn.kernels.heap import pop, push
from eventsnn.kernels.jit import jit
from eventsnn.kernels.tables import (
    DONE,
    EMISSIONS,
    GROW_EMISSIONS,
    GROW_HEAP,
    GROW_POOL,
    HEAP_SIZE,
    KIND_ACCUMULATOR,
    KIND_IF,
    KIND_RELAY,
    PACKETS,
    POOL_SIZE,
    POPS,
    UPDATES,
    WAKES,
)

__all__ = ["feed", "run"]

_LINK_BITS = 32
_WAKE = (1 << _LINK_BITS) - 1  # after all packets of the same tick and layer


@jit
def _send(state: Any, pool: Any, links: Any, link: int, tick: int, emission: int) -> None:
    """Queue one packet."""
    order = (links.target[link] << _LINK_BITS) | link
    push(
        pool.heap_tick,
        pool.heap_order,
        pool.heap_payload,
        state.registers,
        tick + links.delay[link],
        order,
        emission,
    )
    state.registers[PACKETS] += 1


@jit
def _wake(state: Any, pool: Any, layer: int, tick: int) -> None:
    """Queue a wake, unless the layer has one for that tick."""
    if state.woken[layer] < tick:
        state.woken[layer] = tick
        push(
            pool.heap_tick,
            pool.heap_order,
            pool.heap_payload,
            state.registers,
            tick,
            (layer << _LINK_BITS) | _WAKE,
            -1,
        )
        state.registers[WAKES] += 1


@jit
def feed(layers: Any, links: Any, state: Any, pool: Any, inputs: int, component: int) -> None:
    """Queue what a component receives from outside it, and its first wakes.

    Sources outside the component have run to the end, so all they emitted is known. The
    caller has made sure that the heap has room.
    """
    for layer in range(layers.kind.size):
        if layers.component[layer] != component:
            continue
        for link in range(layers.links_start[layer], layers.links_start[layer + 1]):
            source = links.source[link]
            if source >= inputs and layers.component[source - inputs] == component:
                continue
            emission = state.emission_head[source]
            while emission >= 0:
                _send(state, pool, links, link, pool.emission_tick[emission], emission)
                emission = pool.emission_next[emission]
        if _driven(layers, state, layer) or _starts_above(layers, state, layer):
            _wake(state, pool, layer, 0)


@jit
def _driven(layers: Any, state: Any, layer: int) -> bool:
    """Whether the layer must be visited in every tick: it may act without input.

    An accumulator with a bias never acts; its closed form waits for the next arrival.
    """
    if layers.kind[layer] == KIND_ACCUMULATOR:
        return False
    return bool(state.has_current[layer] or layers.bias_start[layer] >= 0)


@jit
def _starts_above(layers: Any, state: Any, layer: int) -> bool:
    if layers.kind[layer] != KIND_IF:
        return False
    start, period = layers.v_start[layer], layers.period[layer]
    for i in range(layers.size[layer]):
        threshold = layers.parameters[layers.threshold_start[layer] + i % period]
        if state.v[start + i] >= threshold:
            return True
    return False


@jit
def _emit(
    layers: Any,
    links: Any,
    state: Any,
    pool: Any,
    inputs: int,
    component: int,
    layer: int,
    tick: int,
    begin: int,
) -> None:
    """Register the emission that `fire` left in the pool and send it on its way."""
    end = state.registers[POOL_SIZE]
    if end == begin:
        return
    node = inputs + layer
    emission = state.registers[EMISSIONS]
    state.registers[EMISSIONS] = emission + 1
    pool.emission_tick[emission] = tick
    pool.emission_start[emission] = begin
    pool.emission_stop[emission] = end
    pool.emission_next[emission] = -1
    if state.emission_head[node] < 0:
        state.emission_head[node] = emission
    else:
        pool.emission_next[state.emission_tail[node]] = emission
    state.emission_tail[node] = emission
    state.emission_count[node] += 1
    if layers.kind[layer] == KIND_IF or layers.kind[layer] == KIND_RELAY:
        state.spikes[node] += end - begin
    else:
        for k in range(begin, end):
            whole = is_whole(pool.amplitude[k])
            state.spikes[node] += int(abs(pool.amplitude[k])) if whole else 1
    for j in range(layers.out_start[node], layers.out_start[node + 1]):
        link = layers.out_links[j]
        if layers.component[links.target[link]] == component:
            _send(state, pool, links, link, tick, emission)


@jit
def run(
    layers: Any,
    links: Any,
    stages: Any,
    state: Any,
    pool: Any,
    inputs: int,
    component: int,
    ticks: int,
) -> int:
    """Process all entries before tick ``ticks``; DONE, or which arrays must grow."""
    registers = state.registers
    while registers[HEAP_SIZE] > 0 and pool.heap_tick[0] < ticks:
        tick = pool.heap_tick[0]
        layer = pool.heap_order[0] >> _LINK_BITS
        node = inputs + layer
        if registers[POOL_SIZE] + layers.size[layer] > pool.index.size:
            return GROW_POOL
        sends = layers.out_start[node + 1] - layers.out_start[node]
        if registers[HEAP_SIZE] + sends + 1 > pool.heap_tick.size:
            return GROW_HEAP
        if registers[EMISSIONS] + 1 > pool.emission_tick.size:
            return GROW_EMISSIONS

        record_until(layers, state, layer, tick)
        advance(layers, state, layer, tick)
        registers[UPDATES] += layers.size[layer]
        while (
            registers[HEAP_SIZE] > 0
            and pool.heap_tick[0] == tick
            and pool.heap_order[0] >> _LINK_BITS == layer
        ):
            link = pool.heap_order[0] & _WAKE
            emission = pop(pool.heap_tick, pool.heap_order, pool.heap_payload, registers)
            registers[POPS] += 1
            if emission < 0:
                continue
            start, stop = pool.emission_start[emission], pool.emission_stop[emission]
            deliver(
                links,
                stages,
                state,
                link,
                state.v,
                layers.v_start[layer],
                pool.index,
                pool.amplitude,
                state.graded[links.source[link]],
                start,
                stop,
            )
            count(layers, links, state, link, pool.index, pool.amplitude, start, stop)
        begin = registers[POOL_SIZE]
        again = fire(layers, state, pool, layer)
        _emit(layers, links, state, pool, inputs, component, layer, tick, begin)
        if again or _driven(layers, state, layer):
            _wake(state, pool, layer, tick + 1)
        record_until(layers, state, layer, tick + 1)
    return DONE
