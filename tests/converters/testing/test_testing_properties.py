"""What must be true of converted networks holds for drawn ones, and fails where it is not."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest
from conversion_cases import conversions, small_images, small_net
from hypothesis import HealthCheck, Phase, given, settings

from converters import bistable, bsnn, lower, rate
from converters.testing import npz_round_trip, rates_within_bound, words_equal_quantized_ann
from eventsnn import IF, simulate
from eventsnn.testing.properties import DoesNotApply, Held


def drawn(check, number=200):
    outcomes = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=conversions())
    def look(case):
        outcomes.append(check(*case))

    look()
    return outcomes


def rates(ann, thresholds, kind, burst, ticks, x):
    return rates_within_bound(lower(ann, thresholds, 0.5, kind, burst), ann, x[0], ticks=ticks)


def words(ann, thresholds, kind, burst, ticks, x):
    return words_equal_quantized_ann(bistable(lower(ann, thresholds), ticks), ann, x[0])


def files(ann, thresholds, kind, burst, ticks, x):
    return npz_round_trip(ann, x[0])


@pytest.mark.parametrize("check", [rates, words, files])
def test_it_holds_for_drawn_networks(check):
    outcomes = drawn(check)
    held = [outcome for outcome in outcomes if isinstance(outcome, Held)]
    assert len(held) >= 150
    assert check is files or sum(outcome.spikes > 0 for outcome in held) >= 20


def louder(network, inputs, **options):
    """Every firing layer gets a current of a quarter more."""
    layers = (
        replace(layer, bias=layer.bias + 0.25) if hasattr(layer.neuron, "threshold") else layer
        for layer in network.layers
    )
    return simulate(replace(network, layers=tuple(layers)), inputs, **options)


@pytest.mark.parametrize(
    ("check", "module", "message"),
    [
        (rates, "rate_bound", r"layer `.*`, neuron .*: rate .*, activation .*; the bound is"),
        (words, "phase_words", r"layer `.*`, neuron .*: said .*, the quantized ANN has"),
    ],
)
def test_another_current_is_noticed(check, module, message, monkeypatch):
    found = importlib.import_module(f"converters.testing.{module}")
    monkeypatch.setattr(found, "simulate", louder)
    with pytest.raises(AssertionError, match=message):
        drawn(check, 300)


def test_another_file_is_noticed(monkeypatch):
    found = importlib.import_module("converters.testing.round_trip")
    monkeypatch.setattr(found, "load_ann", lambda _: small_net(1))
    with pytest.raises(AssertionError, match="node `conv1` came back as another"):
        npz_round_trip(small_net(), small_images(1)[0])


@pytest.mark.parametrize("ticks", [1, 7, 64])
def test_rates_of_float_weights(ticks):
    ann, x = small_net(), small_images()
    network = rate(ann, x, ticks=ticks).network
    assert isinstance(rates_within_bound(network, ann, x[0], ticks=ticks), Held)


def test_the_bound_of_a_first_layer_is_that_of_its_rest(monkeypatch):
    """A neuron that is off by more than |V0 - V| / T fails: one spike less in 8 ticks."""
    ann, x = small_net(), small_images()
    network = rate(ann, x, ticks=8).network
    found = importlib.import_module("converters.testing.rate_bound")

    def fewer(network, inputs, **options):
        run = simulate(network, inputs, **options)
        train = run.spikes["relu1"]
        shorter = replace(
            train, **{n: getattr(train, n)[:-1] for n in ("tick", "index", "amplitude")}
        )
        return replace(run, spikes={**run.spikes, "relu1": shorter})

    monkeypatch.setattr(found, "simulate", fewer)
    with pytest.raises(AssertionError, match="layer `relu1`"):
        rates_within_bound(network, ann, x[0], ticks=8)


def test_words_of_float_weights():
    ann, x = small_net(), small_images()
    outcome = words_equal_quantized_ann(bsnn(ann, x, phases=5).network, ann, x[0])
    assert outcome.how == "equal words in 3 layers"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"carry": True}, "layers keep what a word could not tell"),
        ({"synchronous": False}, "the network is not the plain lowering of its ANN"),
        ({"places": 4}, "the network is not the plain lowering of its ANN"),
    ],
)
def test_words_that_are_others_by_design(options, why):
    ann, x = small_net(), small_images()
    network = bsnn(ann, x, phases=4, **options).network
    assert words_equal_quantized_ann(network, ann, x[0]) == DoesNotApply(why)


def test_it_says_why_it_does_not_apply():
    ann, x = small_net(), small_images()
    rated, worded = rate(ann, x, ticks=4).network, bsnn(ann, x, phases=4).network
    found = rates_within_bound(worded, ann, x[0], ticks=4)
    assert found == DoesNotApply("ReLU `relu1` became Bistable neurons, not IF or Signed or Burst")
    found = words_equal_quantized_ann(rated, ann, x[0])
    assert found == DoesNotApply("the read-out `fc` is no PhaseAccumulator")
    layers = tuple(
        replace(layer, neuron=replace(layer.neuron, v_min=-1.0))
        if isinstance(layer.neuron, IF)
        else layer
        for layer in rated.layers
    )
    found = rates_within_bound(replace(rated, layers=layers), ann, x[0], ticks=4)
    assert found == DoesNotApply("the network is not the plain lowering of its ANN")
