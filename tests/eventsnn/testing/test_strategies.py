"""The strategies reach everything, shrink to next to nothing, and draw nothing invalid.

``HYPOTHESIS_PROFILE=deep`` makes 20,000 draws of it.
"""

from __future__ import annotations

from random import Random
from typing import get_args

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import Phase, find, given, settings
from profiles import examples

from eventsnn import (
    IF,
    LIF,
    Bistable,
    Burst,
    Currents,
    Neuron,
    NoReset,
    Relay,
    Reset,
    RunningMaximum,
    Spikes,
    Synapse,
    fan_out,
    oracle,
)
from eventsnn.testing import cases, exact_bits, float_cases, networks
from eventsnn.testing.strategies.synapses import synapses


@pytest.fixture(scope="module")
def drawn():
    """So many cases that whether a kind is among them is no matter of luck."""
    found = []

    @settings(derandomize=True, max_examples=1000, phases=[Phase.generate])
    @given(case=cases())
    def look(case):
        found.append(case)

    look()
    return found


def all_layers(drawn):
    return [layer for case in drawn for layer in case.network.layers]


def all_links(drawn):
    return [link for layer in all_layers(drawn) for link in layer.links]


def test_every_kind_of_neuron_is_drawn(drawn):
    kinds = {type(layer.neuron) for layer in all_layers(drawn)}
    assert kinds >= set(get_args(Neuron))


def test_every_reset_floor_and_noise_is_drawn(drawn):
    neurons = [k.neuron for k in all_layers(drawn) if isinstance(k.neuron, IF | LIF)]
    assert {type(neuron.reset) for neuron in neurons} == set(get_args(Reset))
    for kind in (IF, LIF):
        of_kind = [neuron for neuron in neurons if type(neuron) is kind]
        assert any(neuron.v_min is not None for neuron in of_kind)
        assert any(neuron.noise is not None for neuron in of_kind)
        assert any(np.any(np.asarray(neuron.refractory) > 0) for neuron in of_kind)
        assert any(isinstance(neuron.reset, NoReset) for neuron in of_kind)


def test_every_kind_of_synapse_is_drawn(drawn):
    kinds = {type(synapse) for link in all_links(drawn) for synapse in link.chain}
    assert kinds == set(get_args(Synapse))
    assert {len(link.chain) for link in all_links(drawn)} >= {0, 1, 2, 3}


def form(delay):
    if sp.issparse(delay):
        return "per synapse"
    if np.ndim(delay):
        return "per source"
    return "later" if delay else "at once"


def test_every_form_of_delay_and_of_input_is_drawn(drawn):
    forms = {form(link.delay) for link in all_links(drawn)}
    assert forms == {"at once", "later", "per source", "per synapse"}
    inputs = {type(value) for case in drawn for value in case.inputs.values()}
    assert inputs == {np.ndarray, Spikes, Currents}
    assert {case.precision for case in drawn} == {"float32", "float64"}


def test_parameters_are_drawn_per_layer_per_channel_and_per_neuron(drawn):
    layers = [k for k in all_layers(drawn) if len(k.shape) == 3 and np.prod(k.shape[1:]) > 1]
    for of in (lambda k: k.bias, lambda k: getattr(k.neuron, "threshold", 0.0)):
        shapes = [(np.shape(of(layer)), layer.shape) for layer in layers]
        assert any(shape == () for shape, _ in shapes)
        assert any(shape == (whole[0], 1, 1) for shape, whole in shapes)
        assert any(shape == whole for shape, whole in shapes)


def test_there_are_joins_and_cycles(drawn):
    assert any(len(layer.links) > 2 for layer in all_layers(drawn))
    positions = [case.network.positions for case in drawn]
    backward = [
        p[link.source] >= p[layer.name]
        for case, p in zip(drawn, positions, strict=True)
        for layer in case.network.layers
        for link in layer.links
        if link.source in p
    ]
    assert 0 < sum(backward) < len(backward) / 2


def smallest(strategy, condition=lambda _: True, seed=0):
    """What is left of a draw where nothing but ``condition`` is needed."""
    # the phase that explains a failure would try other draws after the smallest one
    options = settings(database=None, max_examples=1000, phases=[Phase.generate, Phase.shrink])
    return find(strategy, condition, settings=options, random=Random(seed))


@pytest.mark.parametrize("strategy", [networks(), cases().map(lambda case: case.network)])
def test_the_smallest_network_is_one_neuron(strategy):
    network = smallest(strategy)
    assert [layer.size for layer in network.layers] == [1]
    assert [len(layer.links) for layer in network.layers] == [1]
    assert [node.shape for node in network.inputs] == [(1,)]


KINDS = [LIF, Burst, Bistable, Relay, RunningMaximum]


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_network_with_a_kind_of_neuron_has_a_neuron_or_a_few(kind):
    """From one of three draws at least: shrinking may end where no single step goes further."""
    found = (
        smallest(networks(), lambda net: any(type(k.neuron) is kind for k in net.layers), seed)
        for seed in range(3)
    )
    assert any(sum(layer.size for layer in network.layers) <= 4 for network in found)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 3)])
def test_the_smallest_weights_are_zero(shape):
    synapse = smallest(synapses(shape), lambda synapse: hasattr(synapse, "weight"))
    assert not np.any(synapse.weight)


@given(case=cases())
def test_no_draw_is_invalid(case):
    """A network checks itself; what it does not check is whether the inputs and ticks fit."""
    bits = {"float32": 24, "float64": 53}[case.precision]
    assert exact_bits(case.network, case.inputs, case.ticks) <= bits
    assert {node.name for node in case.network.inputs} == case.inputs.keys()
    oracle.simulate(case.network, case.inputs, ticks=1, seed=case.seed)
    for layer in case.network.layers:
        for link in layer.links:
            shape = case.network.shapes[link.source]
            assert fan_out(link.chain, shape).shape == shape


@settings(max_examples=examples(100))
@given(network=networks(max_inputs=3, max_layers=8, max_side=6, max_channels=4, max_delay=5))
def test_larger_networks_are_valid_too(network):
    assert len(network.layers) <= 8
    assert len(network.inputs) <= 3
    assert max(link.delays()[-1] for layer in network.layers for link in layer.links) <= 5


@settings(max_examples=examples(50))
@given(case=float_cases())
def test_no_draw_beyond_the_budget_is_invalid(case):
    oracle.simulate(case.network, case.inputs, ticks=1, seed=case.seed)
