"""The terms of Lemaire et al., 2022, table by table, by hand, for a network of 3 layers."""

from __future__ import annotations

import numpy as np
import pytest

from eventsnn.counts.counts import Counts, LinkCount
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.neurons import IF, LI
from eventsnn.description.synapses import Conv2d, Flatten, Linear
from eventsnn.energy import LEMAIRE, Operations, energy

SAMPLES, TICKS = 2, 10

# image (2, 4, 4) -> conv 3x3, pad 1: (3, 4, 4), biased -> conv 3x3, stride 2, pad 1: (5, 2, 2)
# -> dense 20 -> 7, biased
NETWORK = Network(
    (Input("image", (2, 4, 4)),),
    (
        Layer(
            "first",
            (3, 4, 4),
            IF(),
            (Link("image", (Conv2d(np.ones((3, 2, 3, 3)), padding=1),)),),
            bias=np.ones((3, 1, 1)),
        ),
        Layer(
            "second",
            (5, 2, 2),
            IF(),
            (Link("first", (Conv2d(np.ones((5, 3, 3, 3)), 2, 1),)),),
        ),
        Layer(
            "third",
            (7,),
            LI(),
            (Link("second", (Flatten(), Linear(np.ones((7, 20))))),),
            bias=np.ones(7),
        ),
    ),
)
# per inference: 24 of the 32 pixels are not 0, `first` spikes 60 times, `second` 11 times
COUNTS = Counts(
    spikes={"image": 0, "first": 120, "second": 22, "third": 0},
    links=(
        LinkCount("image", "first", 0, 0, 0, 0, 0),
        LinkCount("first", "second", 1000, 1000, 0, 120, 1000),
        LinkCount("second", "third", 154, 154, 0, 22, 154),
    ),
    input_macs=1200,
    input_adds=960,
    bias_adds=1100,
    comparisons=0,
    resets={"first": 120, "second": 22, "third": 0},
    input_macs_effective=900,
    input_nonzeros=48,
)
OPERATIONS = Operations.per_inference(COUNTS, SAMPLES, NETWORK, TICKS)
MAC, ADD = 3.2, 0.1


def ram(words: int) -> float:
    return 1.09e-5 * words * 32 + 13.2


def test_an_analog_first_layer_does_the_counts_of_the_ann_for_one_step() -> None:
    rate = 24 / 32
    macs = 3 * 4 * 4 * 2 * 9  # Co Ho Wo Ci k
    found = LEMAIRE.snn_layer(OPERATIONS.layers[0], TICKS)
    assert found == pytest.approx(
        {
            "arithmetic": rate * macs * MAC + (10 * 48 + 60) * ADD,
            "weights": rate * macs * ram(54),
            "potentials": 2 * 10 * 48 * ram(48),
            "biases": 10 * 48 * ram(3),
            "inputs and outputs": rate * macs * ram(32) + 60 * ram(0),
            "addressing": rate * (2 * 16 + 48 + 3 * 9) * ADD,
        }
    )


def test_a_convolution_between_spikes() -> None:
    found = LEMAIRE.snn_layer(OPERATIONS.layers[1], TICKS)
    assert found == pytest.approx(
        {
            # th_in ceil(3/2) ceil(3/2) Co + T Co Ho Wo + th_out
            "arithmetic": (60 * 2 * 2 * 5 + 10 * 20 + 11) * ADD,
            "weights": 60 * 5 * 9 * ram(135),
            "potentials": 2 * (60 * 5 * 9 + 10 * 20) * ram(20),
            "biases": 0.0,
            "inputs and outputs": 60 * ram(0) + 11 * ram(0),
            "addressing": 2 * 60 * MAC + 60 * 5 * 9 * ADD,
        }
    )


def test_a_dense_layer_that_is_read_out() -> None:
    found = LEMAIRE.snn_layer(OPERATIONS.layers[2], TICKS)
    assert found == pytest.approx(
        {
            "arithmetic": (11 * 7 + 10 * 7 + 0) * ADD,
            "weights": 11 * 7 * ram(140),
            "potentials": 2 * (11 * 7 + 10 * 7) * ram(7),
            "biases": 10 * 7 * ram(7),
            "inputs and outputs": 11 * ram(0),
            "addressing": 11 * 7 * ADD,
        }
    )


def test_the_ann() -> None:
    first, second, third = (LEMAIRE.ann_layer(layer) for layer in OPERATIONS.layers)
    macs = 3 * 4 * 4 * 2 * 9
    assert first == pytest.approx(
        {
            "arithmetic": macs * MAC + 48 * ADD,
            "weights": macs * ram(54),
            "biases": 48 * ram(3),
            "inputs and outputs": macs * ram(32) + 48 * ram(48),
            "addressing": (32 + 48 + 3 * 9) * ADD,
        }
    )
    macs = 5 * 2 * 2 * 3 * 9
    assert second == pytest.approx(
        {
            "arithmetic": macs * MAC,
            "weights": macs * ram(135),
            "inputs and outputs": macs * ram(48) + 20 * ram(20),
            "addressing": (48 + 20 + 5 * 9) * ADD,
        }
    )
    assert third == pytest.approx(
        {
            "arithmetic": 140 * MAC + 7 * ADD,
            "weights": 140 * ram(140),
            "biases": 7 * ram(7),
            "inputs and outputs": 20 * ram(20) + 7 * ram(7),
            "addressing": 140 * ADD,
        }
    )
    whole = energy(OPERATIONS, 5, LEMAIRE)
    assert whole.ann == pytest.approx(sum(sum(each.values()) for each in (first, second, third)))
    assert whole.snn == pytest.approx(
        sum(sum(LEMAIRE.snn_layer(layer, TICKS).values()) for layer in OPERATIONS.layers)
    )
    assert energy(OPERATIONS, None, LEMAIRE).ann is None


def test_a_shortcut_has_no_weights_to_read() -> None:
    layers = (
        Layer("a", (4,), IF(), (Link("in", (Linear(np.ones((4, 4))),)),)),
        Layer("b", (4,), IF(), (Link("a"),)),
    )
    network = Network((Input("in", (4,)),), layers)
    counts = Counts(
        spikes={"in": 3, "a": 6, "b": 2},
        links=(LinkCount("in", "a", 12, 12, 0, 3, 12), LinkCount("a", "b", 6, 6, 0, 6, 6)),
        input_macs=0,
        input_adds=0,
        bias_adds=0,
        comparisons=0,
        resets={"a": 6, "b": 2},
        input_macs_effective=0,
        input_nonzeros=0,
    )
    layer = Operations.per_inference(counts, 1, network, 5).layers[1]
    found = LEMAIRE.snn_layer(layer, 5)
    assert found["weights"] == 0
    assert found["potentials"] == pytest.approx(2 * (6 + 5 * 4) * ram(4))
    assert found["arithmetic"] == pytest.approx((6 + 5 * 4 + 2) * ADD)


def test_an_image_in_every_tick_is_that_many_steps() -> None:
    once = OPERATIONS.layers[0].links[0]
    every = OPERATIONS.image_in_every_tick().layers[0].links[0]
    assert (once.image, every.image) == (0.75, 7.5)
