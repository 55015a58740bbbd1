"""The rule beyond the exactness budget: where a spike differs, rounding must have decided it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from property_tools import every_layer, more_bias, running

from eventsnn import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    PhaseIF,
    Relay,
    Signed,
    Spikes,
)
from eventsnn.testing import Case, assert_follows_oracle, compare
from eventsnn.testing.compare import distance_to_decision
from eventsnn.testing.properties import Held
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe

SILENCE = {"in": Spikes((1,), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))}


def tenth_by_tenth():
    """Ten tenths, which the oracle adds to less than 1; ten times a tenth, of the engine, is 1."""
    link = Link("in", (Linear([[0.0]]),))
    return Network((Input("in", (1,)),), (Layer("n", (1,), IF(), (link,), 0.1),))


@pytest.mark.parametrize(
    ("neuron", "v", "distance"),
    [
        (IF(1.0), 0.875, 0.125),
        (LIF(0.5, threshold=2.0), 2.25, 0.25),
        (CubaLIF(0.5, 0.5, threshold=0.5), 0.0, 0.5),
        (Burst(threshold=1.0, max_spikes=3), 1.75, 0.25),
        (Burst(threshold=1.0, max_spikes=3), 3.75, 0.75),
        (Signed(1.0, negative=0.5), -0.375, 0.125),
        (Signed(1.0, negative=0.5), 0.75, 0.25),
        (Bistable(1, 2, rounding=True), 0.25, 0.125),
        (Bistable(1, 2, rounding=False), 0.375, 0.125),
        (PhaseIF(2), 0.75, 0.25),
        (Relay(), 0.0, np.inf),
        (LI(), 1.0, np.inf),
    ],
)
def test_distance_to_the_next_decision(neuron, v, distance):
    layer = Layer("n", (1,), neuron, (Link("in"),))
    assert distance_to_decision(layer, np.array([v])) == [distance]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_rounding_may_decide_a_spike(precision):
    options = {"ticks": 12, "precision": precision, "fused": False}
    at = assert_follows_oracle(tenth_by_tenth(), SILENCE, **options)
    assert at == (9, "n")


def test_what_rounding_does_not_explain_fails(monkeypatch):
    monkeypatch.setattr(compare, "simulate", running(every_layer(more_bias)))
    with pytest.raises(
        AssertionError, match=r"layer `n`: spikes differ at tick 4, where .* is 0.5"
    ):
        assert_follows_oracle(tenth_by_tenth(), SILENCE, ticks=12)


def single_and_double(change=lambda network: network):
    """Two runs of the tenths, in float32 and, changed, in float64; and the case of the first."""
    case = Case(tenth_by_tenth(), SILENCE, 12, "float32", 0)
    other = replace(case, network=change(case.network), precision="float64")
    return case, observe(case), observe(other)


def test_two_runs_agree_up_to_where_rounding_decides():
    outcome = agree(*single_and_double(every_layer(lambda k: more_bias(k, -(2.0**-30)))), "less")
    assert isinstance(outcome, Held)
    assert "equal up to tick 9, where rounding decides a spike of `n`" in outcome.how


def test_two_runs_that_rounding_does_not_part_do_not_agree():
    with pytest.raises(
        AssertionError, match=r"layer `n`, tick 0, neuron \(0,\): 0.1, but 0.35 with more"
    ):
        agree(*single_and_double(every_layer(lambda k: more_bias(k, 0.25))), "with more")
