"""Queue what a component of the network receives from outside it."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.cuba import cuba_next_actions
from eventsnn.kernels.entries import LINK_BITS, is_driven, send, wake_layer, wake_neuron
from eventsnn.kernels.fire import next_crossing
from eventsnn.kernels.heap import push
from eventsnn.kernels.jit import jit
from eventsnn.kernels.lazy import next_actions
from eventsnn.kernels.tables import (
    CURRENTS,
    KIND_BISTABLE,
    KIND_CUBA,
    KIND_IF,
    KIND_PHASE_IF,
    KIND_RELAY,
    MINUS_ONE,
    NEVER,
    ZERO,
)
from eventsnn.kernels.words import next_word

__all__ = ["feed"]


@jit
def _feed_spikes(links: Any, state: Any, pool: Any, link: int, source: int) -> None:
    emission = state.emission_head[source]
    if state.fed[link] >= 0:
        emission = pool.emission_next[state.fed[link]]
    while emission >= 0:
        send(state, pool, links, link, pool.emission_tick[emission], emission)
        state.fed[link] = emission
        emission = pool.emission_next[emission]


@jit
def _feed_analog(links: Any, state: Any, pool: Any, link: int, source: int) -> None:
    for value in range(state.fed_analog[link], pool.analog_node.size):
        if pool.analog_node[value] == source:
            push(
                pool.heap_tick,
                pool.heap_order,
                pool.heap_payload,
                state.registers,
                pool.analog_tick[value] + links.delay[link],
                (links.target[link] << LINK_BITS) | link,
                value,
            )
            state.registers[CURRENTS] += 1
    state.fed_analog[link] = pool.analog_node.size


@jit
def _first_wakes(layers: Any, state: Any, pool: Any, layer: int) -> None:
    if layers.noisy[layer]:
        wake_layer(state, pool, layer, ZERO)
    elif layers.lazy_start[layer] >= 0:
        if layers.kind[layer] == KIND_CUBA:
            earliest = cuba_next_actions(layers, state, layer, state.wanted)
        else:
            earliest = next_actions(layers, state, layer, state.wanted)
        if earliest < NEVER and layers.touched[layer]:
            for i in range(layers.size[layer]):
                if state.wanted[i] < NEVER:
                    wake_neuron(layers, state, pool, layer, i, state.wanted[i])
        elif earliest < NEVER:
            wake_layer(state, pool, layer, earliest)
    elif layers.kind[layer] == KIND_IF:
        tick = next_crossing(layers, state, layer, MINUS_ONE)
        if tick < NEVER:
            wake_layer(state, pool, layer, tick)
    elif not is_driven(layers, state, layer):
        return
    elif layers.kind[layer] == KIND_RELAY or layers.kind[layer] == KIND_PHASE_IF:
        wake_layer(state, pool, layer, ZERO)
    elif layers.kind[layer] == KIND_BISTABLE:
        wake_layer(state, pool, layer, next_word(layers, layer, MINUS_ONE))


@jit
def feed(
    layers: Any, links: Any, state: Any, pool: Any, inputs: int, component: int, fresh: bool
) -> None:
    """Queue what a component receives from outside it, and, if ``fresh``, its first wakes.

    Sources outside the component have run to the end, so all they emitted is known; what
    was queued by an earlier call is not queued again. The caller has made sure that the
    heap has room.
    """
    for layer in range(layers.kind.size):
        if layers.component[layer] != component:
            continue
        for link in range(layers.links_start[layer], layers.links_start[layer + 1]):
            source = links.source[link]
            if source >= inputs and layers.component[source - inputs] == component:
                continue
            _feed_spikes(links, state, pool, link, source)
            _feed_analog(links, state, pool, link, source)
        if fresh:
            _first_wakes(layers, state, pool, layer)
