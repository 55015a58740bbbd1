"""Cost follows events: what the queue does, and what it does not do."""

from __future__ import annotations

import numpy as np
import pytest

from eventsnn import (
    IF,
    LIF,
    Conv2d,
    CubaLIF,
    Flatten,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    Record,
    Signed,
    Spikes,
    simulate,
)
from eventsnn.engine.granularity import choose_granularity
from eventsnn.signals.samples import as_samples
from eventsnn.testing import assert_equals_oracle

EITHER = pytest.mark.parametrize("granularity", ["swept", "touched"])
NO_SPIKES = Spikes((2,), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def one_layer(neuron, bias=0.0):
    return Network((Input("in", (2,)),), (Layer("out", (2,), neuron, (Link("in"),), bias),))


@EITHER
@pytest.mark.parametrize(
    "neuron",
    [
        IF(),
        LIF(0.5, v0=0.75),
        CubaLIF(0.5, 0.75, v0=0.5),
        Signed(v0=-1.0),
        IF(v_min=-1.0, refractory=2),
    ],
)
def test_a_silent_network_pops_nothing(neuron, granularity):
    run = simulate(one_layer(neuron), NO_SPIKES, ticks=10**9, granularity=granularity)
    assert run.queue.pops == 0
    assert run.counts.synops == 0


@EITHER
def test_pops_grow_with_spikes_not_ticks(granularity):
    spikes = Spikes((2,), np.array([0, 10**8]), np.array([0, 1]))
    run = simulate(one_layer(IF(2.0)), spikes, ticks=10**9, granularity=granularity)
    assert run.queue.packets == run.queue.pops == 2
    assert run.queue.wakes == 0


@EITHER
@pytest.mark.parametrize(
    ("neuron", "period"),
    [(IF(), 2**20), (IF(refractory=1000), 2**20 + 1000), (Signed(), 2**20)],
)
def test_a_slow_neuron_costs_at_most_two_wakes_a_spike(neuron, period, granularity):
    ticks = 20 * period
    run = simulate(
        one_layer(neuron, np.array([2.0**-20, 0.0])),
        NO_SPIKES,
        ticks=ticks,
        precision="float64",
        granularity=granularity,
        record=Record(spikes=("out",)),
    )
    assert run.spikes["out"].tick.tolist() == list(range(2**20 - 1, ticks, period))
    assert run.queue.wakes <= 2 * len(run.spikes["out"]) + 2


@EITHER
def test_a_slow_leaky_neuron_is_predicted(granularity):
    # v_inf = 1 + 2^-10: the crossing lies several time constants away
    decay = 1 - 2.0**-12
    bias = (1 - decay) * (1 + 2.0**-10)
    run = simulate(
        one_layer(LIF(decay, 1.0), np.array([bias, 0.0])),
        NO_SPIKES,
        ticks=10**6,
        granularity=granularity,
        record=Record(spikes=("out",)),
    )
    v, spikes = 0.0, []
    for tick in range(10**6):
        v = decay * v + bias
        if v >= 1.0:
            spikes.append(tick)
            v -= 1.0
    assert len(spikes) > 30
    # rounding may move a crossing of so flat a curve by a tick, and all that follow it
    assert np.abs(np.diff(run.spikes["out"].tick) - np.diff(spikes)).max() <= 1
    assert run.queue.wakes <= 2 * len(spikes) + 2


@EITHER
def test_arrivals_between_wakes_are_not_lost(granularity):
    network = one_layer(IF(1.0), np.array([2.0**-4, 2.0**-5]))
    spikes = Spikes((2,), np.array([3, 5, 20]), np.array([0, 1, 0]), np.array([0.5, -0.5, -0.25]))
    assert_equals_oracle(network, {"in": spikes}, ticks=60, granularity=granularity)


def test_a_touched_layer_visits_only_what_is_reached():
    rng = np.random.default_rng(0)
    conv = Conv2d(rng.normal(size=(4, 1, 3, 3)), padding=1)
    network = Network(
        (Input("in", (1, 32, 32)),),
        (Layer("out", (4, 32, 32), LIF(0.5, 100.0), (Link("in", (conv,)),)),),
    )
    spikes = Spikes((1, 32, 32), np.arange(10) * 1000, rng.integers(0, 1024, 10))
    swept = simulate(network, spikes, ticks=10**4, granularity="swept")
    touched = simulate(network, spikes, ticks=10**4, granularity="touched")
    assert swept.queue.neuron_updates == 10 * 4096
    assert touched.queue.neuron_updates == touched.counts.synops
    assert touched.counts == swept.counts


def test_the_plan_touches_where_few_neurons_are_reached():
    conv = Conv2d(np.ones((4, 1, 3, 3)), padding=1)
    layers = (
        Layer("first", (4, 32, 32), LIF(0.5, 100.0), (Link("in", (conv,)),)),
        Layer("all", (10,), IF(), (Link("first", (Flatten(), Linear(np.ones((10, 4096))))),)),
    )
    network = Network((Input("in", (1, 32, 32)),), layers)
    few = Spikes((1, 32, 32), np.arange(10) * 1000, np.arange(10))
    many = Spikes((1, 32, 32), np.repeat(np.arange(3), 1024), np.tile(np.arange(1024), 3))
    image = np.ones((1, 32, 32))
    chosen = [
        choose_granularity(network, as_samples(network, value)[0]) for value in (few, many, image)
    ]
    assert chosen == [
        {"first": "touched", "all": "swept"},
        {"first": "swept", "all": "swept"},
        {"first": "swept", "all": "swept"},
    ]
    asked = simulate(network, few, ticks=10**4, granularity=chosen[0])
    assert simulate(network, few, ticks=10**4).queue == asked.queue


@EITHER
def test_a_cuba_neuron_sleeps_while_its_current_cannot_reach_the_threshold(granularity):
    """One spike lets I decay: with I / (1 - lambda) below theta the neuron is not woken."""
    neuron = CubaLIF(0.5, 0.5, threshold=1.0)
    spikes = Spikes((2,), np.array([0]), np.array([0]), np.array([0.5]))
    run = simulate(one_layer(neuron), spikes, ticks=10**9, granularity=granularity)
    assert (run.queue.wakes, run.queue.pops) == (0, 1)
    strong = Spikes((2,), np.array([0]), np.array([0]), np.array([0.75]))
    run = assert_equals_oracle(one_layer(neuron), {"in": strong}, ticks=30, granularity=granularity)
    assert 0 < run.queue.wakes < 4
