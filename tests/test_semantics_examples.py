"""The hand-computed examples of docs/semantics.md, by oracle and engine."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from eventsnn import (
    IF,
    Accumulator,
    Currents,
    Input,
    Layer,
    Link,
    Network,
    RunningMaximum,
    Sparse,
    Spikes,
)
from eventsnn.testing import assert_equals_oracle


def spikes(shape, *events):
    tick, index = np.array(events).T
    return Spikes(shape, tick, index)


def one_layer(shape, neuron, *links):
    return Network((Input("in", shape),), (Layer("out", shape, neuron, links or (Link("in"),)),))


def test_soft_reset_keeps_the_remainder():
    net = one_layer((1,), IF(1.0, v0=0.5))
    run = assert_equals_oracle(net, {"in": np.array([0.75])}, ticks=4)
    assert run.spikes["out"].tick.tolist() == [0, 1, 3]
    assert run.potentials["out"].ravel().tolist() == [0.25, 0.0, 0.75, 0.5]


def test_a_spike_too_many_for_one_tick():
    net = one_layer((1,), IF(1.0))
    arrival = Spikes((1,), np.array([0]), np.array([0]), np.array([2.5]))
    run = assert_equals_oracle(net, {"in": arrival}, ticks=4)
    assert run.spikes["out"].tick.tolist() == [0, 1]
    assert run.potentials["out"].ravel().tolist() == [1.5, 0.5, 0.5, 0.5]
    assert run.queue.wakes == 1


def test_a_running_maximum():
    net = Network(
        (Input("in", (1, 1, 2)),),
        (Layer("max", (1, 1, 1), RunningMaximum((1, 2)), (Link("in"),)),),
    )
    train = spikes((1, 1, 2), (0, 0), (3, 0), (1, 1), (2, 1))
    run = assert_equals_oracle(net, {"in": train}, ticks=4)
    assert run.spikes["max"].to_dense(4).ravel().tolist() == [1, 0, 1, 0]


def test_delay_and_join():
    net = one_layer((1,), IF(1.0), Link("in"), Link("in", delay=2))
    run = assert_equals_oracle(net, {"in": spikes((1,), (0, 0))}, ticks=4)
    assert run.spikes["out"].tick.tolist() == [0, 2]


def test_a_delay_per_synapse():
    weight = sp.csr_array(np.array([[1.0], [2.0]]))
    delay = sp.csr_array((np.array([0, 3]), weight.indices, weight.indptr), weight.shape)
    out = Layer("out", (2,), Accumulator(), (Link("in", (Sparse(weight),), delay),))
    net = Network((Input("in", (1,)),), (out,))
    run = assert_equals_oracle(net, {"in": spikes((1,), (0, 0))}, ticks=5)
    assert run.potentials["out"].tolist() == [[1, 0]] * 3 + [[1, 2]] * 2
    assert [(link.synops, link.spikes) for link in run.counts.links] == [(2, 1)]


def test_a_current_that_changes():
    current = Currents([1, 3], [[0.5], [0.25]])
    run = assert_equals_oracle(one_layer((1,), IF(1.0)), {"in": current}, ticks=6)
    assert run.potentials_before_reset["out"].ravel().tolist() == [0, 0.5, 1, 0.25, 0.5, 0.75]
    assert run.spikes["out"].tick.tolist() == [2]
