"""Every property holds on drawn networks, applies to many, and fails where something is wrong."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
from property_tools import (
    at_rest,
    counts_one_more,
    differs_on_workers,
    draws,
    every_layer,
    first_channel_biased,
    last_link_twice,
    late_from_relays,
    loses_a_spike,
    more_bias,
    never_silent,
    rest_biased,
    running,
    two_layers,
    without_tick_0,
)

from eventsnn import IF, LIF, Input, Layer, Link, Network, Noise, Relay, Spikes
from eventsnn.hdf5 import load_network
from eventsnn.testing import Case, cases, float_cases
from eventsnn.testing.properties import PROPERTIES, DoesNotApply, Held
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe

BY_NAME = {entry.name: entry for entry in PROPERTIES}
AT_REST = cases().map(at_rest)
STRATEGIES = {
    "rounded oracle": float_cases(max_ticks=12),
    "time shift": AT_REST,
    "silence": AT_REST,
}


@pytest.mark.parametrize("name", BY_NAME)
def test_it_holds_on_drawn_networks_and_applies_to_many(name):
    examples = 120 if name in {"splitting", "permutation"} else 40  # few drawn layers can be cut
    outcomes = draws(STRATEGIES.get(name, cases()), BY_NAME[name].check, examples)
    applied = [outcome for outcome in outcomes if isinstance(outcome, Held)]
    assert len(applied) >= 6
    assert all(outcome.why for outcome in outcomes if isinstance(outcome, DoesNotApply))
    if name != "silence":
        assert sum(outcome.spikes > 0 for outcome in applied) >= 5


@pytest.mark.parametrize(
    "name", ["oracle", "conservation", "permutation", "scaling", "determinism"]
)
def test_it_holds_beyond_the_exactness_budget(name):
    outcomes = draws(
        float_cases(max_ticks=8), BY_NAME[name].check, 100 if name == "permutation" else 20
    )
    assert sum(isinstance(outcome, Held) for outcome in outcomes) >= 5


def changed_file(path):
    file = load_network(path)
    return replace(file, network=every_layer(more_bias)(file.network))


PLANTED = {
    "oracle": ("compare", "simulate", running(every_layer(more_bias))),
    "rounded oracle": ("compare", "simulate", running(every_layer(more_bias))),
    "conservation": ("properties.observation", "simulate", loses_a_spike),
    "counts": ("properties.observation", "simulate", counts_one_more),
    "commuting arrivals": (
        "properties.observation",
        "simulate",
        running(every_layer(last_link_twice)),
    ),
    "time shift": ("properties.observation", "simulate", without_tick_0),
    "silence": ("properties.silence", "simulate", never_silent),
    "delays": ("properties.observation", "simulate", running(every_layer(late_from_relays))),
    "splitting": ("properties.observation", "simulate", running(every_layer(rest_biased))),
    "permutation": (
        "properties.observation",
        "simulate",
        running(every_layer(first_channel_biased)),
    ),
    "scaling": ("properties.observation", "simulate", running(every_layer(more_bias))),
    "determinism": ("properties.determinism", "simulate_batch", differs_on_workers),
    "HDF5": ("properties.round_trip", "load_network", changed_file),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_it_fails_where_something_is_wrong(name, monkeypatch):
    module, attribute, wrong = PLANTED[name]
    monkeypatch.setattr(importlib.import_module(f"eventsnn.testing.{module}"), attribute, wrong)
    with pytest.raises(AssertionError) as failure:
        draws(STRATEGIES.get(name, cases()), BY_NAME[name].check, 300)
    assert any(word in str(failure.value) for word in ("layer `", "synops", "read-out", "counts"))


def case_of(network, ticks=4, seed=0, shape=(3,)):
    spikes = Spikes(shape, np.array([0, 0, 1, 2]), np.array([0, 2, 1, 0]))
    return Case(network, {"in": spikes}, ticks, "float64", seed)


@pytest.mark.parametrize("name", sorted({*BY_NAME} - {"rounded oracle"}))
def test_all_apply_to_a_plain_network(name):
    assert isinstance(BY_NAME[name].check(case_of(two_layers())), Held)


@pytest.mark.parametrize(
    ("name", "neuron", "why"),
    [
        ("conservation", LIF(0.5), "no layer integrates without loss: `out` leaks"),
        ("conservation", IF(refractory=1), "`out` is refractory"),
        ("conservation", IF(noise=Noise(0.5)), "`out` has noise"),
        ("time shift", LIF(0.5, v0=0.5), "layer `out` starts with a V0 that decays"),
        ("time shift", IF(v0=-1.0, v_min=-0.5), "layer `out` starts with V0 below its floor"),
        ("silence", IF(v0=1.0), "layer `out` starts with V0 at its threshold or above"),
        ("silence", IF(noise=Noise(0.5)), "layer `out` has noise"),
        ("commuting arrivals", IF(), "no layer has two links"),
        ("splitting", IF(), "no layer of two channels has weights"),
        ("permutation", IF(), "no layer of two channels has weights"),
        ("rounded oracle", IF(), "the network is exact as it is"),
        ("scaling", Relay(), "no layer has a potential in a unit of its own"),
    ],
)
def test_it_says_why_it_does_not_apply(name, neuron, why):
    network = Network((Input("in", (3,)),), (Layer("out", (3,), neuron, (Link("in"),)),))
    outcome = BY_NAME[name].check(case_of(network))
    assert isinstance(outcome, DoesNotApply)
    assert why in outcome.why


def test_amplitudes_without_bound_are_not_judged():
    relay = Layer("out", (3,), Relay(), (Link("in"), Link("out", (), 1)))
    outcome = BY_NAME["oracle"].check(case_of(Network((Input("in", (3,)),), (relay,))))
    assert isinstance(outcome, DoesNotApply)
    assert "amplitudes of its own past" in outcome.why


def test_a_floor_may_lift_but_not_lower(monkeypatch):
    """theta n >= input + V0 - V, where v met its floor: one spike less is still seen."""
    neuron = IF(1.0, v_min=-0.25)
    network = Network((Input("in", (1,)),), (Layer("out", (1,), neuron, (Link("in"),)),))
    train = Spikes((1,), np.arange(4), np.zeros(4, int), np.array([-0.5, 3.0, 1.0, 1.0]))
    case = Case(network, {"in": train}, 4, "float64")
    assert isinstance(BY_NAME["conservation"].check(case), Held)
    name = "eventsnn.testing.properties.observation"
    monkeypatch.setattr(importlib.import_module(name), "simulate", loses_a_spike)
    with pytest.raises(AssertionError, match=r"layer `out`, neuron \(0,\).*theta x spikes = 2"):
        BY_NAME["conservation"].check(case)


def test_beyond_the_budget_a_difference_is_one_of_rounding_or_an_error():
    """A threshold that 0.1 + 0.2 meets or not, and one that it cannot."""
    network = Network((Input("in", (1,)),), (Layer("out", (1,), IF(0.1 + 0.2), (Link("in"),)),))
    train = Spikes((1,), np.array([0, 0]), np.array([0, 0]), np.array([0.1, 0.2]))
    case = Case(network, {"in": train}, 3, "float64")

    def with_threshold(theta):
        layer = replace(network.layers[0], neuron=IF(theta))
        return observe(replace(case, network=replace(network, layers=(layer,))))

    outcome = agree(case, observe(case), with_threshold(np.nextafter(0.1 + 0.2, 1)), "")
    assert outcome == Held("equal up to tick 0, where rounding decides a spike of `out`", 0)
    low = replace(
        case, network=replace(network, layers=(replace(network.layers[0], neuron=IF(0.2)),))
    )
    with pytest.raises(AssertionError, match=r"layer `out`, tick 0, neuron \(0,\): emits 1, but 0"):
        agree(low, observe(low), with_threshold(0.5), "with another threshold")
