"""Stages of phase words: what is refused, by name, and what a loss is called."""

from __future__ import annotations

import numpy as np
import pytest

from eventsnn import (
    IF,
    Bistable,
    Input,
    InputError,
    Layer,
    Link,
    Network,
    NetworkError,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    Scale,
    Spikes,
    Synchronous,
    Words,
    phase_coded,
    reading_ticks,
    simulate,
)
from eventsnn.signals.codings import code


def layer(name, neuron, *links, shape=(2,)):
    return Layer(name, shape, neuron, tuple(Link(k) if isinstance(k, str) else k for k in links))


def network(*layers, shape=(2,)):
    return Network((Input("in", shape),), layers)


REFUSED = [
    (
        (layer("a", Bistable(1, 4), "in"), layer("b", Bistable(3, 4), "a")),
        "layer `b` of stage 3 hears words of 4 phases and stage 2 only, found `a`, .* stage 1; put",
    ),
    (
        (layer("a", Bistable(1, 4), "in"), layer("b", Bistable(2, 5), "a")),
        "layer `b` .* found `a`, words of 4 phases of stage 1",
    ),
    (
        (layer("a", IF(), "in"), layer("b", PhaseAccumulator(2, 4), "a")),
        "layer `b` .* found `a`, which may spike at any time",
    ),
    (
        (layer("a", PhaseIF(4), "in"), layer("b", Bistable(2, 4), "a")),
        "layer `b` .* found `a`, which may spike at any time",
    ),
    (
        (layer("a", Bistable(1, 4), "in"), layer("b", Bistable(2, 4), Link("a", delay=2))),
        "layer `b` .* found `a` over a delay of 2 ticks",
    ),
    (
        (layer("a", Bistable(1, 4), Link("in", delay=4)),),
        "layer `a` of stage 1 .* stage 0 only, found `in` over a delay of 4 ticks",
    ),
    (
        (
            layer("a", Bistable(1, 4), "in"),
            layer("b", Bistable(2, 4), "a"),
            layer("sum", Relay(), "a", "b"),
            layer("c", Bistable(3, 4), "sum"),
        ),
        "layer `c` .* found `sum`, which may spike at any time",
    ),
    (
        (
            layer("a", Bistable(1, 4), "in", Link("b", delay=4)),
            layer("b", Bistable(2, 4), "a"),
        ),
        "layer `a` of stage 1 .* found `b` over a delay of 4 ticks",
    ),
]


@pytest.mark.parametrize("index", range(len(REFUSED)))
def test_words_that_nobody_would_hear_are_refused(index):
    layers, message = REFUSED[index]
    with pytest.raises(NetworkError, match=message):
        network(*layers)


def test_a_synchronous_layer_has_one_identity_link():
    with pytest.raises(NetworkError, match="a Synchronous has exactly one link, with an empty"):
        layer("b", Synchronous(2, 4), Link("a", (Scale(2),)))


def test_a_relay_in_step_hands_words_on():
    delayed = Link("a", delay=4)
    network(
        layer("a", Bistable(1, 4), "in"),
        layer("b", Bistable(2, 4), "a"),
        layer("sum", Relay(), delayed, "b"),
        layer("c", Bistable(3, 4), "sum"),
    )


@pytest.mark.parametrize(
    ("neuron", "delay", "message"),
    [
        (IF(), 0, "needs a source that speaks in words of as many, .* found `a`, which may spike"),
        (Bistable(1, 3), 0, "of 4 phases needs .* found `a`, words of 3 phases of stage 1"),
        (Bistable(1, 4), 2, "over a delay of whole words; found `a` over a delay of 2 ticks"),
    ],
)
def test_only_words_are_pooled(neuron, delay, message):
    shape = (1, 2, 2)
    pool = PhaseMaximum(4, (2, 2))
    with pytest.raises(NetworkError, match=message):
        network(
            layer("a", neuron, "in", shape=shape),
            layer("max", pool, Link("a", delay=delay), shape=(1, 1, 1)),
            shape=shape,
        )


def test_spikes_that_feed_max_pooling_must_be_words():
    net = network(layer("max", PhaseMaximum(2, (1, 2)), "in", shape=(1, 1, 1)), shape=(1, 1, 2))
    simulate(net, phase_coded(np.ones((1, 1, 1, 2)), 2), ticks=4)
    wrong = Spikes((1, 1, 2), np.array([1]), np.array([0]), np.array([0.5]))
    with pytest.raises(InputError, match="must be words of 2 phases"):
        simulate(net, wrong, ticks=4)


def test_spikes_too_early_and_images_through_relays_are_refused():
    late = network(layer("a", Bistable(2, 4), "in"))
    with pytest.raises(InputError, match="layer `a` of stage 2, which would not hear them"):
        simulate(late, Spikes((2,), np.array([0]), np.array([0])), ticks=4)
    assert simulate(late, np.ones(2), ticks=12).counts.spikes["a"] == 8
    relayed = network(layer("sum", Relay(), "in"), layer("a", Bistable(1, 4), "sum"))
    with pytest.raises(InputError, match="reaches layer `a` through a relay"):
        simulate(relayed, np.ones(2), ticks=4)


def test_losses_are_counted():
    """Words of stage 1 arrive while a layer of stage 3 still waits, and then listens."""
    net = network(
        layer("a", Bistable(1, 2), "in"),
        layer("b", Bistable(3, 2, 0.5, allow_loss=True), "a"),
        layer("c", Bistable(2, 2, allow_loss=True), "a"),
    )
    counts = simulate(net, np.array([0.5, 0.0]), ticks=12).counts
    lost = {link.target: (link.synops, link.lost) for link in counts.links}
    # `a` spikes in ticks 2, 6 and 10, in cycles 1, 3 and 5
    assert lost["c"] == (3, 0)
    assert lost["b"] == (3, 3)
    assert counts.lost == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bistable(0, 4), "Bistable.stage: expected an int >= 1, found 0"),
        (lambda: Bistable(1, 17), r"Bistable.phases: expected an int in 1..16, found 17"),
        (lambda: Bistable(1, 4, 0.0), "Bistable.threshold: expected positive values"),
        (lambda: Bistable(1, 4, readings=0), "Bistable.readings: expected an int >= 1"),
        (lambda: Synchronous(1, 4, carry=True), "Synchronous: threshold, carry and rounding"),
        (lambda: PhaseMaximum(0, (2, 2)), "PhaseMaximum.phases"),
        (lambda: PhaseIF(4, -1.0), "PhaseIF.threshold: expected positive"),
        (lambda: PhaseAccumulator(1.5, 4), "PhaseAccumulator.stage"),
    ],
)
def test_impossible_parameters_are_refused(make, message):
    with pytest.raises(NetworkError, match=message):
        make()


def test_words_spell_numbers():
    spikes = phase_coded([[0.625, 0.3, 1.5, -1.0]], 3)
    assert spikes.counts().tolist() == [0.625, 0.25, 0.875, 0.0]
    assert phase_coded([[0.3]], 3, rounding=True).counts().tolist() == [0.25]
    assert phase_coded([[0.32]], 3, rounding=True).counts().tolist() == [0.375]
    assert phase_coded([[0.5], [0.5]], 3).tick.tolist() == [0, 6]
    with pytest.raises(InputError, match="phases: expected 1 to 16"):
        phase_coded([[0.5]], 0)
    with pytest.raises(InputError, match="expected finite values"):
        phase_coded([np.nan], 2)


def test_images_are_spelt_as_they_are_asked_for():
    images = np.array([[[0.0]], [[3.0]], [[-1.0]]]).reshape(3, 1, 1, 1)
    node = Input("in", (1, 1, 1), Words(2, [-1.0], [16 / 3], readings=2))
    coded = [code(node, image) for image in images]
    assert [spikes.tick.tolist() for spikes in coded] == [[1, 5], [0, 1, 4, 5], []]
    assert code(node, images[0], 8).tick.tolist() == [9, 13]
    with pytest.raises(InputError, match="begin at multiples of 4 ticks, found tick 2"):
        code(node, images[0], 2)


def test_only_read_outs_of_words_have_readings():
    net = network(layer("out", PhaseAccumulator(2, 4), Link("in", delay=4)))
    assert reading_ticks(net, 3).tolist() == [8, 16, 24]
    with pytest.raises(InputError, match="expected a PhaseAccumulator, found IF"):
        reading_ticks(network(layer("out", IF(), "in")), 1)
