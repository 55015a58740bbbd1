import json

import numpy as np
import pytest
from conversion_cases import small_images, small_net
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

import converters
from converters import activations, fold_batch_norm, forward, ops, rate, ttrbr
from converters.calibration.shift_biases import shift_biases
from converters.calibration.tune_thresholds import tune_thresholds
from converters.testing import anns, images
from eventsnn import IF, Burst, ConversionError, Record, Signed, simulate, simulate_batch


def mean_error(conversion, ann, x, ticks):
    outputs = (
        np.array([run.output for run in simulate_batch(conversion.network, x, ticks=ticks)]) / ticks
    )
    return np.mean((outputs - forward(ann, x)) ** 2)


@pytest.mark.parametrize("neuron", ["if", "signed"])
def test_a_tuned_layer_is_never_worse_than_its_start(neuron):
    """By the criterion of the tuning: squared error of the rates on the calibration images."""
    ann, x = small_net(), small_images()
    start = converters.activation_quantiles(ann, x, per="channel")
    tuning = tune_thresholds(ann, x, start, ticks=8, neuron=neuron)
    assert list(tuning.layers) == ["relu1", "relu2", "relu3"]
    for layer in tuning.layers.values():
        assert 0 <= layer.tuned <= layer.start
    assert tuning.layers["relu3"].tuned < 0.9 * tuning.layers["relu3"].start


@settings(max_examples=examples(25))
@given(st.data())
def test_any_network_is_tuned_and_no_layer_is_worse_than_its_start(data):
    ann = fold_batch_norm(data.draw(anns()))
    ann = converters.max_pool_before_concat(converters.relu_before_max_pool(ann))
    x = data.draw(images(ann, count=3))
    start = converters.activation_quantiles(ann, x, per="channel")
    neuron = data.draw(st.sampled_from(["if", "signed"]))
    burst = data.draw(st.integers(1, 3))
    tuning = tune_thresholds(ann, x, start, ticks=3, neuron=neuron, burst=burst)
    assert set(tuning.layers) == set(ann.names_of(ops.ReLU))
    assert all(layer.tuned <= layer.start for layer in tuning.layers.values())
    converters.lower(tuning.ann, tuning.thresholds, neuron=neuron, burst=burst)


@pytest.mark.parametrize("neuron", ["if", "signed"])
def test_tuning_brings_the_outputs_closer_on_other_images(neuron):
    ann, calibration, x = small_net(), small_images(48), small_images(64, seed=2)
    plain = mean_error(rate(ann, calibration, ticks=8), ann, x, 8)
    tuned = mean_error(ttrbr(ann, calibration, ticks=8, neuron=neuron), ann, x, 8)
    assert tuned < 0.7 * plain


def test_the_neuron_is_the_one_asked_for():
    ann, x = small_net(), small_images(8)
    for neuron, burst, kind in (("if", 1, IF), ("if", 2, Burst), ("signed", 3, Signed)):
        conversion = ttrbr(ann, x, ticks=4, neuron=neuron, burst=burst)
        layers = conversion.network.layers[:-1]
        assert {type(layer.neuron) for layer in layers} == {kind}
        assert {getattr(layer.neuron, "max_spikes", 1) for layer in layers} == {burst}
        assert conversion.recipe == "ttrbr"
        parameters = json.loads(json.dumps(conversion.parameters))
        assert (parameters["neuron"], parameters["burst"]) == (neuron, burst)


@pytest.mark.parametrize("neuron", ["if", "signed"])
def test_longer_bursts_bring_the_outputs_closer(neuron):
    ann, calibration, x = small_net(), small_images(48), small_images(64, seed=2)
    errors = [
        mean_error(ttrbr(ann, calibration, ticks=4, neuron=neuron, burst=burst), ann, x, 4)
        for burst in (1, 2, 4)
    ]
    assert errors[2] < 0.8 * errors[1] < 0.64 * errors[0]


def test_signed_neurons_in_some_layers_only():
    ann, x = small_net(), small_images()
    plain = ttrbr(ann, x, ticks=8)
    some = ttrbr(ann, x, ticks=8, neuron={"relu3": "signed"})
    assert some.parameters["neuron"] == "relu3=signed"
    *before, last, _ = some.network.layers
    assert last.name == "relu3"
    assert isinstance(last.neuron, Signed)
    assert tuple(before) == plain.network.layers[:-2]  # tuned without knowing what follows
    spikes = simulate(some.network, x[0], ticks=8, record=Record(spikes=("relu3",))).spikes
    assert spikes["relu3"].amplitude.min() < 0


def test_the_same_seed_gives_the_same_network(monkeypatch):
    monkeypatch.setattr("converters.calibration.tune_thresholds._SAMPLE", 50)
    ann, x = small_net(), small_images()
    one, same = (ttrbr(ann, x, ticks=4, seed=3).network for _ in range(2))
    assert one == same
    assert one != ttrbr(ann, x, ticks=4, seed=4).network


def test_progress_counts_layers():
    seen = []
    ttrbr(small_net(), small_images(4), ticks=2, progress=seen.append)
    assert seen == [1, 1, 1]


def test_no_threshold_exceeds_a_trained_ceiling():
    """Trained clipping thresholds are where the search starts, and its upper bound."""
    ann, x = small_net(ceiling=0.25), small_images()
    for burst in (1, 3):
        for theta in ttrbr(ann, x, ticks=8, burst=burst).thresholds.values():
            assert burst * theta.max() <= 0.25


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ticks": 0}, "ticks: expected an int >= 1"),
        ({"neuron": "brst"}, 'neuron: expected "if" or "signed"'),
        ({"neuron": ["signed"]}, 'neuron: expected "if" or "signed"'),
        ({"neuron": {"relu9": "signed"}}, "`relu9` matches no ReLU; expected one of"),
        ({"burst": 0}, "burst: expected an int >= 1, found 0"),
        ({"quantile": 2}, "quantile: expected"),
    ],
)
def test_impossible_parameters_are_refused(change, message):
    with pytest.raises(ConversionError, match=message):
        ttrbr(small_net(), small_images(2), **{"ticks": 4, **change})


@settings(max_examples=examples(100))
@given(st.data())
def test_shifted_biases_reach_each_relu_and_nothing_else(data):
    """Against the definition: a constant added to the input of each ReLU in the forward."""
    ann = fold_batch_norm(data.draw(anns()))
    x = data.draw(images(ann))
    relus = ann.names_of(ops.ReLU)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    shifts = {name: rng.integers(-4, 5, ann.shapes[name][0]) / 4 for name in relus}
    shifted = shift_biases(ann, shifts)
    values = {"input": x}
    for node in ann.nodes:
        arriving = [values[name] for name in node.inputs]
        if node.name in shifts:
            pixels = (1,) * (len(ann.shapes[node.name]) - 1)
            arriving[0] = arriving[0] + shifts[node.name].reshape(-1, *pixels)
        values[node.name] = converters.ann.apply.apply(node.op, *arriving)
    found = activations(shifted, x, (*relus, ann.output), dtype=np.float64)
    for name in (*relus, ann.output):
        np.testing.assert_allclose(found[name], values[name], atol=1e-9)


def test_a_shift_adds_no_node_where_there_is_a_bias():
    ann = small_net()
    shifted = shift_biases(ann, {name: np.ones(6) for name in ann.names_of(ops.ReLU)})
    assert [node.name for node in shifted.nodes] == [node.name for node in ann.nodes]
    assert np.array_equal(shifted.by_name["conv3"].op.bias, ann.by_name["conv3"].op.bias + 1)
