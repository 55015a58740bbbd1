"""Another simulator against the oracle: one that is right, and several that are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import strategies as st

import eventsnn
import eventsnn.testing
from eventsnn import IF, LIF, AvgPool2d, Conv2d, Record, SumPool2d, oracle, simulate
from eventsnn.testing import check_simulator, feed_forward_networks

THRESHOLDS = st.sampled_from([0.5, 1.0])
NEURONS = st.builds(IF, THRESHOLDS) | st.builds(LIF, st.sampled_from([0.5, 0.75]), THRESHOLDS)
NETWORKS = feed_forward_networks(
    neurons=NEURONS, synapses=(Conv2d, AvgPool2d, SumPool2d), biases=True
)


def engine(network, inputs, ticks):
    run = simulate(network, inputs, ticks=ticks, record=Record.everything(network))
    return {name: spikes.to_dense(ticks) for name, spikes in run.spikes.items()}


def test_the_engine_is_right():
    check_simulator(engine, networks=NETWORKS)


def test_the_output_is_enough():
    def output_only(network, inputs, ticks):
        return {network.output: engine(network, inputs, ticks)[network.output]}

    check_simulator(output_only, networks=NETWORKS, examples=20)


def with_neurons(network, change):
    layers = (replace(layer, neuron=change(layer.neuron)) for layer in network.layers)
    return eventsnn.Network(network.inputs, tuple(layers), network.output)


def strict(neuron):
    above = np.nextafter(neuron.threshold, np.inf)
    return replace(neuron, threshold=above, reset=eventsnn.Subtract(neuron.threshold))


def to_zero(neuron):
    return replace(neuron, reset=eventsnn.ToValue(0.0))


@pytest.mark.parametrize("change", [strict, to_zero])
def test_another_rule_is_found_and_shrunk_to_one_neuron(change):
    def run(network, inputs, ticks):
        trace = oracle.simulate(with_neurons(network, change), inputs, ticks=ticks)
        return {layer.name: trace.spikes[layer.name] for layer in network.layers}

    with pytest.raises(AssertionError, match=r"layer `layer0` differs first at tick") as failure:
        check_simulator(run, networks=NETWORKS)
    code = next(k for k in str(failure.value).splitlines() if k.startswith("of Case("))
    names = {**vars(eventsnn), **vars(eventsnn.testing), "np": np, "sp": sp}
    case = eval(code.removeprefix("of "), names)
    assert [layer.size for layer in case.network.layers] == [1]
    expected = oracle.simulate(case.network, case.inputs, ticks=case.ticks)
    found = run(case.network, case.inputs, case.ticks)
    assert np.any(found["layer0"] != expected.spikes["layer0"])


def test_spikes_of_another_shape_are_refused():
    def flat(network, inputs, ticks):
        return {name: k[:-1] for name, k in engine(network, inputs, ticks).items()}

    with pytest.raises(AssertionError, match=r"layer `layer0`: expected spikes of shape"):
        check_simulator(flat, networks=NETWORKS)


def test_a_simulator_without_an_output_is_refused():
    with pytest.raises(AssertionError, match="says nothing of the output `layer0`"):
        check_simulator(lambda *_: {}, networks=NETWORKS)


def test_what_the_simulator_raises_is_passed_on():
    def broken(network, inputs, ticks):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        check_simulator(broken, networks=NETWORKS)
