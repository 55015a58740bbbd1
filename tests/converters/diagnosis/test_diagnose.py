import dataclasses
import json

import numpy as np
import pytest
from conversion_cases import conversions, small_images, small_net
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import examples

from converters import activations, diagnose, forward, lower, ops, rate, ttrbr
from converters.calibration.dynamics import spike_train
from converters.calibration.trains import walk
from converters.diagnosis import decompose
from converters.diagnosis.attribution import divergence, hybrid_outputs
from converters.diagnosis.observation import observe, rate_neurons
from converters.diagnosis.plot import diagnosis_figure
from eventsnn import (
    IF,
    LI,
    LIF,
    Burst,
    ConversionError,
    Input,
    InputError,
    Layer,
    Linear,
    Link,
    Network,
    Noise,
    Signed,
    Subtract,
    ToValue,
    UnsupportedLayerError,
    simulate_batch,
)
from eventsnn.testing import exact_bits

TICKS = 8


def one_layer(neuron, weight=0.75):
    link = Link("input", (Linear([[weight]]),))
    layers = (
        Layer("relu", (1,), neuron, (link,)),
        Layer("out", (1,), LI(), (Link("relu"),)),
    )
    return Network((Input("input", (1,)),), layers)


@settings(max_examples=examples(60))
@given(st.data())
def test_what_is_observed_is_what_the_layers_received(data):
    """Currents from potentials and spikes are those that the dense walk feeds the layer."""
    ann, thresholds, kinds, burst, ticks, x = data.draw(conversions())
    network = lower(ann, thresholds, neuron=kinds, burst=burst)
    assume(exact_bits(network, {"input": x[0]}, ticks) <= 22)  # the engine's default is float32
    fed, spiked = {}, {}

    def fire(name, currents, _):
        theta = thresholds[name]
        fed[name] = np.broadcast_to(currents, (ticks, *currents.shape[1:]))[:, 0]
        spiked[name] = spike_train(currents, theta, theta / 2, kinds[name], ticks, burst)
        return spiked[name] * theta

    for _ in walk(ann, x[:1], fire):
        pass
    neurons, others = rate_neurons(network)
    assert set(neurons) == set(fed)
    assert set(neurons) | set(others) == {layer.name for layer in network.layers}
    for name, seen in observe(network, neurons, x[0], ticks):
        np.testing.assert_array_equal(seen.currents, fed[name])
        np.testing.assert_array_equal(seen.total, fed[name].sum(axis=0))
        np.testing.assert_array_equal(seen.count, spiked[name][:, 0].sum(axis=0))


def test_layers_recorded_in_several_runs_are_the_same(monkeypatch):
    network = rate(small_net(), small_images(), ticks=TICKS).network
    neurons, _ = rate_neurons(network)
    together = dict(observe(network, neurons, small_images()[0], TICKS))
    monkeypatch.setattr("converters.diagnosis.observation._RECORDED", 1)
    apart = dict(observe(network, neurons, small_images()[0], TICKS))
    assert list(together) == list(apart)
    for name, seen in together.items():
        np.testing.assert_array_equal(seen.currents, apart[name].currents)


@pytest.mark.parametrize("burst", [1, 3])
@pytest.mark.parametrize("neuron", ["if", "signed"])
def test_the_means_of_the_errors_add_up(neuron, burst):
    ann, x = small_net(), small_images()
    network = ttrbr(ann, x, ticks=TICKS, neuron=neuron, burst=burst).network
    found = diagnose(network, ann, x, ticks=TICKS)
    assert [layer.name for layer in found.layers] == ["relu1", "relu2", "relu3"]
    for layer in found.layers:
        m = layer.mean
        together = m.deviation + m.quantization - m.clipping + m.inherited
        assert together == pytest.approx(m.total, abs=1e-12)
        assert all(value >= 0 for value in dataclasses.asdict(layer.rms).values())


def test_the_first_layer_sees_the_image_and_inherits_nothing():
    ann, x = small_net(), small_images()
    first = diagnose(rate(ann, x, ticks=TICKS).network, ann, x, ticks=TICKS).layers[0]
    assert first.rms.inherited < 1e-6
    assert first.rms.deviation == 0
    assert first.input_variance < 1e-12


def test_every_number_of_a_layer_against_its_definition():
    ann, x = small_net(), small_images(5)
    network = rate(ann, x, ticks=TICKS).network
    found = diagnose(network, ann, x, ticks=TICKS)
    neurons, _ = rate_neurons(network)
    seen = [dict(observe(network, neurons, image, TICKS))["relu2"] for image in x]
    z = activations(ann, x, ("conv2",))["conv2"]
    count = np.array([s.count for s in seen])
    currents = np.array([s.currents for s in seen])  # (images, T, C, H, W)
    theta = float(neurons["relu2"].theta)
    layer = found.layers[1]
    e = decompose(
        np.array([s.total for s in seen]), count, z, theta=theta, v0=theta / 2, ticks=TICKS
    )
    for term in dataclasses.fields(layer.rms):
        values = getattr(e, term.name)
        assert getattr(layer.mean, term.name) == pytest.approx(values.mean(), abs=1e-9)
        assert getattr(layer.rms, term.name) == pytest.approx(np.sqrt(np.mean(values**2)))
    expected = {
        "neurons": 216,
        "neuron": "IF",
        "theta": theta,
        "activation": np.sqrt(np.mean(np.maximum(z, 0) ** 2)),
        "input_mean": currents.mean(),
        "input_variance": currents.var(axis=1).mean(),
        "inputs_below": (currents < 0).mean(),
        "inputs_above": (currents > theta).mean(),
        "spikes_of_inactivated": (count[z <= 0] > 0).mean(),
        "dead": (count.sum(axis=0) == 0).mean(),
        "saturated": (count == TICKS).mean(),
        "spikes_per_tick": count.mean() / TICKS,
    }
    for name, value in expected.items():
        assert getattr(layer, name) == pytest.approx(value) or value == getattr(layer, name), name
    assert 0 < layer.spikes_of_inactivated < 1


@pytest.mark.parametrize("recipe", [rate, ttrbr])
def test_the_costs_add_up_to_the_networks_own_answers(recipe):
    ann, x = small_net(), small_images(40)
    network = recipe(ann, x, ticks=4).network
    labels = np.arange(40) % 4
    found = diagnose(network, ann, x, labels, ticks=4)
    outputs = np.array([run.output for run in simulate_batch(network, x, ticks=4)])
    exact = forward(ann, x)
    assert found.accuracy == np.mean(outputs.argmax(axis=1) == labels)
    assert found.ann_accuracy == np.mean(exact.argmax(axis=1) == labels)
    assert found.agreement == np.mean(outputs.argmax(axis=1) == exact.argmax(axis=1))
    costs = [*(layer.cost for layer in found.layers), found.read_out]
    lost = sum(cost.accuracy_lost for cost in costs)
    assert lost == pytest.approx(found.ann_accuracy - found.accuracy)
    assert sum(cost.agreement_lost for cost in costs) == pytest.approx(1 - found.agreement)
    assert sum(cost.divergence for cost in costs) == pytest.approx(found.divergence)
    assert found.divergence == pytest.approx(divergence(exact, outputs / 4).mean(), rel=1e-4)
    assert found.costliest == max(found.layers, key=lambda layer: layer.cost.divergence).name
    if recipe is rate:  # the ANN's own weights: rates through them are the network's answers
        assert found.read_out.divergence == pytest.approx(0, abs=1e-6)
        assert found.read_out.agreement_lost == 0
    else:
        assert found.read_out.divergence < 0  # it was tuned


def test_exact_rates_cost_nothing():
    ann, x = small_net(), small_images(6)
    rates = activations(ann, x, ann.names_of(ops.ReLU))
    outputs = list(hybrid_outputs(ann, x, rates))
    assert len(outputs) == 4
    for output in outputs:
        np.testing.assert_allclose(output, outputs[0], rtol=1e-6)
        assert np.abs(divergence(outputs[0], output)).max() < 1e-9


def test_divergence_is_that_of_the_definition():
    p, q = np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]])
    expected = 0.25 * np.log(0.5) + 0.75 * np.log(1.5)
    assert divergence(np.log(p) + 7, np.log(q))[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("neuron", "count"),
    [
        (IF(threshold=1.0, v0=0.5), 6),
        (IF(threshold=0.5, reset=Subtract(1.0)), 6),  # fires early: as if v0 were 0.5
        (Signed(threshold=1.0, v0=0.5), 6),
        (Burst(threshold=0.5, max_spikes=2, v0=0.25), 12),
    ],
)
def test_each_neuron_model_by_hand(neuron, count):
    """A current of 0.75 over 8 ticks: 6 spikes of theta = 1, the rate is exact."""
    network = one_layer(neuron)
    neurons, _ = rate_neurons(network)
    ((_, seen),) = observe(network, neurons, np.ones(1), 8)
    model = neurons["relu"]
    assert seen.total == 6
    assert seen.count == count
    z = np.array([0.5])
    e = decompose(
        seen.total,
        seen.count,
        z,
        theta=model.theta,
        v0=model.v0,
        ticks=8,
        max_spikes=model.max_spikes,
    )
    assert e.deviation == e.quantization == e.clipping == 0
    assert e.inherited == e.total == 0.25


@pytest.mark.parametrize(
    ("neuron", "message"),
    [
        (LIF(decay=0.5), "layer `relu`: LIF with these parameters does not code by"),
        (IF(reset=ToValue(0.0)), "layer `relu`: IF with these parameters"),
        (IF(v_min=0.0), "layer `relu`: IF with these parameters"),
        (IF(refractory=1), "layer `relu`: IF with these parameters"),
        (IF(noise=Noise(0.5)), "layer `relu`: IF with these parameters"),
        (IF(v0=1.5), "layer `relu`: its error is known for initial potentials below theta"),
        (Burst(v0=1.0), "layer `relu`: its error is known for initial potentials below theta"),
    ],
)
def test_neurons_that_do_not_code_by_a_conserved_count_are_refused(neuron, message):
    with pytest.raises(UnsupportedLayerError, match=message):
        rate_neurons(one_layer(neuron))


def test_another_ann_and_misshaped_labels_are_refused():
    ann, x = small_net(), small_images(4)
    network = rate(ann, x, ticks=TICKS).network
    with pytest.raises(ConversionError, match=r"found \['relu2', 'relu3'\] on one side only"):
        diagnose(one_named("relu1"), ann, x, ticks=2)
    with pytest.raises(InputError, match=r"labels: expected shape \(4,\), found \(3,\)"):
        diagnose(network, ann, x, np.zeros(3, dtype=int), ticks=2)
    with pytest.raises(
        ConversionError, match=r"as \.network\), found an object of type Conversion"
    ):
        diagnose(rate(ann, x, ticks=TICKS), ann, x, ticks=2)


def one_named(name):
    network = one_layer(IF())
    layers = (dataclasses.replace(network.layers[0], name=name),)
    out = dataclasses.replace(network.layers[1], links=(Link(name),))
    return Network(network.inputs, (*layers, out))


def test_a_diagnosis_is_json_and_a_figure():
    pytest.importorskip("matplotlib")
    ann, x = small_net(), small_images(4)
    found = diagnose(rate(ann, x, ticks=4).network, ann, x, ticks=4)
    stored = json.loads(json.dumps(found.as_dict()))
    assert stored["layers"][0]["rms"]["total"] == found.layers[0].rms.total
    assert stored["costliest"] == found.costliest
    assert stored["accuracy"] is None
    assert stored["others"] == {"fc": "read-out: adds up what it receives, without an error"}
    figure = diagnosis_figure(found)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["relu1", "relu2", "relu3"]
