"""Seeded noise: normal, the same in any order, another one for every seed and sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsnn import (
    IF,
    LIF,
    Input,
    Layer,
    Link,
    Network,
    NetworkError,
    Noise,
    Record,
    simulate,
    simulate_batch,
)
from eventsnn.noise import draw, quantiles, stream

KEYS = st.integers(0, 2**32 - 1)


def network(shape=(3, 5, 7), threshold=100.0, decay=1.0, deviation=0.5, mean=0.25):
    noise = Noise(deviation, mean)
    layer = Layer("out", shape, LIF(decay, threshold, noise=noise), (Link("in"),))
    return Network((Input("in", shape),), (layer,))


def potentials(net, **options):
    shape = net.inputs[0].shape
    run = simulate(net, np.zeros(shape), ticks=4, record=Record.everything(net), **options)
    return run.potentials["out"]


def test_the_table_is_normal():
    table = quantiles() * 2.0**-10
    assert table.mean() == 0
    assert abs(table.std() - 1) < 1e-4
    assert abs((table**4).mean() - 3) < 5e-3
    assert np.all(np.diff(table) >= 0)


@pytest.mark.parametrize("at", [0, 1, 2**31, 2**40])
def test_draws_look_independent(at):
    draws = np.stack([draw(stream(7, 0, 0), tick, 4000) for tick in range(at, at + 50)])
    size = draws.size
    assert abs(draws.mean()) < 4 / np.sqrt(size)
    assert abs(draws.var() - 1) < 4 * np.sqrt(2 / size)
    for a, b in ((draws[1:], draws[:-1]), (draws[:, 1:], draws[:, :-1])):
        assert abs((a * b).mean()) < 4 / np.sqrt(size)
    assert np.unique(draws[:, 0]).size > 40  # the table is coarse: some coincide


@given(seed=KEYS, sample=st.integers(0, 1000), layer=st.integers(0, 50))
def test_every_stream_is_another_one(seed, sample, layer):
    keys = [
        stream(seed, sample, layer),
        stream(seed + 1, sample, layer),
        stream(seed, sample + 1, layer),
        stream(seed, sample, layer + 1),
        stream(seed + 2**32, sample, layer),
    ]
    assert len(set(keys)) == len(keys)


@given(seed=st.integers(0, 2**63 - 1))
def test_potentials_add_the_draws_of_the_page(seed):
    added = potentials(network(), seed=seed, precision="float64")
    drawn = [draw(stream(seed, 0, 0), tick, 105).reshape(3, 5, 7) for tick in range(4)]
    assert np.array_equal(added, np.cumsum(0.25 + 0.5 * np.array(drawn), axis=0))


def test_a_forgetful_neuron_shows_each_draw_alone():
    seen = potentials(network(decay=0.0), precision="float64")
    assert np.array_equal(seen[2].ravel(), 0.25 + 0.5 * draw(stream(0, 0, 0), 2, 105))


def test_samples_of_a_batch_draw_their_own_whatever_the_workers():
    net = network(threshold=0.5)
    record = Record.everything(net)
    batch = np.zeros((20, 3, 5, 7))
    one = simulate_batch(net, batch, ticks=4, record=record)
    two = simulate_batch(net, batch, ticks=4, record=record, workers=2)
    trains = [run.spikes["out"].to_dense(4) for run in one]
    assert all(a.spikes == b.spikes for a, b in zip(one, two, strict=True))
    assert len({train.tobytes() for train in trains}) == 20


def test_no_noise_is_the_same_as_none():
    quiet, plain = network(deviation=0.0, mean=0.0, threshold=0.5), network(threshold=0.5)
    layer = Layer("out", (3, 5, 7), LIF(1.0, 0.5), (Link("in"),))
    plain = Network(plain.inputs, (layer,))
    image = np.arange(105).reshape(3, 5, 7) / 64
    a, b = (simulate(net, image, ticks=9, record=Record.everything(net)) for net in (quiet, plain))
    assert a.spikes == b.spikes


@pytest.mark.parametrize("seed", [-1, 2**63, 0.5, "x"])
def test_impossible_seeds_are_refused(seed):
    with pytest.raises(ValueError, match=r"seed must be an int from 0 to 2\^63 - 1"):
        simulate(network(), np.zeros((3, 5, 7)), ticks=1, seed=seed)


def test_impossible_noise_is_refused():
    with pytest.raises(NetworkError, match="standard_deviation: expected values >= 0"):
        Noise(-1.0)
    with pytest.raises(NetworkError, match=r"IF\.noise: expected Noise"):
        IF(noise=0.5)
    with pytest.raises(NetworkError, match="noise standard deviation"):
        Layer("a", (3,), IF(noise=Noise(np.ones(2))), ())
