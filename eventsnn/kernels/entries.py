"""Entries of the queue: analog values, packets and wakes.

Within one tick and layer, analog values come first, then packets by link, then wakes.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.heap import push
from eventsnn.kernels.jit import entry_point, jit
from eventsnn.kernels.mark import mark_run
from eventsnn.kernels.tables import MINUS_ONE, NEVER, ONE, PACKETS, WAKES

__all__ = [
    "LINK_BITS",
    "LOW",
    "PACKET",
    "is_driven",
    "send",
    "wake_layer",
    "wake_neuron",
    "woken",
]

LINK_BITS = 32
LOW = (1 << LINK_BITS) - 1
PACKET = 1 << 30  # analog values of the same tick and layer come before all packets
_WAKE = LOW  # and wakes after them
_LAYER = MINUS_ONE  # payload of a layer's wake; neuron i of a touched layer has _LAYER - 1 - i


@jit
def _reaches(links: Any, link: int, index: Any, start: int, stop: int) -> bool:
    """Whether any of the spikes has a synapse on the link."""
    fan_out = links.fan_out[links.table[link].fan_start :]
    while start < stop and fan_out[index[start]] == 0:
        start += 1
    return start < stop


@entry_point
def send(state: Any, pool: Any, links: Any, link: int, tick: int, emission: int) -> None:
    """Queue one packet, unless it carries nothing."""
    if links.table[link].partial and not _reaches(
        links, link, pool.index, pool.emissions[emission].start, pool.emissions[emission].stop
    ):
        return
    order = (links.table[link].target << LINK_BITS) | PACKET | link
    push(
        pool.heap_tick,
        pool.heap_order,
        pool.heap_payload,
        state.registers,
        tick + links.table[link].delay,
        order,
        emission,
    )
    state.registers[PACKETS] += 1


@jit
def _push_wake(state: Any, pool: Any, layer: int, tick: int, payload: int) -> None:
    order = (layer << LINK_BITS) | _WAKE
    push(pool.heap_tick, pool.heap_order, pool.heap_payload, state.registers, tick, order, payload)
    state.registers[WAKES] += 1


@entry_point
def wake_layer(state: Any, pool: Any, layer: int, tick: int) -> None:
    """Make sure that the layer is visited at ``tick``, or earlier."""
    if tick < state.layers[layer].wake:
        state.layers[layer].wake = tick
        _push_wake(state, pool, layer, tick, _LAYER)


@entry_point
def wake_neuron(layers: Any, state: Any, pool: Any, layer: int, i: int, tick: int) -> None:
    """The same for one neuron of a touched layer."""
    g = layers.table[layer].lazy_start + i
    if tick < state.neuron_wake[g]:
        state.neuron_wake[g] = tick
        _push_wake(state, pool, layer, tick, _LAYER - 1 - i)


@entry_point
def woken(layers: Any, state: Any, layer: int, payload: int) -> None:
    """A wake was taken out: it is no longer the earliest one in the queue."""
    if payload == _LAYER:
        state.layers[layer].wake = NEVER
    else:
        i = _LAYER - 1 - payload
        state.neuron_wake[layers.table[layer].lazy_start + i] = NEVER
        mark_run(layers, state, layer, i, ONE)


@jit
def is_driven(layers: Any, state: Any, layer: int) -> bool:
    """Whether the layer receives something in every tick, without a packet."""
    return bool(state.layers[layer].has_current or layers.table[layer].bias_start >= 0)
