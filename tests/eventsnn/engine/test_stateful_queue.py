"""The queue against a plain list: packets, wakes of layers and neurons, stale ones among them."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from profiles import examples

from eventsnn import IF, LI, LIF, Input, Layer, Linear, Link, Network, Record, Sparse
from eventsnn.engine.plan import make_plan
from eventsnn.engine.state import make_pool, make_state, reset_state
from eventsnn.kernels import tables as t
from eventsnn.kernels.entries import LINK_BITS, LOW, PACKET, send, wake_layer, wake_neuron, woken
from eventsnn.kernels.heap import pop, restore

NEURONS = 3
LAYERS = ("swept", "touched", "out")
TICKS = st.integers(0, 8)
#: Of a layer's wake; neuron i of a touched layer has one below the layer's.
WHOLE_LAYER = -1


def network():
    """A layer swept as a whole, one visited by neurons, delays per link, source and synapse."""
    weight = sp.csr_array(np.array([[1.0, 0, 0], [1, 1, 0], [0, 0, 0]]))
    per_synapse = sp.csr_array((np.array([1, 0, 2]), weight.indices, weight.indptr), weight.shape)
    layers = (
        Layer("swept", (NEURONS,), IF(), (Link("in"), Link("in", delay=2))),
        Layer("touched", (NEURONS,), LIF(0.5), (Link("swept", delay=np.array([0, 1, 1])),)),
        Layer(
            "out",
            (NEURONS,),
            LI(),
            (Link("touched", (Sparse(weight),), per_synapse), Link("in", (Linear(np.eye(3)),))),
        ),
    )
    return Network((Input("in", (NEURONS,)),), layers)


class Queue(RuleBasedStateMachine):
    """What is in the queue is what a list of (tick, order, payload) holds."""

    @initialize()
    def start(self):
        granularity = {name: "touched" if name == "touched" else "swept" for name in LAYERS}
        self.plan = make_plan(network(), granularity=granularity)
        self.state = make_state(self.plan, Record(), 1)
        reset_state(self.plan, self.state, 0)
        self.pool = make_pool(self.plan)
        self.entries = []
        #: The earliest tick at which somebody asked to be woken and was not yet.
        self.asked = {}

    @rule(data=st.data(), tick=TICKS, neurons=st.sets(st.integers(0, NEURONS - 1), min_size=1))
    def send_a_packet(self, data, tick, neurons):
        """It arrives after the link's delay, unless none of its spikes has a synapse there."""
        links = self.plan.links
        link = data.draw(st.integers(0, links.table.size - 1))
        emission = int(self.state.registers[t.EMISSIONS])
        begin = int(self.state.registers[t.POOL_SIZE])
        end = begin + len(neurons)
        self.pool.index[begin:end] = sorted(neurons)
        self.pool.emissions.start[emission], self.pool.emissions.stop[emission] = begin, end
        self.state.registers[t.EMISSIONS] += 1
        self.state.registers[t.POOL_SIZE] = end
        send(self.state, self.pool, links, link, tick, emission)
        if any(self.plan.wiring.fan_out(link)[i] for i in neurons):
            order = (int(links.table.target[link]) << LINK_BITS) + PACKET + link
            self.entries.append((tick + int(links.table.delay[link]), order, emission))

    @rule(layer=st.integers(0, len(LAYERS) - 1), tick=TICKS)
    def wake_a_layer(self, layer, tick):
        wake_layer(self.state, self.pool, layer, tick)
        self.ask(layer, tick, WHOLE_LAYER)

    @rule(neuron=st.integers(0, NEURONS - 1), tick=TICKS)
    def wake_one_neuron(self, neuron, tick):
        layer = LAYERS.index("touched")
        wake_neuron(self.plan.layers, self.state, self.pool, layer, neuron, tick)
        self.ask(layer, tick, WHOLE_LAYER - 1 - neuron)

    def ask(self, layer, tick, payload):
        """A wake that is no earlier than the one asked for is not queued."""
        if tick < self.asked.get((layer, payload), t.NEVER):
            self.asked[layer, payload] = tick
            self.entries.append((tick, (layer << LINK_BITS) + LOW, payload))

    @precondition(lambda self: self.entries)
    @rule()
    def visit(self):
        """All entries of the first layer at the first tick, packets before wakes."""
        first_tick, first_order, _ = min(self.entries)
        layer = first_order >> LINK_BITS
        mine = [e for e in self.entries if (e[0], e[1] >> LINK_BITS) == (first_tick, layer)]
        self.state.registers[t.VISITS] += 1
        self.state.registers[t.TOUCHED] = 0
        taken = []
        for _ in mine:
            tick, order = int(self.pool.heap_tick[0]), int(self.pool.heap_order[0])
            payload = self.pop()
            taken.append((tick, order, payload))
            if payload < 0:
                woken(self.plan.layers, self.state, layer, payload)
                self.asked.pop((layer, payload), None)
        assert [e[:2] for e in taken] == sorted(e[:2] for e in taken)
        assert sorted(taken) == sorted(mine)
        touched = self.state.touched[: self.state.registers[t.TOUCHED]]
        neurons = {WHOLE_LAYER - 1 - e[2] for e in mine if e[2] < WHOLE_LAYER}
        assert sorted(touched.tolist()) == sorted(neurons)
        self.entries = [e for e in self.entries if e not in mine]

    def pop(self):
        heap = (self.pool.heap_tick, self.pool.heap_order, self.pool.heap_payload)
        return int(pop(*heap, self.state.registers))

    @rule()
    def take_out_and_restore(self):
        """As between two components: the order in which entries come back is no matter."""
        heap = (self.pool.heap_tick, self.pool.heap_order, self.pool.heap_payload)
        size = int(self.state.registers[t.HEAP_SIZE])
        waiting = np.stack(heap)[:, :size][:, ::-1].copy()
        self.state.registers[t.HEAP_SIZE] = 0
        restore(*heap, self.state.registers, waiting)

    @invariant()
    def holds_what_the_list_holds(self):
        size = int(self.state.registers[t.HEAP_SIZE])
        heap = (self.pool.heap_tick, self.pool.heap_order, self.pool.heap_payload)
        held = sorted(zip(*(column[:size].tolist() for column in heap), strict=True))
        assert held == sorted(self.entries)
        if held:
            assert (heap[0][0], heap[1][0]) == held[0][:2]

    @invariant()
    def nobody_sleeps_past_the_tick_asked_for(self):
        for (layer, payload), tick in self.asked.items():
            waiting = [e[0] for e in self.entries if (e[1] >> LINK_BITS, e[2]) == (layer, payload)]
            assert min(waiting) <= tick

    def teardown(self):
        while self.entries:
            self.visit()


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=examples(60), stateful_step_count=30, deadline=None)
