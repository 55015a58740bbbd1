"""The hand-computed examples of docs/semantics.md, by oracle and engine."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from eventsnn import (
    IF,
    LI,
    Bistable,
    Currents,
    Input,
    Layer,
    Link,
    Network,
    PhaseAccumulator,
    PhaseMaximum,
    RunningMaximum,
    Scale,
    Sparse,
    Spikes,
    phase_coded,
    reading_ticks,
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
    out = Layer("out", (2,), LI(), (Link("in", (Sparse(weight),), delay),))
    net = Network((Input("in", (1,)),), (out,))
    run = assert_equals_oracle(net, {"in": spikes((1,), (0, 0))}, ticks=5)
    assert run.potentials["out"].tolist() == [[1, 0]] * 3 + [[1, 2]] * 2
    assert [(link.synops, link.spikes) for link in run.counts.links] == [(2, 1)]


def test_a_current_that_changes():
    current = Currents([1, 3], [[0.5], [0.25]])
    run = assert_equals_oracle(one_layer((1,), IF(1.0)), {"in": current}, ticks=6)
    assert run.potentials_before_reset["out"].ravel().tolist() == [0, 0.5, 1, 0.25, 0.5, 0.75]
    assert run.spikes["out"].tick.tolist() == [2]


def test_a_word_of_three_bits():
    layers = (
        Layer("a", (1,), Bistable(1, 3), (Link("in"),), bias=0.125),
        Layer("out", (1,), PhaseAccumulator(2, 3), (Link("a", (Scale(2.0),)),)),
    )
    net = Network((Input("in", (1,)),), layers)
    run = assert_equals_oracle(net, {"in": np.array([0.6])}, ticks=12)
    assert run.spikes["a"].tick.tolist() == [3, 5, 9, 11]
    assert run.spikes["a"].amplitude.tolist() == [0.5, 0.125, 0.5, 0.125]
    v = np.array([0, 0, 0.725, 0.225, 0.225, 0, 0, 0, 0.725, 0.225, 0.225, 0])
    np.testing.assert_allclose(run.potentials["a"].ravel(), v, atol=1e-12)
    expected = [0, 0, 0, 1.0, 1.0, 1.25, 1.25, 1.25, 1.25, 1.0, 1.0, 1.25]
    assert run.potentials["out"].ravel().tolist() == expected
    assert reading_ticks(net, 2).tolist() == [6, 12]
    assert run.queue.pops == 7  # the current, a wake per cycle, a packet per phase with spikes


def test_max_pooling_of_words():
    net = Network(
        (Input("in", (1, 1, 2)),),
        (Layer("max", (1, 1, 1), PhaseMaximum(3, (1, 2)), (Link("in"),)),),
    )
    # 3/8 and 4/8 in cycle 0, 5/8 and 3/8 in cycle 2
    words = phase_coded(np.array([[[[3, 4]]], [[[5, 3]]]]) / 8, 3)
    run = assert_equals_oracle(net, {"in": words}, ticks=9)
    assert run.spikes["max"].tick.tolist() == [0, 6, 8]
    assert run.spikes["max"].counts().ravel().tolist() == [4 / 8 + 5 / 8]
