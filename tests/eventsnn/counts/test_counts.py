"""Counters equal the rows of unrolled matrices, summed over delivered spikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from naive_counts import (
    analog_counts,
    bias_adds,
    effective_row_lengths,
    link_counts,
    reset_counts,
    row_lengths,
    spike_counts,
)
from profiles import examples

from eventsnn import (
    LI,
    AvgPool2d,
    Conv2d,
    Currents,
    Flatten,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    Record,
    Relay,
    RunningMaximum,
    Spikes,
    SumPool2d,
    fan_out,
    oracle,
    simulate,
    simulate_batch,
)
from eventsnn.description.nonzero_fan_out import effective_fan_out
from eventsnn.description.synapses import chain_shape
from eventsnn.testing import cases, chains

shapes = st.one_of(
    st.tuples(st.integers(1, 6)),
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
)


@given(data=st.data(), shape=shapes)
def test_fan_out_is_the_row_length(data, shape):
    chain = data.draw(chains(shape))
    assert fan_out(chain, shape).ravel().tolist() == row_lengths(chain, shape).tolist()


@given(data=st.data(), shape=shapes)
def test_effective_fan_out_is_the_row_length_without_zeros(data, shape):
    chain = data.draw(chains(shape))
    found = effective_fan_out(chain, shape)
    assert found.ravel().tolist() == effective_row_lengths(chain, shape).tolist()
    assert np.all(found <= fan_out(chain, shape))


@given(data=st.data(), shape=shapes.filter(lambda shape: len(shape) == 3))
def test_zeros_in_one_kernel_among_pools(data, shape):
    """The chains that converters make, where the kernel's rows and columns do not separate."""
    kernel = data.draw(st.sampled_from([(1, 1), (2, 3), (3, 3)]))
    stride, padding = data.draw(st.integers(1, 2)), data.draw(st.integers(2, 3))
    weight = data.draw(
        arrays(np.float64, (4, shape[0], *kernel), elements=st.sampled_from([0.0, 1.0]))
    )
    pool = AvgPool2d(data.draw(st.integers(1, min(shape[1:]))), 1)
    chain = (pool, Conv2d(weight, stride, padding), SumPool2d(2, 1, 1))
    for tail in ((), (Flatten(), Linear(np.ones((2, int(np.prod(chain_shape(chain, shape)))))))):
        found = effective_fan_out((*chain, *tail), shape)
        assert found.ravel().tolist() == effective_row_lengths((*chain, *tail), shape).tolist()


def test_no_convolution_is_unrolled():
    """A pruned convolution on 224 x 224 pixels: unrolled, it would take terabytes."""
    weight = np.ones((64, 64, 3, 3))
    weight[:, :, 0, 2] = 0
    found = effective_fan_out((AvgPool2d(2), Conv2d(weight, padding=1)), (64, 224, 224))
    assert found[0, 0].tolist() == [4 * 64] * 2 + [5 * 64] * 220 + [3 * 64] * 2
    assert int(found[5, 100, 100]) == 8 * 64


@pytest.mark.parametrize("fused", [True, False])
@given(case=cases())
def test_link_counts(fused, case):
    run = simulate(
        case.network, case.inputs, ticks=case.ticks, precision=case.precision, fused=fused
    )
    trace = oracle.simulate(case.network, case.inputs, ticks=case.ticks)
    assert list(run.counts.links) == link_counts(case, trace)
    assert dict(run.counts.spikes) == spike_counts(case, trace)
    assert run.counts.synops == sum(run.counts.synops_per_layer().values())
    assert run.counts.synops == run.counts.ac + run.counts.mac
    assert run.counts.synops_effective <= run.counts.synops
    assert run.counts.resets == reset_counts(case, trace)
    assert run.counts.bias_adds == bias_adds(case)
    assert run.counts.lost == sum(link.lost for link in run.counts.links)


@pytest.mark.parametrize("fused", [True, False])
@given(case=cases())
def test_analog_counts(fused, case):
    counts = simulate(
        case.network, case.inputs, ticks=case.ticks, precision=case.precision, fused=fused
    ).counts
    expected = analog_counts(case)
    assert {name: getattr(counts, name) for name in expected} == expected


@settings(max_examples=examples(100))
@given(case=cases(), point=st.integers(1, 40))
def test_operations_after_fewer_ticks_are_those_of_a_shorter_run(case, point):
    points = tuple(sorted({min(point, case.ticks), case.ticks}))
    common = {"precision": case.precision}
    for order, fused in (("by_layer", True), ("by_layer", False), ("by_tick", False)):
        record = Record(operations_after=points)
        way = {"order": order, "fused": fused} | common
        after = simulate(case.network, case.inputs, ticks=case.ticks, record=record, **way).after
        for at, ticks in enumerate(points):
            counts = simulate(case.network, case.inputs, ticks=ticks, **way).counts
            assert after.ac[:, at].tolist() == [link.ac for link in counts.links]
            assert after.mac[:, at].tolist() == [link.mac for link in counts.links]
            assert after.delivered[:, at].tolist() == [link.spikes for link in counts.links]
            assert after.spikes[:, at].tolist() == list(counts.spikes.values())


@settings(max_examples=examples(60))
@given(case=cases(), workers=st.integers(2, 3))
def test_counts_do_not_depend_on_order_workers_or_batch(case, workers):
    common = {"ticks": case.ticks, "precision": case.precision}
    alone = simulate(case.network, case.inputs, **common).counts
    batch = {
        name: np.stack([value] * 9) if isinstance(value, np.ndarray) else [value] * 9
        for name, value in case.inputs.items()
    }
    runs = simulate_batch(case.network, batch, order="by_tick", workers=workers, **common)
    again = simulate_batch(case.network, batch, **common)
    assert [run.counts for run in runs] == [run.counts for run in again]
    assert runs[0].counts == alone  # noise makes the others differ
    total = runs[0].counts
    for run in runs[1:]:
        total += run.counts
    each = [run.counts for run in runs]
    assert total.synops == sum(counts.synops for counts in each)
    assert total.synops_effective == sum(counts.synops_effective for counts in each)
    for name, synops in total.synops_per_layer().items():
        assert synops == sum(counts.synops_per_layer()[name] for counts in each)


def test_counts_stay_exact_above_24_bits():
    wide = Linear(np.zeros((4096, 8192)))
    net = Network((Input("in", (8192,)),), (Layer("out", (4096,), LI(), (Link("in", (wide,)),)),))
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
        (Layer("out", (4, 3, 3), LI(), (Link("in", (conv,)),), bias=0.5),),
    )
    counts = simulate(net, np.ones((1, 3, 3)), ticks=5).counts
    assert counts.synops == 0
    assert counts.input_macs == 4 * (4 * 4 + 4 * 6 + 9) == counts.input_macs_effective
    assert counts.input_nonzeros == 9
    assert counts.input_adds == 5 * 36
    assert counts.bias_adds == 5 * 36


def test_each_value_of_a_changing_current_is_multiplied_once():
    links = (Link("in", (Linear(np.ones((2, 3))),)), Link("in", (Linear(np.ones((2, 3))),), 4))
    net = Network((Input("in", (3,)),), (Layer("out", (2,), LI(), links),))
    values = np.array([[1.0, 0, 2], [0, 0, 0], [1, 1, 1]])
    # from ticks 1, 3, 6 over the first link, from 5, 7, 10 over the second, the last too late
    run = simulate(net, Currents((1, 3, 6), values), ticks=10, fused=False)
    assert run.counts.input_macs == 3 * 6 + 2 * 6
    assert run.counts.input_macs_effective == (2 + 0 + 3 + 2 + 0) * 2
    assert run.counts.input_nonzeros == 2 + 0 + 3
    assert run.counts.input_adds == 2 * (10 - 1)
    assert run.output.tolist() == [3 * 2 + 3 * 4 + 3 * 2] * 2
    assert (run.queue.currents, run.queue.pops) == (6, 5)


def test_a_running_maximum_compares_and_has_no_synops():
    net = Network(
        (Input("in", (1, 3, 3)),),
        (Layer("max", (1, 2, 2), RunningMaximum((2, 2), (1, 1)), (Link("in"),)),),
    )
    # the center lies in four windows, the corner in one
    spikes = Spikes((1, 3, 3), np.array([0, 1]), np.array([4, 0]))
    counts = simulate(net, spikes, ticks=2).counts
    assert (counts.synops, counts.comparisons) == (0, 5)


def test_relays_multiply():
    net = Network(
        (Input("in", (2,)),),
        (
            Layer("relay", (2,), Relay(), (Link("in"),)),
            Layer("out", (3,), LI(), (Link("relay", (Linear(np.ones((3, 2))),)),)),
        ),
    )
    counts = simulate(net, Spikes((2,), np.array([0]), np.array([1])), ticks=1).counts
    assert [(link.ac, link.mac) for link in counts.links] == [(1, 0), (0, 3)]


def test_only_nonzero_pixels_over_nonzero_weights_are_effective():
    weight = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 1.0]])
    net = Network(
        (Input("in", (3,)),),
        (Layer("out", (2,), LI(), (Link("in", (Linear(weight),)),)),),
    )
    counts = simulate(net, np.array([5.0, 0.0, -1.0]), ticks=3).counts
    assert (counts.input_macs, counts.input_macs_effective, counts.input_nonzeros) == (6, 3, 2)
    spikes = Spikes((3,), np.array([0, 1, 2]), np.array([0, 1, 2]), np.array([1.0, 1.0, 3.0]))
    (link,) = simulate(net, spikes, ticks=3).counts.links
    assert (link.spikes, link.synops, link.synops_effective) == (5, 10, 1 + 0 + 3 * 2)


def test_a_relay_that_stays_silent_has_no_operations():
    net = Network(
        (Input("in", (2,)),),
        (
            Layer("relay", (2,), Relay(), (Link("in"),)),
            Layer("out", (3,), LI(), (Link("relay", (Linear(np.ones((3, 2))),)),)),
        ),
    )
    nothing = Spikes((2,), np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    run = simulate(net, nothing, ticks=3, record=Record(operations_after=(1, 3)))
    assert run.counts.synops == 0
    assert not run.after.ac.any()
    assert not run.after.mac.any()
