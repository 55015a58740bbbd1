"""Initial potentials and neuron models that `lower` gives to rectified activations."""

from __future__ import annotations

import numpy as np
import pytest

from converters import Ann, Node, lower, ops
from eventsnn import IF, Burst, ConversionError, Signed, Subtract


def graph(*nodes, shape=(2, 4, 4)):
    return Ann(shape, tuple(Node(*node) for node in nodes))


def read_out(source, inputs):
    return (
        ("flat", ops.Flatten(), (source,)),
        ("fc", ops.Linear(np.ones((1, inputs))), ("flat",)),
    )


RELU = (("relu", ops.ReLU()), *read_out("relu", 32))


@pytest.mark.parametrize("initial", [-np.inf, 1.0, float("nan")])
def test_a_bad_initial_potential_is_refused(initial):
    with pytest.raises(ConversionError, match=r"initial of `relu`: expected fractions below 1"):
        lower(graph(*RELU), {"relu": 1.0}, initial)


def test_initial_potentials_per_layer_and_channel():
    fractions = np.array([0.25, 0.75]).reshape(2, 1, 1)
    ann = graph(*RELU)
    network = lower(ann, {"relu": 2.0}, {"relu": fractions}, "signed")
    assert network.layer("relu").neuron == Signed(2.0, v0=2 * fractions)
    with pytest.raises(ConversionError, match="initial: expected one for each ReLU; missing is"):
        lower(ann, {"relu": 2.0}, {})
    with pytest.raises(ConversionError, match="initial of `relu`: expected fractions"):
        lower(ann, {"relu": 2.0}, {"relu": np.zeros(2)})


@pytest.mark.parametrize("neuron", ["burst", ""])
def test_an_unknown_neuron_is_refused(neuron):
    with pytest.raises(ConversionError, match='neuron: expected "if" or "signed", found'):
        lower(graph(*RELU), {"relu": 1.0}, 0.5, neuron)


def test_kinds_by_name_and_pattern():
    relus = (
        ("a.0", ops.ReLU()),
        ("a.1", ops.ReLU(), ("a.0",)),
        ("b[0]", ops.ReLU(), ("a.1",)),
    )
    ann = graph(*relus, *read_out("b[0]", 32))
    theta = {relu[0]: 1.0 for relu in relus}

    def signed(neuron):
        layers = lower(ann, theta, neuron=neuron).layers[:-1]
        return [layer.name for layer in layers if isinstance(layer.neuron, Signed)]

    assert signed({}) == []
    assert signed({"a.*": "signed"}) == ["a.0", "a.1"]
    assert signed({"a.*": "signed", "a.0": "if"}) == ["a.1"]  # a name counts before patterns
    assert signed({"a.1": "if", "*": "signed"}) == ["a.0", "b[0]"]
    assert signed({"a*": "if", "*": "signed"}) == ["b[0]"]  # the first pattern counts
    assert signed({"b[0]": "signed"}) == ["b[0]"]  # a name, though it looks like a pattern
    with pytest.raises(
        ConversionError, match=r"`c\*` matches no ReLU; expected one of, or a pattern of, a.0"
    ):
        signed({"a.0": "signed", "c*": "signed"})
    with pytest.raises(ConversionError, match=r'expected "if" or "signed", found .burst'):
        signed({"a.*": "burst"})


def test_bursts():
    ann = graph(*RELU)
    assert lower(ann, {"relu": 2.0}, 0.5, burst=3).layer("relu").neuron == Burst(2.0, 3, 1.0)
    signed = lower(ann, {"relu": 2.0}, 0.5, "signed", burst=3).layer("relu").neuron
    assert signed == Signed(2.0, v0=1.0, max_spikes=3)
    with pytest.raises(ConversionError, match=r"burst: expected an int >= 1, found 1\.5"):
        lower(ann, {"relu": 2.0}, burst=1.5)


def test_the_initial_potential_is_a_fraction_of_theta():
    layer = lower(graph(*RELU), {"relu": 3.0}, 0.25).layer("relu")
    assert layer.neuron == IF(3.0, Subtract(), 0.75)
