"""Queue what a component of the network receives from outside it."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.cuba import cuba_next_actions
from eventsnn.kernels.entries import LINK_BITS, is_driven, send, wake_layer, wake_neuron
from eventsnn.kernels.fire import next_crossing
from eventsnn.kernels.heap import push
from eventsnn.kernels.jit import entry_point, jit
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
    emission = state.nodes[source].emission_head
    if state.links[link].fed >= 0:
        emission = pool.emissions[state.links[link].fed].next
    while emission >= 0:
        send(state, pool, links, link, pool.emissions[emission].tick, emission)
        state.links[link].fed = emission
        emission = pool.emissions[emission].next


@jit
def _feed_analog(links: Any, state: Any, pool: Any, link: int, source: int) -> None:
    for value in range(state.links[link].fed_analog, pool.analog.size):
        if pool.analog[value].node == source:
            push(
                pool.heap_tick,
                pool.heap_order,
                pool.heap_payload,
                state.registers,
                pool.analog[value].tick + links.table[link].delay,
                (links.table[link].target << LINK_BITS) | link,
                value,
            )
            state.registers[CURRENTS] += 1
    state.links[link].fed_analog = pool.analog.size


@jit
def _first_wakes(layers: Any, state: Any, pool: Any, layer: int) -> None:
    this = layers.table[layer]
    if this.noisy:
        wake_layer(state, pool, layer, ZERO)
    elif this.lazy_start >= 0:
        if this.kind == KIND_CUBA:
            earliest = cuba_next_actions(layers, state, layer, state.wanted)
        else:
            earliest = next_actions(layers, state, layer, state.wanted)
        if earliest < NEVER and this.touched:
            for i in range(this.neurons):
                if state.wanted[i] < NEVER:
                    wake_neuron(layers, state, pool, layer, i, state.wanted[i])
        elif earliest < NEVER:
            wake_layer(state, pool, layer, earliest)
    elif this.kind == KIND_IF:
        tick = next_crossing(layers, state, layer, MINUS_ONE)
        if tick < NEVER:
            wake_layer(state, pool, layer, tick)
    elif not is_driven(layers, state, layer):
        return
    elif this.kind in (KIND_RELAY, KIND_PHASE_IF):
        wake_layer(state, pool, layer, ZERO)
    elif this.kind == KIND_BISTABLE:
        wake_layer(state, pool, layer, next_word(layers, layer, MINUS_ONE))


@entry_point
def feed(
    layers: Any, links: Any, state: Any, pool: Any, inputs: int, component: int, fresh: bool
) -> None:
    """Queue what a component receives from outside it, and, if ``fresh``, its first wakes.

    Sources outside the component have run to the end, so all they emitted is known; what
    was queued by an earlier call is not queued again. The caller has made sure that the
    heap has room.
    """
    for layer in range(layers.table.size):
        if layers.table[layer].component != component:
            continue
        for link in range(layers.table[layer].links_start, layers.table[layer].links_stop):
            source = links.table[link].source
            if source >= inputs and layers.table[source - inputs].component == component:
                continue
            _feed_spikes(links, state, pool, link, source)
            _feed_analog(links, state, pool, link, source)
        if fresh:
            _first_wakes(layers, state, pool, layer)
