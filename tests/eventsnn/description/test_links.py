"""Delays of a link: what is accepted, what is refused, and what they mean for the order."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from eventsnn import (
    IF,
    LI,
    Conv2d,
    CycleError,
    Flatten,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    NetworkError,
    ShapeError,
    Sparse,
    Spikes,
    simulate,
)
from eventsnn.testing import assert_equals_oracle

WEIGHT = sp.csr_array(np.array([[1.0, 2.0], [0.0, 4.0]]))  # three synapses


def delays(*ticks):
    return sp.csr_array((np.array(ticks), WEIGHT.indices, WEIGHT.indptr), WEIGHT.shape)


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        (-1, "must be an int >= 0, found -1"),
        (0.5, r"must be an int >= 0, found 0\.5"),
        (np.array([1, -2]), "found -2"),
        (True, "must be a number of ticks, found True"),
        ("soon", "expected numbers"),
        (float("nan"), "NaN"),
    ],
)
def test_impossible_delays_are_refused(delay, message):
    with pytest.raises(NetworkError, match=message):
        Link("in", (), delay)


def test_delays_per_synapse_need_their_synapses():
    with pytest.raises(NetworkError, match=r"one Sparse in the chain.*found Linear"):
        Link("in", (Linear(np.ones((2, 2))),), delays(1, 2, 3))
    with pytest.raises(NetworkError, match="found nothing"):
        Link("in", (), delays(1, 2, 3))
    with pytest.raises(NetworkError, match=r"found 2 delays for 3 weights; .* stored zeros"):
        Link("in", (Sparse(WEIGHT),), sp.csr_array(np.array([[0, 2], [0, 1]])))
    with pytest.raises(NetworkError, match=r"shape \(2, 3\), the weights \(2, 2\)"):
        Link("in", (Sparse(WEIGHT),), sp.csr_array(np.ones((2, 3))))


def test_delays_per_source_fit_the_source():
    layer = Layer("a", (2, 3, 3), IF(), (Link("in", (), np.array([1, 2])),))
    with pytest.raises(ShapeError, match=r"link from `in`.*delay.*\(2, 1, 1\)"):
        Network((Input("in", (2, 3, 3)),), (layer,))


def test_any_delay_of_zero_counts_for_cycles():
    def loop(delay):
        layer = Layer("a", (2,), IF(), (Link("in"), Link("a", (Sparse(WEIGHT),), delay)))
        return Network((Input("in", (2,)),), (layer,))

    loop(delays(1, 2, 1))
    with pytest.raises(CycleError):
        loop(delays(1, 0, 1))
    with pytest.raises(CycleError):
        Network(
            (Input("in", (2,)),),
            (Layer("a", (2,), IF(), (Link("in"), Link("a", (), np.array([1, 0])))),),
        )


def test_equal_delays_are_equal_links():
    link = Link("in", (Sparse(WEIGHT),), delays(1, 2, 3))
    assert link == Link("in", (Sparse(WEIGHT),), delays(1, 2, 3))
    assert link != Link("in", (Sparse(WEIGHT),), delays(1, 2, 2))
    assert link != Link("in", (Sparse(WEIGHT),), 1)
    assert link.delays().tolist() == [1, 2, 3]


def test_a_packet_without_synapses_is_not_sent():
    out = Layer("out", (2,), LI(), (Link("in", (), np.array([0, 7])),))
    net = Network((Input("in", (2,)),), (out,))
    run = simulate(net, Spikes((2,), np.array([1, 2]), np.array([0, 0])), ticks=20)
    assert run.queue.packets == 2
    run = simulate(net, Spikes((2,), np.array([1, 2]), np.array([0, 1])), ticks=20)
    assert run.queue.packets == 2
    assert run.output.tolist() == [1, 1]


@pytest.mark.parametrize("granularity", ["swept", "touched"])
def test_delays_of_an_image_through_a_convolution(granularity):
    """Each column of pixels sends its spikes one tick later than the one before."""
    rng = np.random.default_rng(2)
    conv = Conv2d(rng.integers(-2, 5, (3, 2, 3, 3)) / 4, padding=1)
    link = Link("in", (conv, Flatten()), np.arange(4))
    net = Network((Input("in", (2, 4, 4)),), (Layer("out", (48,), IF(), (link,)),))
    spikes = Spikes.from_dense(rng.integers(0, 2, (6, 2, 4, 4)))
    run = assert_equals_oracle(net, {"in": spikes}, ticks=12, granularity=granularity)
    (count,) = run.counts.links
    assert count.spikes == len(spikes)
    assert count.synops == sum(
        3 * (2 + (0 < row < 3)) * (2 + (0 < column < 3))
        for row, column in zip(spikes.index % 16 // 4, spikes.index % 4, strict=True)
    )
