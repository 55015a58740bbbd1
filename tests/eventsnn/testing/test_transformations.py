"""Rewritten networks mean what they should, by the oracle alone; and small ones by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from property_tools import draws, two_layers

from eventsnn import (
    IF,
    AvgPool2d,
    Conv2d,
    Currents,
    Flatten,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    Noise,
    Relay,
    RunningMaximum,
    Scale,
    Sparse,
    Spikes,
    Subsample,
    oracle,
)
from eventsnn.testing import cases, exact_bits
from eventsnn.testing.transformations import (
    can_be_scaled,
    delay_input,
    permute_channels,
    relay_on_the_way,
    reorder_links,
    round_parameters,
    scale_layer,
    split_layer,
)


def trace(case, network):
    return oracle.simulate(network, case.inputs, ticks=case.ticks, seed=case.seed)


def check_others(before, after, network, *changed):
    for layer in network.layers:
        if layer.name not in changed:
            assert np.array_equal(before.spikes[layer.name], after.spikes[layer.name])
            assert np.array_equal(before.potentials[layer.name], after.potentials[layer.name])


def permuted(case):
    done = 0
    for layer in case.network.layers:
        order = np.roll(np.arange(layer.shape[0]), 1)
        network = permute_channels(case.network, layer.name, order)
        if network is None or layer.shape[0] == 1:
            continue
        before, after = trace(case, case.network), trace(case, network)
        name = layer.name
        assert np.array_equal(before.spikes[name][:, order], after.spikes[name])
        assert np.array_equal(before.potentials[name][:, order], after.potentials[name])
        check_others(before, after, case.network, name)
        done += 1
    return done


def split(case):
    done = 0
    for layer in case.network.layers:
        network = split_layer(case.network, layer.name, 1)
        if network is None:
            continue
        before, after = trace(case, case.network), trace(case, network)
        name, rest = layer.name, f"{layer.name}.rest"
        for what in ("spikes", "potentials"):
            parts = [getattr(after, what)[part] for part in (name, rest)]
            assert np.array_equal(getattr(before, what)[name], np.concatenate(parts, axis=1))
        check_others(before, after, case.network, name)
        done += 1
    return done


def scaled(case):
    done = 0
    for layer in filter(can_be_scaled, case.network.layers):
        before = trace(case, case.network)
        after = trace(case, scale_layer(case.network, layer.name, 0.25))
        name = layer.name
        assert np.array_equal(before.spikes[name], after.spikes[name])
        assert np.array_equal(before.potentials[name] / 4, after.potentials[name])
        check_others(before, after, case.network, name)
        done += 1
    return done


def turned(case):
    orders = {k.name: range(len(k.links))[::-1] for k in case.network.layers}
    network = reorder_links(case.network, orders)
    for old, new in zip(case.network.layers, network.layers, strict=True):
        assert old.links == new.links[::-1]
    check_others(trace(case, case.network), trace(case, network), case.network)
    return 1


@pytest.mark.parametrize("check", [permuted, split, scaled, turned])
def test_by_the_oracle(check):
    examples = 90 if check in (permuted, split) else 30  # few drawn layers can be cut
    assert sum(draws(cases(), check, examples)) >= 8


def test_all_kinds_of_weights_are_sliced():
    """From an image over a convolution, scales and pools to dense and sparse weights."""
    rng = np.random.default_rng(0)
    conv = Conv2d(rng.integers(-1, 5, (4, 2, 3, 3)) / 4, padding=1)
    weight = sp.csr_array(rng.integers(0, 3, (5, 16)) / 4)
    delay = sp.csr_array((np.arange(weight.nnz) % 4, weight.indices, weight.indptr), weight.shape)
    each = np.arange(1, 5).reshape(4, 1, 1) / 2
    layers = (
        Layer("a", (4, 2, 2), IF(each), (Link("in", (conv, AvgPool2d(2), Scale(each))),), each),
        Layer("b", (5,), IF(), (Link("a", (Flatten(), Sparse(weight)), delay),)),
        Layer("c", (3,), IF(), (Link("a", (Scale(each), Flatten(), Linear(np.ones((3, 16))))),)),
        Layer(
            "d",
            (2, 2, 2),
            IF(),
            (Link("a", (Subsample(1), Conv2d(np.ones((2, 4, 1, 1)))), each * 2),),
        ),
    )
    network = Network((Input("in", (2, 4, 4)),), layers)
    spikes = Spikes.from_dense(rng.integers(0, 2, (6, 2, 4, 4)))

    def run(changed):
        return oracle.simulate(changed, spikes, ticks=10)

    before = run(network)
    assert all(before.spikes[name].any() for name in "abcd")
    order = [2, 0, 3, 1]
    after = run(permute_channels(network, "a", order))
    assert np.array_equal(before.spikes["a"][:, order], after.spikes["a"])
    check_others(before, after, network, "a")
    after = run(split_layer(network, "a", 3))
    assert after.spikes["a"].shape == (10, 3, 2, 2)
    check_others(before, after, network, "a")


@pytest.mark.parametrize(
    ("onto", "behind", "neuron"),
    [
        (Link("in"), (), IF()),
        (Link("in", (Conv2d(np.ones((2, 1, 1, 1)), groups=2),)), (), IF()),
        (Link("in", (Conv2d(np.ones((2, 2, 1, 1))),)), (Subsample(1, (0, 1)),), IF()),
        (Link("in", (Conv2d(np.ones((2, 2, 1, 1))),)), (), IF()),
        (Link("in", (Conv2d(np.ones((2, 2, 1, 1))),)), None, IF(noise=Noise(1.0))),
        (Link("in"), None, RunningMaximum((1, 1))),
    ],
)
def test_what_cannot_be_sliced_stays_whole(onto, behind, neuron):
    first = Layer("a", (2, 2, 2), neuron, (onto,))
    chain = (Conv2d(np.ones((1, 2, 1, 1))),) if behind is None else behind
    shape = (1, 2, 2) if behind is None else (3 if behind else 2, 2, 2)
    network = Network(
        (Input("in", (2, 2, 2)),), (first, Layer("b", shape, IF(), (Link("a", chain),)))
    )
    assert permute_channels(network, "a", [1, 0]) is None
    assert split_layer(network, "a", 1) is None


def test_a_split_needs_two_parts_and_a_free_name():
    network = two_layers()
    assert split_layer(network, "hidden", 2) is None
    assert split_layer(network, "hidden", 0) is None
    once = split_layer(network, "hidden", 1)
    assert [layer.name for layer in once.layers] == ["hidden", "out", "hidden.rest"]
    assert split_layer(once, "hidden", 1) is None


def test_a_relay_takes_a_part_of_the_delay():
    network = relay_on_the_way(two_layers(), "hidden", 0, 1)
    relay = network.layer("hidden.way")
    assert isinstance(relay.neuron, Relay)
    assert relay.links == (Link("in", (), 1),)
    assert network.layer("hidden").links[0].source == "hidden.way"
    assert network.layer("hidden").links[0].delay == 0
    assert network.output == "out"


def test_inputs_of_every_kind_come_later():
    spikes = Spikes((2,), np.array([0, 3]), np.array([1, 0]), np.array([1.0, 2.0]))
    assert delay_input(spikes, 2).tick.tolist() == [2, 5]
    currents = Currents((1, 4), np.ones((2, 2)))
    assert delay_input(currents, 3).start == (4, 7)
    assert delay_input(np.array([1.0, 2.0]), 3).at(2).tolist() == [0.0, 0.0]
    assert delay_input(np.array([1.0, 2.0]), 3).at(3).tolist() == [1.0, 2.0]


def test_rounded_parameters_are_exact():
    layer = Layer("out", (1,), IF(0.001, v_min=-1 / 3), (Link("in", (Linear([[0.1, 0.7]]),)),), 0.3)
    network = Network((Input("in", (2,)),), (layer,))
    (rounded,) = round_parameters(network, 4).layers
    assert rounded.neuron.threshold == 1 / 16
    assert rounded.neuron.v_min == -5 / 16 - 1 / 16
    assert rounded.bias == 5 / 16
    assert rounded.links[0].chain[0].weight.tolist() == [[2 / 16, 11 / 16]]
    nothing = {"in": np.zeros(2)}
    assert exact_bits(network, nothing, 8) > 1000
    assert exact_bits(round_parameters(network, 4), nothing, 8) < 24
