"""Phase words: when a layer listens, when it speaks, and which bits it says.

A layer of stage l listens in the cycles l - 1, l + 1, ... of K ticks each and speaks in those
between, for so many readings. Its bias and current are added once per cycle that it listens,
at the last tick.
Stage 0 stands for all other layers, which listen and add in every tick.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsnn.kernels.jit import jit
from eventsnn.kernels.tables import KIND_MAXIMUM, NEVER

__all__ = ["drives", "listens", "next_word", "reading_start", "restarts", "say"]


@jit
def listens(layers: Any, layer: int, tick: int) -> bool:
    """Whether arrivals of this tick are heard."""
    this = layers.table[layer]
    if this.stage == 0:
        return True
    cycle = tick // this.phases - (this.stage - 1)
    return bool(cycle >= 0 and cycle % 2 == 0 and cycle // 2 < this.readings)


@jit
def next_word(layers: Any, layer: int, tick: int) -> int:
    """The first tick after ``tick`` at which a word begins; NEVER after the last one."""
    this = layers.table[layer]
    first = this.stage * this.phases
    if tick < first:
        return int(first)
    word = (tick - first) // (2 * this.phases) + 1
    if word >= this.readings:
        return NEVER
    return int(first + word * 2 * this.phases)


@jit
def _added(layers: Any, layer: int, tick: int) -> int:
    """How often the drive of a layer with a stage was added by the end of a tick."""
    this = layers.table[layer]
    first = this.stage * this.phases - 1
    if tick < first:
        return 0
    return int(min((tick - first) // (2 * this.phases) + 1, this.readings))


@jit
def drives(layers: Any, layer: int, last: int, tick: int) -> int:
    """How often the drive is added after tick ``last``, up to and with ``tick``."""
    if layers.table[layer].stage == 0:
        return tick - last
    return _added(layers, layer, tick) - _added(layers, layer, last)


@jit
def reading_start(layers: Any, layer: int, tick: int) -> int:
    """The tick at which the reading that ``tick`` belongs to began."""
    this = layers.table[layer]
    phases = this.phases
    if this.kind == KIND_MAXIMUM:
        return int(tick // phases * phases)
    first = (this.stage - 1) * phases
    reading = min((tick - first) // (2 * phases), this.readings - 1)
    return int(first + reading * 2 * phases)


@jit
def restarts(layers: Any, layer: int, last: int, tick: int) -> bool:
    """Whether a read-out or a max pooling of words began anew after tick ``last``."""
    if not layers.table[layer].forgets:
        return False
    return reading_start(layers, layer, last) != reading_start(layers, layer, tick)


@jit
def say(layers: Any, state: Any, layer: int, phase: int) -> bool:
    """Mark the neurons whose bit is set, and subtract it; whether any has a bit left to say."""
    this = layers.table[layer]
    start, size, period = this.v_start, this.neurons, this.period
    t = this.threshold_start + phase * period
    threshold = layers.parameters[t : t + period]
    r = this.reset_start + phase * period
    worth = layers.parameters[r : r + period]
    t = this.threshold_start + (this.phases - 1) * period
    smallest = layers.parameters[t : t + period]
    left = np.uint8(0)
    for block in range(0, size, period):
        v = state.v[start + block : start + block + period]
        fired = state.fired[block : block + period]
        for i in range(period):
            s = v[i] >= threshold[i]
            fired[i] = s
            v[i] = v[i] - worth[i] if s else v[i]
            left |= np.uint8(v[i] >= smallest[i])
    return bool(left != 0)
