"""Counters equal the rows of unrolled matrices, summed over delivered spikes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from naive_counts import link_counts, row_lengths, spike_counts

from eventsnn import (
    Accumulator,
    Conv2d,
    Dense,
    Input,
    Layer,
    Link,
    Network,
    Relay,
    RunningMaximum,
    Spikes,
    fan_out,
    reference,
    simulate,
)
from eventsnn.testing import cases, chains

shapes = st.one_of(
    st.tuples(st.integers(1, 6)),
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
)


@given(data=st.data(), shape=shapes)
def test_fan_out_is_the_row_length(data, shape):
    chain = data.draw(chains(shape))
    assert fan_out(chain, shape).ravel().tolist() == row_lengths(chain, shape).tolist()


@given(case=cases())
def test_link_counts(case):
    run = simulate(case.network, case.inputs, ticks=case.ticks, precision=case.precision)
    trace = reference.simulate(case.network, case.inputs, ticks=case.ticks)
    assert list(run.counts.links) == link_counts(case, trace)
    assert dict(run.counts.spikes) == spike_counts(case, trace)
    assert run.counts.synops == sum(run.counts.synops_per_layer().values())
    assert run.counts.synops == run.counts.ac + run.counts.mac


def test_counts_stay_exact_above_24_bits():
    wide = Dense(np.zeros((4096, 8192)))
    net = Network(
        (Input("in", (8192,)),), (Layer("out", (4096,), Accumulator(), (Link("in", (wide,)),)),)
    )
    # 12290 spikes of fan-out 4096: 50,339,840, which float32 would round
    tick = np.repeat([0, 1], [8192, 4098])
    index = np.concatenate([np.arange(8192), np.arange(4098)])
    run = simulate(net, Spikes((8192,), tick, index), ticks=2)
    assert run.counts.synops == 50_339_840
    assert type(run.counts.synops) is int


def test_borders_are_exact():
    conv = Conv2d(np.ones((4, 1, 3, 3)), padding=1)
    assert fan_out((conv,), (1, 3, 3)).tolist() == [[[16, 24, 16], [24, 36, 24], [16, 24, 16]]]


def test_analog_input_is_listed_apart():
    conv = Conv2d(np.ones((4, 1, 3, 3)), padding=1)
    net = Network(
        (Input("in", (1, 3, 3)),),
        (Layer("out", (4, 3, 3), Accumulator(), (Link("in", (conv,)),), bias=0.5),),
    )
    counts = simulate(net, np.ones((1, 3, 3)), ticks=5).counts
    assert counts.synops == 0
    assert counts.input_macs == 4 * (4 * 4 + 4 * 6 + 9)
    assert counts.input_adds == 5 * 36
    assert counts.bias_adds == 5 * 36


def test_a_running_maximum_compares_and_has_no_synops():
    net = Network(
        (Input("in", (1, 3, 3)),),
        (Layer("max", (1, 2, 2), RunningMaximum((2, 2), (1, 1)), (Link("in"),)),),
    )
    # the centre lies in four windows, the corner in one
    spikes = Spikes((1, 3, 3), np.array([0, 1]), np.array([4, 0]))
    counts = simulate(net, spikes, ticks=2).counts
    assert (counts.synops, counts.comparisons) == (0, 5)


def test_relays_multiply():
    net = Network(
        (Input("in", (2,)),),
        (
            Layer("relay", (2,), Relay(), (Link("in"),)),
            Layer("out", (3,), Accumulator(), (Link("relay", (Dense(np.ones((3, 2))),)),)),
        ),
    )
    counts = simulate(net, Spikes((2,), np.array([0]), np.array([1])), ticks=1).counts
    assert [(link.ac, link.mac) for link in counts.links] == [(1, 0), (0, 3)]
