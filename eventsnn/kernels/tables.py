"""The flat arrays that a plan is made of, and the small integers in them.

Everything a kernel sees is one of these tuples. ``real`` is float32 or float64, the same
in all of them. Nodes are numbered inputs first, then layers in topological order; layer
``l`` is node ``inputs + l``, and its number is its position.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Layers", "Links", "Pool", "Stages", "State"]

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


class Layers(NamedTuple):
    """Per layer, by position.

    ``parameters`` holds thresholds, resets and biases; a parameter repeats with its
    period, so one per channel is stored for one image row only. Layers that speak in words
    have one threshold and one reset per phase, one period after the other.
    """

    kind: Any  # int64
    reset: Any  # int64, reset kind
    size: Any  # int64, neurons
    v_start: Any  # int64 (layers + 1), into State.v; a running maximum keeps one X per input
    threshold_start: Any  # int64, into parameters
    reset_start: Any  # int64, same period as the threshold
    period: Any  # int64, of threshold and reset
    bias_start: Any  # int64; -1: no bias
    bias_period: Any  # int64
    lazy_start: Any  # int64, into the per-neuron state; -1: a plain sweep
    touched: Any  # bool: visit only the neurons that a packet reaches
    decay_start: Any  # int64, into parameters; these five only if lazy, period as above
    v_min_start: Any  # int64
    v_max_start: Any  # int64
    refractory_start: Any  # int64
    negative_start: Any  # int64
    synaptic_decay_start: Any  # int64, of CUBA neurons
    gain_start: Any  # int64
    limit: Any  # int64, most spikes of a tick
    noisy: Any  # bool: draws noise in every tick
    noise_mean_start: Any  # int64, into parameters, period as above
    noise_deviation_start: Any  # int64
    channels: Any  # int64, of the layer's shape; 1 for vectors
    phases: Any  # int64, bits of a word; 0 for layers that do not speak or hear words
    stage: Any  # int64, of a layer that listens in every second cycle; 0 for others
    readings: Any  # int64, how many, then it does nothing any more
    forgets: Any  # int64, 1: keeps nothing from one reading to the next
    component: Any  # int64
    output_start: Any  # int64, State.maximum of a running maximum
    window_start: Any  # int64, into window_ptr; one more entry than windows
    links_start: Any  # int64 (layers + 1): incoming links are contiguous
    out_start: Any  # int64 (nodes + 1), into out_links
    out_links: Any  # int64
    node_size: Any  # int64, neurons of each node
    parameters: Any  # real
    window_ptr: Any  # int64, into window_index
    window_index: Any  # int64, inputs of each window
    quantiles: Any  # int16, of the normal distribution, in units of 2^-10


class Links(NamedTuple):
    """Per link and delay, ordered by target position, as declared, by delay."""

    source: Any  # int64, node
    target: Any  # int64, layer
    delay: Any  # int64
    relayed: Any  # bool: the source is a relay
    partial: Any  # bool: carries a part of the spikes or synapses, the part with its delay
    in_words: Any  # bool: words from one layer to another, added once per cycle
    stage_start: Any  # int64 (links + 1): stages are contiguous
    fan_start: Any  # int64, into fan_out
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
    has_current: Any  # bool, per layer
    analog: Any  # int64, per link: the analog value that flows, -1: none
    fed: Any  # int64, per link: the last emission that was queued from outside, -1: none
    fed_analog: Any  # int64, per link: how many analog values were looked at
    last: Any  # int64, per layer: tick of the last advance
    graded: Any  # bool, per node: amplitudes differ within an emission
    wake: Any  # int64, per layer: earliest wake in the queue, NEVER: none
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
    heard: Any  # int64, per link in words: the last emission added, -1: none
    word: Any  # real, per neuron of a source: what it said; zero when at rest
    spoke: Any  # uint8, mask of those that said anything, padded to whole words of 8
    word_index: Any  # int32, neurons that said anything
    word_amplitude: Any  # real
    scratch: Any  # real, between the stages of a chain; zero when at rest
    scratch_index: Any  # int32
    scratch_amplitude: Any  # real
    registers: Any  # int64 (REGISTERS)
    synops: Any  # int64 (links, 4): synops, ac, mac, lost
    spikes: Any  # int64, per node
    emission_head: Any  # int64, per node, -1: none
    emission_tail: Any  # int64, per node
    emission_count: Any  # int64, per node
    noise_key: Any  # int64, per layer, of this sample
    tested: Any  # real: v of the layer at work, as the test sees it
    record: Any  # real, recorded potentials
    record_ticks: Any  # int64, the ticks to record, rising
    record_start: Any  # int64, per layer, after the reset; -1: not recorded
    tested_start: Any  # int64, the same before the reset
    recorded: Any  # int64, per layer: how many of record_ticks are done


class Pool(NamedTuple):
    """Arrays that grow between calls of the loop: spikes, emissions, images and the heap."""

    index: Any  # int32, neuron of each spike
    amplitude: Any  # real; empty when no node is graded
    emission_tick: Any  # int64
    emission_start: Any  # int64, into index
    emission_stop: Any  # int64
    emission_amplitude: Any  # real, of all its spikes, unless the node is graded
    emission_next: Any  # int64, next emission of the same node, -1: none
    analog_node: Any  # int64, per analog value: its input
    analog_tick: Any  # int64, from when on
    analog_start: Any  # int64, into pixel
    analog_stop: Any  # int64
    pixel: Any  # int32, of analog values; zeros are left out
    pixel_value: Any  # real
    heap_tick: Any  # int64
    heap_order: Any  # int64, position, then analog value, packet or wake, then link
    heap_payload: Any  # int64: analog value, emission, or < 0 for a wake
