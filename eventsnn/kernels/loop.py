"""The event loop.

Key (tick, position, link): all entries of one layer at one tick are popped together, so
every arrival of a tick is added before any threshold is tested. An entry is an analog
value that begins to flow, a packet (one emission on its way over one link) or a wake.

Nothing is allocated here. Before it takes anything out of the queue, the loop makes sure
that the layer's emissions and their packets will fit; if not, it returns and asks for
longer arrays, and is called again.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.advance import (
    advance,
    is_recorded,
    potential_at,
    record_until,
    record_visit,
)
from eventsnn.kernels.burst import burst_visit
from eventsnn.kernels.cuba import cuba_settle, cuba_visit
from eventsnn.kernels.cycle import hear, waits
from eventsnn.kernels.deliver import count, deliver, is_whole
from eventsnn.kernels.entries import (
    LINK_BITS,
    LOW,
    PACKET,
    is_driven,
    send,
    wake_layer,
    wake_neuron,
    woken,
)
from eventsnn.kernels.fire import compact, fire
from eventsnn.kernels.heap import pop
from eventsnn.kernels.jit import entry_point, jit
from eventsnn.kernels.lazy import settle, visit
from eventsnn.kernels.mark import mark_run
from eventsnn.kernels.noise import add_noise
from eventsnn.kernels.tables import (
    DONE,
    EMISSIONS,
    GROW_EMISSIONS,
    GROW_HEAP,
    GROW_POOL,
    HEAP_SIZE,
    KIND_ACCUMULATOR,
    KIND_BISTABLE,
    KIND_BURST,
    KIND_CUBA,
    KIND_PHASE_IF,
    KIND_RELAY,
    KIND_SIGNED,
    LOST,
    NEVER,
    ONE,
    POOL_SIZE,
    POPS,
    SYNOPS,
    TOUCHED,
    UPDATES,
    VISITS,
    ZERO,
)
from eventsnn.kernels.words import listens, next_word, say

__all__ = ["run"]


@jit
def _next_wakes(
    layers: Any, state: Any, pool: Any, layer: int, tick: int, count: int, earliest: int
) -> None:
    """Queue what the visited neurons will do without input."""
    this = layers.table[layer]
    if this.touched:
        for k in range(count):
            if state.wanted[k] < NEVER:
                i = ZERO + state.touched[k]  # int64
                wake_neuron(layers, state, pool, layer, i, state.wanted[k])
    elif this.noisy or (this.kind == KIND_RELAY and is_driven(layers, state, layer)):
        wake_layer(state, pool, layer, tick + 1)
    elif earliest < NEVER:
        wake_layer(state, pool, layer, earliest)


@jit
def _answers_together(layers: Any, layer: int) -> bool:
    """Whether the layer is one of burst or signed neurons, all of which are visited."""
    this = layers.table[layer]
    kind = this.kind
    return bool((kind in (KIND_BURST, KIND_SIGNED)) and not this.touched)


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
    this = layers.table[layer]
    end = state.registers[POOL_SIZE]
    if end == begin:
        return
    node = inputs + layer
    emission = state.registers[EMISSIONS]
    state.registers[EMISSIONS] = emission + 1
    pool.emissions[emission].tick = tick
    pool.emissions[emission].start = begin
    pool.emissions[emission].stop = end
    phases = this.phases
    pool.emissions[emission].amplitude = 1.0 / (2 << tick % phases) if phases else 1.0
    pool.emissions[emission].next = -1
    if state.nodes[node].emission_head < 0:
        state.nodes[node].emission_head = emission
    else:
        pool.emissions[state.nodes[node].emission_tail].next = emission
    state.nodes[node].emission_tail = emission
    state.nodes[node].emission_count += 1
    if not state.nodes[node].graded or this.kind == KIND_RELAY:
        state.nodes[node].spikes += end - begin
    else:
        for k in range(begin, end):
            whole = is_whole(pool.amplitude[k])
            state.nodes[node].spikes += int(abs(pool.amplitude[k])) if whole else 1
    for j in range(layers.out_start[node], layers.out_start[node + 1]):
        link = layers.out_links[j]
        if layers.table[links.table[link].target].component == component:
            send(state, pool, links, link, tick, emission)


@entry_point
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
        layer = pool.heap_order[0] >> LINK_BITS
        node = inputs + layer
        bistable = layers.table[layer].kind == KIND_BISTABLE
        emissions = layers.table[layer].phases if bistable else ONE
        if registers[POOL_SIZE] + emissions * layers.table[layer].neurons > pool.index.size:
            return GROW_POOL
        sends = layers.out_start[node + 1] - layers.out_start[node]
        wakes = layers.table[layer].neurons if layers.table[layer].touched else 1
        if registers[HEAP_SIZE] + emissions * sends + wakes > pool.heap_tick.size:
            return GROW_HEAP
        if registers[EMISSIONS] + emissions > pool.emissions.size:
            return GROW_EMISSIONS

        record_until(layers, state, layer, tick)
        switched = pool.heap_order[0] & LOW < PACKET
        if switched:
            _switch_currents(layers, links, stages, state, pool, layer, tick)
        recorded = is_recorded(state, layer, tick)
        if recorded:  # of neurons that are not visited, or held, this stays
            potential_at(layers, state, layer, tick, state.tested)
        lazy = layers.table[layer].lazy_start >= 0
        if not lazy:
            advance(layers, state, layer, tick)
        registers[VISITS] += 1
        registers[TOUCHED] = 0
        speaks = bistable and state.layers[layer].wake == tick
        _receive(layers, links, stages, state, pool, layer, tick)
        if speaks:
            if tick % layers.table[layer].phases == 0:
                hear(layers, links, stages, state, pool, layer, tick)
            _speak(layers, links, state, pool, inputs, component, layer, tick, ticks)
            continue
        if bistable:
            if listens(layers, layer, tick) or is_driven(layers, state, layer):
                wake_layer(state, pool, layer, next_word(layers, layer, tick))
            if recorded:
                potential_at(layers, state, layer, tick, state.tested)
                record_visit(layers, state, layer, tick)
            continue
        if switched and layers.table[layer].touched:
            mark_run(layers, state, layer, ZERO, layers.table[layer].neurons)
        begin = registers[POOL_SIZE]
        count = registers[TOUCHED] if layers.table[layer].touched else layers.table[layer].neurons
        registers[UPDATES] += count
        if layers.table[layer].noisy:
            add_noise(layers, state, layer, tick)
        if layers.table[layer].kind == KIND_CUBA:
            earliest = cuba_visit(layers, state, pool, layer, tick, count)
        elif _answers_together(layers, layer):
            earliest = burst_visit(layers, state, pool, layer, tick)
        elif lazy:
            earliest = visit(layers, state, pool, layer, tick, count)
        else:
            kind = layers.table[layer].kind
            if recorded and (kind <= KIND_ACCUMULATOR or kind == KIND_PHASE_IF):
                start = layers.table[layer].v_start
                state.tested[: layers.table[layer].neurons] = state.v[
                    start : start + layers.table[layer].neurons
                ]
            earliest = fire(layers, state, pool, layer, tick)
        _emit(layers, links, state, pool, inputs, component, layer, tick, begin)
        _next_wakes(layers, state, pool, layer, tick, count, earliest)
        if recorded:
            record_visit(layers, state, layer, tick)
    return DONE


@jit
def _speak(
    layers: Any,
    links: Any,
    state: Any,
    pool: Any,
    inputs: int,
    component: int,
    layer: int,
    tick: int,
    ticks: int,
) -> None:
    """Say a word from the phase of ``tick`` on: all its spikes are known at the first one.

    Phases from tick ``ticks`` on wait for a wake, so that no spike of a run is beyond its end.
    """
    this = layers.table[layer]
    phases, size = this.phases, this.neurons
    start = this.v_start
    first = tick // phases * phases
    state.registers[UPDATES] += size
    left = False
    for now in range(tick, first + phases):
        if now >= ticks:
            wake_layer(state, pool, layer, now)
            return
        recorded = is_recorded(state, layer, now)
        if recorded:
            state.tested[:size] = state.v[start : start + size]
        begin = state.registers[POOL_SIZE]
        left = say(layers, state, layer, now - first)
        state.registers[POOL_SIZE] = compact(state.fired, size, pool.index, begin)
        if now == first + phases - 1 and this.forgets:
            state.v[start : start + size] = 0
        _emit(layers, links, state, pool, inputs, component, layer, now, begin)
        if recorded:
            record_visit(layers, state, layer, now)
    if is_driven(layers, state, layer) or (left and not this.forgets):
        wake_layer(state, pool, layer, next_word(layers, layer, first + phases - 1))


@jit
def _switch_currents(
    layers: Any, links: Any, stages: Any, state: Any, pool: Any, layer: int, tick: int
) -> None:
    """Take out the analog values that begin to flow at ``tick``; all neurons feel them.

    The ticks before are settled with the current that flowed until then. No neuron would
    have acted in them, or it had been woken.
    """
    this = layers.table[layer]
    registers = state.registers
    if this.kind == KIND_CUBA:
        cuba_settle(layers, state, layer, tick - 1)
    elif this.lazy_start >= 0:
        settle(layers, state, layer, tick - 1)
    else:
        advance(layers, state, layer, tick - 1)
    while (
        registers[HEAP_SIZE] > 0
        and pool.heap_tick[0] == tick
        and pool.heap_order[0] >> LINK_BITS == layer
        and pool.heap_order[0] & LOW < PACKET
    ):
        link = pool.heap_order[0] & LOW
        value = pop(pool.heap_tick, pool.heap_order, pool.heap_payload, registers)
        state.links[link].analog = value
        registers[POPS] += 1
    state.layers[layer].has_current = True
    start = this.v_start
    state.current[start : start + this.neurons] = 0
    registers[VISITS] += 1  # deliver keeps a list of the neurons that it reaches
    registers[TOUCHED] = 0
    for link in range(this.links_start, this.links_stop):
        value = state.links[link].analog
        if value >= 0:
            deliver(
                layers,
                links,
                stages,
                state,
                link,
                state.current,
                start,
                pool.pixel,
                pool.pixel_value,
                state.layers[layer].has_current,
                pool.emissions[0].amplitude,  # not used: each pixel has its own
                pool.analog[value].start,
                pool.analog[value].stop,
            )


@jit
def _receive(
    layers: Any, links: Any, stages: Any, state: Any, pool: Any, layer: int, tick: int
) -> None:
    """Take out all entries of a layer at a tick and add what they bring."""
    this = layers.table[layer]
    registers = state.registers
    lazy = this.lazy_start >= 0
    out = state.inbox if lazy else state.v
    out_start = this.lazy_start if lazy else this.v_start
    hears = listens(layers, layer, tick)
    while (
        registers[HEAP_SIZE] > 0
        and pool.heap_tick[0] == tick
        and pool.heap_order[0] >> LINK_BITS == layer
    ):
        link = (pool.heap_order[0] & LOW) - PACKET
        emission = pop(pool.heap_tick, pool.heap_order, pool.heap_payload, registers)
        registers[POPS] += 1
        if emission < 0:
            woken(layers, state, layer, emission)
            continue
        start, stop = pool.emissions[emission].start, pool.emissions[emission].stop
        before = state.synops[link, SYNOPS]
        count(layers, links, state, link, pool.index, pool.amplitude, start, stop)
        if not hears:
            state.synops[link, LOST] += state.synops[link, SYNOPS] - before
            continue
        if waits(links, state, link):
            continue
        graded = state.nodes[links.table[link].source].graded
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
            pool.emissions[emission].amplitude,
            start,
            stop,
        )
