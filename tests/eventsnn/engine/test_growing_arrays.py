"""Spikes, emissions and queue entries beyond the room that a run begins with."""

from __future__ import annotations

import numpy as np
import pytest

from eventsnn import IF, LI, Input, Layer, Linear, Link, Network, Spikes, simulate
from eventsnn.engine import state
from eventsnn.testing import assert_equals_oracle

SILENCE = Spikes((1,), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
ROOM = 64


def ticking(size, delay):
    """Neurons that fire in every tick, read after a delay: as many entries wait in the queue."""
    clock = Layer("clock", (size,), IF(), (Link("in", (Linear(np.zeros((size, 1))),)),), 1.0)
    out = Layer("out", (1,), LI(), (Link("clock", (Linear(np.ones((1, size))),), delay),))
    return Network((Input("in", (1,)),), (clock, out))


@pytest.mark.parametrize("granularity", ["swept", "touched"])
@pytest.mark.parametrize(
    ("size", "delay"), [(1, 0), (1, 3 * ROOM), (5, 0)], ids=["emissions", "queue", "spikes"]
)
def test_arrays_grow_while_a_network_runs(size, delay, granularity, monkeypatch):
    monkeypatch.setattr(state, "_FIRST_CAPACITY", ROOM)
    network, ticks = ticking(size, delay), 5 * ROOM
    assert_equals_oracle(network, SILENCE, ticks=ticks, granularity=granularity)
    run = simulate(network, SILENCE, ticks=ticks, granularity=granularity)
    assert run.output == [size * (ticks - delay)]


def test_the_queue_holds_a_wake_of_each_neuron(monkeypatch):
    monkeypatch.setattr(state, "_FIRST_CAPACITY", ROOM)
    bias = np.arange(1, 4 * ROOM + 1) / (4 * ROOM)
    layer = Layer("n", bias.shape, IF(), (Link("in", (Linear(np.zeros((bias.size, 1))),)),), bias)
    network = Network((Input("in", (1,)),), (layer,))
    run = simulate(network, SILENCE, ticks=8, granularity="touched", precision="float64")
    assert run.counts.spikes["n"] == np.floor(8 * bias).sum()
