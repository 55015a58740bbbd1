"""Recipe `noise`: one step is the network that was trained, and how N steps follow from it."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import examples
from scipy.stats import kstest, norm

from converters import (
    Ann,
    Node,
    activations,
    ann_from_source,
    ann_to_source,
    bsnn,
    max_pool_before_concat,
    noise,
    ops,
    rate,
    relu_before_max_pool,
    ttrbr,
)
from converters.testing import anns, images
from eventsnn import (
    IF,
    LI,
    ConversionError,
    FileFormatError,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    Record,
    Spikes,
    UnsupportedLayerError,
    simulate,
)

UNIFORM = 1 / math.sqrt(12)


def spikes_everywhere(ann, spike):
    """``ann`` with ``spike()`` in place of each ReLU."""
    nodes = [
        dataclasses.replace(node, op=spike()) if isinstance(node.op, ops.ReLU) else node
        for node in ann.nodes
    ]
    return Ann(ann.input_shape, tuple(nodes), ann.output)


@st.composite
def one_step_networks(draw):
    """Random graphs of layers of neurons, in which no sum is rounded."""
    ann = max_pool_before_concat(relu_before_max_pool(draw(anns(max_nodes=6))))
    assume(ann.names_of(ops.ReLU))
    for node in ann.nodes:
        _, *pixels = ann.shapes[node.inputs[0]]
        if isinstance(node.op, ops.AvgPool2d):
            pixels = node.op.kernel_size
        if isinstance(node.op, ops.AvgPool2d | ops.GlobalAvgPool):
            assume(math.prod(pixels).bit_count() == 1)
    quarters = st.integers(-4, 8).map(lambda k: k / 4)
    spikes = st.builds(
        ops.Spike,
        decay=st.sampled_from([1.0, 0.5]),
        threshold=st.integers(1, 8).map(lambda k: k / 4),
        reset=st.sampled_from(ops.RESETS),
        mean=quarters,
        standard_deviation=st.sampled_from([0.0, 0.25]),
    )
    return spikes_everywhere(ann, lambda: draw(spikes))


@settings(max_examples=examples(40))
@given(st.data())
def test_every_step_of_reset_is_the_trained_step(data):
    ann = data.draw(one_step_networks())
    (image,) = data.draw(images(ann, count=1))
    names = ann.names_of(ops.Spike)
    trained = activations(ann, image[None], (*names, ann.output), dtype=np.float64)
    network = noise(ann, ticks=4, mode="reset").network
    record = Record.everything(network)
    run = simulate(network, image, ticks=4, record=record, precision="float64")
    for name in names:
        found = run.spikes[name].to_dense(4)
        for tick in range(4):
            np.testing.assert_array_equal(found[tick], trained[name][0])
    # a node between two layers may be folded away, the output never is
    steps = np.diff(run.potentials[network.output], axis=0, prepend=0)
    for tick in range(4):
        np.testing.assert_array_equal(steps[tick], trained[ann.output][0])


@settings(max_examples=examples(40))
@given(st.data())
def test_the_first_step_of_carry_is_the_trained_step(data):
    ann = data.draw(one_step_networks())
    (image,) = data.draw(images(ann, count=1))
    expected = activations(ann, image[None], (ann.output,), dtype=np.float64)[ann.output][0]
    network = noise(ann, ticks=1, mode="carry").network
    run = simulate(network, image, ticks=1, precision="float64")
    np.testing.assert_array_equal(run.output, expected)


def layer(spike, size):
    """One layer of neurons, driven by the input itself, and a read-out."""
    nodes = (Node("spike", spike), Node("out", ops.Linear(np.ones((1, size))), ("spike",)))
    return Ann((size,), nodes)


def counts(spike, currents, ticks, mode="carry", seed=0):
    """Spikes of each neuron after each tick, (ticks, neurons)."""
    network = noise(layer(spike, len(currents)), ticks=ticks, mode=mode).network
    record = Record(spikes=("spike",))
    run = simulate(network, np.asarray(currents), ticks=ticks, record=record, seed=seed)
    return run.spikes["spike"].to_dense(ticks).cumsum(0)


@settings(max_examples=examples(100))
@given(
    currents=st.lists(st.integers(-64, 96).map(lambda k: k / 32), min_size=1, max_size=20),
    theta=st.sampled_from([0.5, 1.0, 2.0]),
    start=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
    ticks=st.integers(1, 40),
)
def test_rates_of_carry_lie_within_their_bound(currents, theta, start, ticks):
    h = np.array(currents)
    spike = ops.Spike(threshold=theta, mean=start * theta, standard_deviation=UNIFORM)
    n = counts(spike, h, ticks)[-1]
    np.testing.assert_array_equal(
        n, np.clip(np.floor((ticks * h + start * theta) / theta), 0, ticks)
    )
    # |theta n / N - clip(h, 0, theta)| <= theta / N, or half of it; times N, where none rounds
    bound = theta / 2 if start == 0.5 else theta
    assert np.all(np.abs(theta * n - ticks * np.clip(h, 0, theta)) <= bound)


def driven(theta, weights, ticks, rng):
    """Potentials of neurons that receive, in each tick, one random column of ``weights``."""
    neurons, inputs = weights.shape
    links = (Link("in", (Linear(weights),)),)
    network = Network(
        (Input("in", (inputs,)),),
        (
            Layer("v", (neurons,), IF(threshold=theta, v0=theta / 2), links),
            Layer("out", (1,), LI(), (Link("v", (Linear(np.ones((1, neurons))),)),)),
        ),
        "out",
    )
    chosen = rng.integers(0, inputs, ticks)
    trains = Spikes((inputs,), np.arange(ticks), chosen)
    record = Record(potentials=("v",))
    run = simulate(network, trains, ticks=ticks, record=record, precision="float64")
    return run.potentials["v"], weights[:, chosen].T


@given(st.integers(0, 2**16), st.sampled_from([0.5, 1.0, 2.0]))
def test_a_residual_is_the_sum_of_the_currents_modulo_the_threshold(seed, theta):
    rng = np.random.default_rng(seed)
    weights = theta * rng.integers(0, 65, (10, 6)) / 64  # in [0, theta]
    residuals, currents = driven(theta, weights, 12, rng)
    np.testing.assert_array_equal(residuals, (theta / 2 + currents.cumsum(0)) % theta)


def test_residuals_under_varied_input_are_uniform():
    rng = np.random.default_rng(0)
    # with a spacing as fine as this, a neuron's currents have no common period
    residuals, _ = driven(1.0, rng.integers(0, 2**20 + 1, (4000, 40)) / 2**20, 8, rng)
    last = residuals[-1]
    assert kstest(last, "uniform").pvalue > 0.01
    assert abs(last.mean() - 0.5) < 4 * UNIFORM / np.sqrt(last.size)
    assert abs(last.std() - UNIFORM) < 0.01


def worst_error(deviation):
    """Largest distance of a noisy step's firing probability from the rate of many steps."""
    h = np.linspace(-1, 2, 30_001)
    return np.abs(norm.cdf((h + 0.5 - 1) / deviation) - np.clip(h, 0, 1)).max()


def test_a_normal_draw_stands_in_for_the_uniform_residual():
    assert worst_error(UNIFORM) == pytest.approx(0.0572, abs=5e-5)
    assert worst_error(0.3) == pytest.approx(0.0484, abs=5e-5)
    deviations = np.linspace(0.2, 0.4, 201)
    best = deviations[np.argmin([worst_error(d) for d in deviations])]
    assert best == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("h", [0.1, 0.5, 0.9])
def test_a_uniform_draw_fires_as_often_as_many_steps_do(h):
    """Exactly in expectation: P(h + U >= 1) = h; seen within four standard errors."""
    drawn = np.random.default_rng(1).random(100_000)
    assert abs((h + drawn >= 1).mean() - h) < 4 * np.sqrt(h * (1 - h) / drawn.size)
    many = counts(ops.Spike(mean=0.5), [h], 1000)[-1, 0] / 1000
    assert abs(many - h) <= 1 / 2000


@pytest.mark.parametrize("h", [0.25, 0.625, 0.875])
def test_the_variance_of_noisy_steps_falls_as_one_over_n(h):
    neurons, ticks = 20_000, 64
    spike = ops.Spike(mean=0.5, standard_deviation=UNIFORM)
    n = counts(spike, np.full(neurons, h), ticks, mode="noise", seed=3)
    p = norm.cdf((h - 0.5) / UNIFORM)
    for steps in (1, 4, 16, 64):
        rates = n[steps - 1] / steps
        variance = p * (1 - p) / steps
        assert abs(rates.mean() - p) < 4 * np.sqrt(variance / neurons)
        # of a sample variance, for a count of independent draws
        excess = (1 - 6 * p * (1 - p)) / (steps * p * (1 - p))
        error = variance * np.sqrt((2 + excess) / neurons)
        assert abs(rates.var() - variance) < 4 * error


def test_another_seed_is_another_draw():
    spike = ops.Spike(mean=0.5, standard_deviation=UNIFORM)
    first, same, other = (
        counts(spike, np.full(100, 0.5), 4, mode="noise", seed=s) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert np.any(first != other)


def test_a_conversion_says_how_it_was_made():
    conversion = noise(layer(ops.Spike(threshold=2.0), 3), ticks=8, mode="reset")
    assert (conversion.recipe, conversion.parameters) == ("noise", {"mode": "reset"})
    assert conversion.thresholds == {"spike": 2.0}


def test_impossible_conversions_are_refused():
    ann = layer(ops.Spike(), 2)
    with pytest.raises(ConversionError, match="ticks: expected an int >= 1, found 0"):
        noise(ann, ticks=0)
    with pytest.raises(ConversionError, match=r"mode: expected one of .* found 'keep'"):
        noise(ann, ticks=1, mode="keep")
    with pytest.raises(UnsupportedLayerError, match="`spike`: a ReLU was not trained"):
        noise(layer(ops.ReLU(), 2), ticks=1)
    with pytest.raises(ConversionError, match="no Spike node"):
        noise(Ann((2,), (Node("out", ops.Linear(np.ones((1, 2)))),)), ticks=1)
    with pytest.raises(UnsupportedLayerError, match="`spike`: is a spiking neuron already"):
        rate(ann, np.ones((1, 2)), ticks=1)
    with pytest.raises(UnsupportedLayerError, match="`spike`: is a spiking neuron already"):
        bsnn(ann, np.ones((1, 2)), phases=4)
    with pytest.raises(UnsupportedLayerError, match="`spike`: is a spiking neuron already"):
        ttrbr(ann, np.ones((1, 2)), ticks=1)


@settings(max_examples=examples(20))
@given(st.data())
def test_files_keep_neurons(data):
    ann = data.draw(one_step_networks())
    assert ann_from_source(*ann_to_source(ann)) == ann


def test_a_graph_of_neurons_by_hand():
    graph = json.loads(ann_to_source(layer(ops.Spike(), 2))[0])
    weights = {"out.weight": np.ones((1, 2)), "out.bias": np.zeros(1)}
    graph["nodes"] = [
        {"name": "spike", "op": "Spike", "inputs": ["input"], "reset": "zero", "mean": 0.5},
        {"name": "out", "op": "Linear", "inputs": ["spike"], "out_features": 1},
    ]
    read = ann_from_source(json.dumps(graph), weights)
    assert read.by_name["spike"].op == ops.Spike(1.0, 1.0, "zero", 0.5, 0.0)
    graph["nodes"][0]["reset"] = "none"
    wanted = '`spike`: `reset` must be "subtract" or "zero", found "none"'
    with pytest.raises(FileFormatError, match=wanted):
        ann_from_source(json.dumps(graph), weights)


@pytest.mark.parametrize(
    "field",
    [{"decay": 0.0}, {"threshold": 0.0}, {"reset": "none"}, {"standard_deviation": -1.0}],
)
def test_impossible_neurons_are_refused(field):
    with pytest.raises(ValueError, match=f"Spike.{next(iter(field))}: expected"):
        ops.Spike(**field)
