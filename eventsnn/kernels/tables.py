"""The flat arrays that a plan is made of, and the small integers in them.

Everything a kernel sees is one of these tuples. ``real`` is float32 or float64, the same
in all of them. Nodes are numbered inputs first, then layers in topological order; layer
``l`` is node ``inputs + l``, and its number is its position.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["LAYER", "LINK", "Layers", "Links", "Pool", "Stages", "State"]

# neuron kinds
KIND_IF, KIND_ACCUMULATOR, KIND_RELAY, KIND_MAXIMUM, KIND_BURST, KIND_SIGNED = 0, 1, 2, 3, 4, 5
KIND_CUBA, KIND_BISTABLE, KIND_PHASE_IF = 6, 7, 8
# reset kinds
RESET_SUBTRACT, RESET_VALUE, RESET_NONE = 0, 1, 2
# stage kinds
STAGE_CONV, STAGE_DENSE, STAGE_SPARSE = 0, 1, 2

# columns of `Stages.table`; the first three are common to all kinds
STAGE_KIND, STAGE_WEIGHTS, STAGE_TARGETS = 0, 1, 2
CONV_C_IN, CONV_WIDTH_IN, CONV_C_OUT, CONV_WIDTH_OUT = 3, 4, 5, 6
CONV_KERNEL_Y, CONV_KERNEL_X, CONV_GROUP_IN, CONV_GROUP_OUT = 7, 8, 9, 10
CONV_TAPS_Y, CONV_TAPS_X, CONV_STEP_Y, CONV_STEP_X, CONV_CONTIGUOUS = 11, 12, 13, 14, 15
SPARSE_ROWS, SPARSE_COLUMNS = 3, 4
STAGE_WIDTH = 16

# columns of `State.registers`
HEAP_SIZE, POOL_SIZE, EMISSIONS = 0, 1, 2
PACKETS, WAKES, POPS, UPDATES, COMPARISONS = 3, 4, 5, 6, 7
VISITS, TOUCHED, CURRENTS = 8, 9, 10
REGISTERS = 11

# columns of `State.synops`
SYNOPS, AC, MAC, LOST = 0, 1, 2, 3

NEVER = 1 << 62  # a tick that does not come

# A plain number in a call is a type of its own, and compiles everything below once more.
ZERO: Any = np.int64(0)
ONE: Any = np.int64(1)
MINUS_ONE: Any = np.int64(-1)

# what the loop returns
DONE, GROW_POOL, GROW_HEAP, GROW_EMISSIONS = 0, 1, 2, 3


def _row(integers: str, flags: str = "") -> np.dtype[Any]:
    return np.dtype(
        [(name, np.int64) for name in integers.split()]
        + [(name, np.bool_) for name in flags.split()],
        align=True,
    )


#: A row of `Layers.table`. Names that end in _start are places in an array of all layers:
#: thresholds and other parameters of neurons repeat with ``period``, so one per channel is
#: stored for one image row only. Layers that speak in words have one threshold and one reset
#: per phase, one period after the other.
LAYER = _row(
    "kind reset "  # neuron kind and reset kind
    "neurons component channels "  # channels of the layer's shape; 1 for vectors
    "v_start v_stop "  # into State.v; a running maximum keeps one X per input
    "period threshold_start reset_start "  # into parameters, like all but these six:
    "bias_start bias_period "  # -1: no bias
    "lazy_start "  # into the per-neuron state; -1: a plain sweep
    "output_start "  # into State.maximum, of a running maximum
    "window_start "  # into window_ptr; one more entry than windows
    "links_start links_stop "  # incoming links are contiguous
    "decay_start v_min_start v_max_start refractory_start negative_start "  # only if lazy
    "synaptic_decay_start gain_start "  # of CUBA neurons
    "noise_mean_start noise_deviation_start "
    "max_spikes "  # most spikes of a tick
    "phases "  # bits of a word; 0 for layers that do not speak or hear words
    "stage "  # of a layer that listens in every second cycle; 0 for others
    "readings "  # how many, then it does nothing any more
    "forgets",  # 1: keeps nothing from one reading to the next
    "touched "  # visit only the neurons that a packet reaches
    "noisy",  # draws noise in every tick
)

#: A row of `Links.table`.
LINK = _row(
    "source target delay "  # node, layer, ticks
    "stage_start stage_stop "  # stages are contiguous
    "fan_start",  # into fan_out
    "relayed "  # the source is a relay
    "partial "  # carries a part of the spikes or synapses, the part with its delay
    "in_words",  # words from one layer to another, added once per cycle
)


LAYER_STATE = _row(
    "last "  # tick of the last advance
    "wake "  # earliest wake in the queue, NEVER: none
    "noise_key "  # of this sample
    "record_start tested_start "  # after and before the reset, into record; -1: not recorded
    "recorded",  # how many of record_ticks are done
    "has_current",
)
NODE_STATE = _row(
    "spikes emission_head emission_tail emission_count",  # -1: no emission
    "graded",  # amplitudes differ within an emission
)
LINK_STATE = _row(
    "analog "  # the analog value that flows, -1: none
    "fed "  # the last emission that was queued from outside, -1: none
    "fed_analog "  # how many analog values were looked at
    "heard",  # of a link in words: the last emission added, -1: none
)
ANALOG = _row("node tick start stop")  # an analog value of an input from a tick on; into pixel


def rows(count: int, row: np.dtype[Any]) -> Any:
    """``count`` rows of zeros; each is read as ``table[k].name``, a column as ``table.name``."""
    return np.zeros(count, row).view(np.recarray)


def emission_row(real: Any) -> np.dtype[Any]:
    """A row of `Pool.emissions`: the spikes of one node at one tick."""
    return np.dtype(
        [
            ("tick", np.int64),
            ("start", np.int64),  # into index
            ("stop", np.int64),
            ("next", np.int64),  # emission of the same node, -1: none
            ("amplitude", real),  # of all its spikes, unless the node is graded
        ],
        align=True,
    )


class Layers(NamedTuple):
    """All layers, by position.

    What belongs to one layer is a row of one array, here and in `State`: each array that a
    kernel is handed costs compile time in every kernel that hands it on.
    """

    table: Any  # LAYER
    out_start: Any  # int64 (nodes + 1), into out_links
    out_links: Any  # int64
    node_size: Any  # int64, neurons of each node
    parameters: Any  # real
    window_ptr: Any  # int64, into window_index
    window_index: Any  # int64, inputs of each window
    quantiles: Any  # int16, of the normal distribution, in units of 2^-10


class Links(NamedTuple):
    """Per link and delay, ordered by target position, as declared, by delay."""

    table: Any  # LINK
    fan_out: Any  # int32, per source neuron


class Stages(NamedTuple):
    """Compiled synapses; a chain is one or more stages."""

    table: Any  # int64 (stages, STAGE_WIDTH)
    weights: Any  # real
    taps: Any  # int64: valid kernel rows and columns of convolutions
    row_ptr: Any  # int64: rows of sparse stages, into columns
    columns: Any  # int64: targets of sparse stages


class State(NamedTuple):
    """What one running sample changes; made once per worker, and reused."""

    v: Any  # real, potentials of all layers
    maximum: Any  # real, running outputs O
    current: Any  # real, analog current of this tick, laid out like v
    layers: Any  # LAYER_STATE
    nodes: Any  # NODE_STATE
    links: Any  # LINK_STATE
    neuron_last: Any  # int64, per lazy neuron: tick of its last advance
    neuron_wake: Any  # int64, per lazy neuron: earliest wake in the queue, NEVER: none
    held: Any  # int64, per lazy neuron: last refractory tick
    given: Any  # int64, per lazy neuron: spikes given and not taken back
    synaptic: Any  # real, per lazy neuron: the current of CUBA neurons
    inbox: Any  # real, per lazy neuron: arrivals of the visit
    stamp: Any  # int64, per lazy neuron: the visit that last touched it
    touched: Any  # int32, neurons on the list of this visit
    wanted: Any  # int64, when each of them may act by itself
    fired: Any  # uint8, mask of the layer at work, padded to whole words
    word: Any  # real, per neuron of a source: what it said; zero when at rest
    spoke: Any  # uint8, mask of those that said anything, padded to whole words of 8
    word_index: Any  # int32, neurons that said anything
    word_amplitude: Any  # real
    scratch: Any  # real, between the stages of a chain; zero when at rest
    scratch_index: Any  # int32
    scratch_amplitude: Any  # real
    registers: Any  # int64 (REGISTERS)
    synops: Any  # int64 (links, 4): synops, ac, mac, lost
    tested: Any  # real: v of the layer at work, as the test sees it
    record: Any  # real, recorded potentials
    record_ticks: Any  # int64, the ticks to record, rising


class Pool(NamedTuple):
    """Arrays that grow between calls of the loop: spikes, emissions, images and the heap."""

    index: Any  # int32, neuron of each spike
    amplitude: Any  # real; empty when no node is graded
    emissions: Any  # emission_row
    analog: Any  # ANALOG
    pixel: Any  # int32, of analog values; zeros are left out
    pixel_value: Any  # real
    heap_tick: Any  # int64
    heap_order: Any  # int64, position, then analog value, packet or wake, then link
    heap_payload: Any  # int64: analog value, emission, or < 0 for a wake
