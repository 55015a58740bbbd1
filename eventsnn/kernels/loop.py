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
from eventsnn.kernels.fire import fire, next_crossing
from eventsnn.kernels.heap import pop, push
from eventsnn.kernels.jit import jit
from eventsnn.kernels.lazy import next_actions, visit
from eventsnn.kernels.mark import mark_run
from eventsnn.kernels.noise import add_noise
from eventsnn.kernels.tables import (
    DONE,
    EMISSIONS,
    GROW_EMISSIONS,
    GROW_HEAP,
    GROW_POOL,
    HEAP_SIZE,
    KIND_IF,
    KIND_RELAY,
    MINUS_ONE,
    NEVER,
    ONE,
    PACKETS,
    POOL_SIZE,
    POPS,
    TOUCHED,
    UPDATES,
    VISITS,
    WAKES,
    ZERO,
)

__all__ = ["feed", "run"]

_LINK_BITS = 32
_WAKE = (1 << _LINK_BITS) - 1  # after all packets of the same tick and layer
_LAYER = MINUS_ONE  # payload of a layer's wake; neuron i of a touched layer has _LAYER - 1 - i


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
def _push_wake(state: Any, pool: Any, layer: int, tick: int, payload: int) -> None:
    order = (layer << _LINK_BITS) | _WAKE
    push(pool.heap_tick, pool.heap_order, pool.heap_payload, state.registers, tick, order, payload)
    state.registers[WAKES] += 1


@jit
def _wake_layer(state: Any, pool: Any, layer: int, tick: int) -> None:
    """Make sure that the layer is visited at ``tick``, or earlier."""
    if tick < state.wake[layer]:
        state.wake[layer] = tick
        _push_wake(state, pool, layer, tick, _LAYER)


@jit
def _wake_neuron(layers: Any, state: Any, pool: Any, layer: int, i: int, tick: int) -> None:
    """The same for one neuron of a touched layer."""
    g = layers.lazy_start[layer] + i
    if tick < state.neuron_wake[g]:
        state.neuron_wake[g] = tick
        _push_wake(state, pool, layer, tick, _LAYER - 1 - i)


@jit
def _woken(layers: Any, state: Any, layer: int, payload: int) -> None:
    """A wake was taken out: it is no longer the earliest one in the queue."""
    if payload == _LAYER:
        state.wake[layer] = NEVER
    else:
        i = _LAYER - 1 - payload
        state.neuron_wake[layers.lazy_start[layer] + i] = NEVER
        mark_run(layers, state, layer, i, ONE)


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
        _first_wakes(layers, state, pool, layer)


@jit
def _first_wakes(layers: Any, state: Any, pool: Any, layer: int) -> None:
    if layers.noisy[layer]:
        _wake_layer(state, pool, layer, ZERO)
    elif layers.lazy_start[layer] >= 0:
        earliest = next_actions(layers, state, layer, state.wanted)
        if earliest < NEVER and layers.touched[layer]:
            for i in range(layers.size[layer]):
                if state.wanted[i] < NEVER:
                    _wake_neuron(layers, state, pool, layer, i, state.wanted[i])
        elif earliest < NEVER:
            _wake_layer(state, pool, layer, earliest)
    elif layers.kind[layer] == KIND_IF:
        tick = next_crossing(layers, state, layer, MINUS_ONE)
        if tick < NEVER:
            _wake_layer(state, pool, layer, tick)
    elif layers.kind[layer] == KIND_RELAY and _driven(layers, state, layer):
        _wake_layer(state, pool, layer, ZERO)


@jit
def _driven(layers: Any, state: Any, layer: int) -> bool:
    """Whether the layer receives something in every tick, without a packet."""
    return bool(state.has_current[layer] or layers.bias_start[layer] >= 0)


@jit
def _next_wakes(
    layers: Any, state: Any, pool: Any, layer: int, tick: int, count: int, earliest: int
) -> None:
    """Queue what the visited neurons will do without input."""
    if layers.touched[layer]:
        for k in range(count):
            if state.wanted[k] < NEVER:
                i = ZERO + state.touched[k]  # int64
                _wake_neuron(layers, state, pool, layer, i, state.wanted[k])
    elif layers.noisy[layer] or (
        layers.kind[layer] == KIND_RELAY and _driven(layers, state, layer)
    ):
        _wake_layer(state, pool, layer, tick + 1)
    elif earliest < NEVER:
        _wake_layer(state, pool, layer, earliest)


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
        wakes = layers.size[layer] if layers.touched[layer] else 1
        if registers[HEAP_SIZE] + sends + wakes > pool.heap_tick.size:
            return GROW_HEAP
        if registers[EMISSIONS] + 1 > pool.emission_tick.size:
            return GROW_EMISSIONS

        record_until(layers, state, layer, tick)
        lazy = layers.lazy_start[layer] >= 0
        if not lazy:
            advance(layers, state, layer, tick)
        registers[VISITS] += 1
        registers[TOUCHED] = 0
        _receive(layers, links, stages, state, pool, layer, tick)
        begin = registers[POOL_SIZE]
        count = registers[TOUCHED] if layers.touched[layer] else layers.size[layer]
        registers[UPDATES] += count
        if layers.noisy[layer]:
            add_noise(layers, state, layer, tick)
        if lazy:
            earliest = visit(layers, state, pool, layer, tick, count)
        else:
            earliest = fire(layers, state, pool, layer, tick)
        _emit(layers, links, state, pool, inputs, component, layer, tick, begin)
        _next_wakes(layers, state, pool, layer, tick, count, earliest)
        record_until(layers, state, layer, tick + 1)
    return DONE


@jit
def _receive(
    layers: Any, links: Any, stages: Any, state: Any, pool: Any, layer: int, tick: int
) -> None:
    """Take out all entries of a layer at a tick and add what they bring."""
    registers = state.registers
    lazy = layers.lazy_start[layer] >= 0
    out = state.inbox if lazy else state.v
    out_start = layers.lazy_start[layer] if lazy else layers.v_start[layer]
    while (
        registers[HEAP_SIZE] > 0
        and pool.heap_tick[0] == tick
        and pool.heap_order[0] >> _LINK_BITS == layer
    ):
        link = pool.heap_order[0] & _WAKE
        emission = pop(pool.heap_tick, pool.heap_order, pool.heap_payload, registers)
        registers[POPS] += 1
        if emission < 0:
            _woken(layers, state, layer, emission)
            continue
        start, stop = pool.emission_start[emission], pool.emission_stop[emission]
        graded = state.graded[links.source[link]]
        deliver(
            layers,
            links,
            stages,
            state,
            link,
            out,
            out_start,
            pool.index,
            pool.amplitude,
            graded,
            start,
            stop,
        )
        count(layers, links, state, link, pool.index, pool.amplitude, start, stop)
