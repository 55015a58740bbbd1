"""One line per bad call: what is raised, and the words that help."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from eventsnn import (
    IF,
    LI,
    LIF,
    AvgPool2d,
    Burst,
    Conv2d,
    CubaLIF,
    Currents,
    CycleError,
    DataError,
    EventsnnError,
    Flatten,
    Input,
    InputError,
    Layer,
    Linear,
    Link,
    Network,
    NetworkError,
    Record,
    Relay,
    RunningMaximum,
    Scale,
    ShapeError,
    Signed,
    Sparse,
    Spikes,
    Subsample,
    ToValue,
    evaluate,
    simulate,
    simulate_batch,
)

W = np.ones
IMAGE = Input("image", (2, 4, 4))


def layer(*chain, shape=(3,), neuron=None, name="out", source="image", bias=0.0, delay=0):
    links = (Link(source, chain, delay),)
    return Layer(name, shape, IF() if neuron is None else neuron, links, bias)


def net(*layers, output=""):
    return Network((IMAGE,), layers, output)


TWO_INPUTS = Network(
    (Input("a", (1,)), Input("b", (1,))), (Layer("out", (1,), IF(), (Link("a"), Link("b"))),)
)


def run(x, ticks=3, network=None, **options):
    network = net(layer(shape=(2, 4, 4))) if network is None else network
    return simulate(network, x, ticks=ticks, **options)


def run_batch(x, **options):
    return simulate_batch(net(layer(shape=(2, 4, 4))), x, ticks=3, **options)


ANSWERS = net(layer(AvgPool2d(4), shape=(2, 1, 1)))

BAD = {
    # neurons and parameters
    "threshold 0": (lambda: IF(0.0), NetworkError, "positive"),
    "threshold NaN": (lambda: IF(np.array([1, np.nan])), NetworkError, "1 of 2 values are NaN"),
    "v0 text": (lambda: IF(v0="high"), NetworkError, "expected numbers"),
    "reset kind": (lambda: IF(reset="soft"), NetworkError, "Subtract()"),
    "decay -0.5": (lambda: LIF(-0.5), NetworkError, "exp(-dt / tau)"),
    "decay 1.5": (lambda: LI(decay=1.5), NetworkError, "[0, 1]"),
    "synaptic decay 1": (lambda: CubaLIF(1.0, 0.5), NetworkError, "use LIF"),
    "refractory -1": (lambda: IF(refractory=-1), NetworkError, "whole ticks"),
    "refractory 0.5": (lambda: LIF(0.5, refractory=0.5), NetworkError, "whole ticks"),
    "v_min": (lambda: layer(neuron=IF(v_min=1.0)), NetworkError, "below the threshold"),
    "v_max": (lambda: layer(neuron=IF(v_max=0.5)), NetworkError, "v_max must not lie below"),
    "burst limit": (
        lambda: Burst(max_spikes=0),
        NetworkError,
        "Burst.max_spikes: expected",
    ),
    "signed limit": (
        lambda: Signed(max_spikes=1.5),
        NetworkError,
        "Signed.max_spikes: expected",
    ),
    "signed negative": (lambda: Signed(negative=-1.0), NetworkError, ">= 0"),
    "not a neuron": (lambda: layer(shape=(3,), neuron="LIF"), NetworkError, "not a neuron model"),
    "per channel": (lambda: layer(shape=(3, 2, 2), neuron=IF(W(3))), ShapeError, "(3, 1, 1)"),
    "bias per channel": (lambda: layer(shape=(3, 3, 3), bias=W(3)), ShapeError, "(3, 1, 1)"),
    "reset shape": (
        lambda: layer(shape=(3,), neuron=IF(reset=ToValue(W(4)))),
        ShapeError,
        "reset value: shape (4,) does not broadcast to (3,)",
    ),
    # synapses
    "dense 1-d": (lambda: Linear(W(3)), ShapeError, "(out, in)"),
    "dense inf": (lambda: Linear(W((2, 2)) * np.inf), NetworkError, "4 of 4 values"),
    "conv 3-d": (lambda: Conv2d(W((1, 2, 3))), ShapeError, "C_in/groups"),
    "conv stride": (lambda: Conv2d(W((1, 1, 3, 3)), stride=0), ShapeError, ">= 1"),
    "conv padding": (lambda: Conv2d(W((1, 1, 3, 3)), padding="same"), ShapeError, "'same'"),
    "conv groups": (lambda: Conv2d(W((3, 1, 3, 3)), groups=2), ShapeError, "does not divide"),
    "pool padding": (lambda: AvgPool2d(2, padding=2), ShapeError, "half the kernel"),
    "sparse array": (lambda: Sparse(W((2, 2))), ShapeError, "use Linear"),
    "scale NaN": (lambda: Scale(np.nan), NetworkError, "NaN"),
    # links and layers
    "channels": (
        lambda: net(layer(Conv2d(W((3, 4, 3, 3))), shape=(3, 2, 2))),
        ShapeError,
        "expects 4 input channels, the source has shape (2, 4, 4)",
    ),
    "kernel too large": (
        lambda: net(layer(Conv2d(W((3, 2, 5, 5))), shape=(3, 1, 1))),
        ShapeError,
        "larger than the image",
    ),
    "dense on image": (lambda: net(layer(Linear(W((3, 32))))), ShapeError, "put Flatten() first"),
    "dense inputs": (
        lambda: net(layer(Flatten(), Linear(W((3, 31))))),
        ShapeError,
        "synapse 1 of the chain: Linear weight (3, 31) expects 31 inputs, the source has 32",
    ),
    "layer shape": (lambda: net(layer(Flatten())), ShapeError, "delivers (32,)"),
    "not a synapse": (lambda: net(layer("conv")), NetworkError, "not a synapse"),
    "delay": (lambda: Link("image", (), -1), NetworkError, "delay must be an int >= 0"),
    "delay 0.5": (lambda: Link("image", (), 0.5), NetworkError, "0.5"),
    "two links": (
        lambda: Layer("m", (2, 2, 2), RunningMaximum((2, 2)), (Link("image"), Link("image"))),
        NetworkError,
        "exactly one link",
    ),
    "maximum bias": (
        lambda: layer(shape=(2, 2, 2), neuron=RunningMaximum((2, 2)), bias=1.0),
        NetworkError,
        "no bias",
    ),
    "shape 0": (lambda: Input("image", (0, 3)), ShapeError, "positive sizes"),
    # networks
    "no source": (
        lambda: net(layer(shape=(3,), source="imgae")),
        NetworkError,
        "known are `image`",
    ),
    "same name": (lambda: net(layer(shape=(2, 4, 4), name="image")), NetworkError, "2 times"),
    "output": (lambda: net(layer(shape=(2, 4, 4)), output="x"), NetworkError, "`x` is not a layer"),
    "empty": (lambda: Network((), ()), NetworkError, "at least one input"),
    "cycle": (
        lambda: net(layer(shape=(2, 4, 4), source="out")),
        CycleError,
        "give at least one link of the cycle delay >= 1",
    ),
    # spikes
    "index range": (lambda: Spikes((2,), np.array([0]), np.array([2])), InputError, "out of range"),
    "lengths": (lambda: Spikes((2,), np.array([0, 1]), np.array([0])), InputError, "2, 1, 2"),
    "float ticks": (lambda: Spikes((2,), np.array([0.5]), np.array([0])), InputError, "integers"),
    "tick < 0": (lambda: Spikes((2,), np.array([-1]), np.array([0])), InputError, "start at 0"),
    "amplitude 0": (
        lambda: Spikes((2,), np.array([0]), np.array([0]), np.array([0.0])),
        InputError,
        "not 0",
    ),
    "dense train": (lambda: Spikes.from_dense(W(3)), InputError, "(ticks, *shape)"),
    # runs
    "ticks": (lambda: run(W((2, 4, 4)), ticks=0), InputError, "ticks must be an int >= 1, found 0"),
    "ticks 2.5": (lambda: run(W((2, 4, 4)), ticks=2.5), InputError, "2.5"),
    "image shape": (lambda: run(W((4, 4, 2))), InputError, "Spikes.from_dense(train)"),
    "image NaN": (lambda: run(W((2, 4, 4)) * np.nan), InputError, "NaN"),
    "spikes shape": (
        lambda: run(Spikes((3,), np.array([0]), np.array([0]))),
        InputError,
        "the spikes have (3,)",
    ),
    "unknown input": (lambda: run({"x": W((2, 4, 4))}), InputError, "expected inputs ['image']"),
    "several inputs": (
        lambda: run(W((2, 4, 4)), network=TWO_INPUTS),
        InputError,
        "pass a mapping with keys `a`, `b`",
    ),
    "samples of inputs": (
        lambda: run({"a": W((2, 1)), "b": W((3, 1))}, network=TWO_INPUTS),
        InputError,
        "the same number of samples, found `a` 2, `b` 3",
    ),
    "currents from nowhere": (lambda: Currents((), W((0, 2))), InputError, "expected ticks (n,)"),
    "currents going back": (
        lambda: Currents((0, 3, 3), W((3, 2))),
        InputError,
        "rising ticks >= 0, found (0, 3, 3)",
    ),
    "currents of text": (lambda: Currents((0,), "a"), InputError, "expected an array (1, *shape)"),
    "currents without a shape": (
        lambda: Currents((0, 2), W((3, 2))),
        InputError,
        "expected (2, *shape), one for each start, found shape (3, 2)",
    ),
    "infinite currents": (
        lambda: Currents((0,), W((1, 2)) * np.inf),
        InputError,
        "NaN or infinite",
    ),
    "text": (lambda: run("image.png"), InputError, "expected an array"),
    "record": (lambda: run(W((2, 4, 4)), record=Record(spikes=("x",))), InputError, "no layer `x`"),
    "record text": (lambda: Record(spikes="out"), InputError, "tuple of layer names"),
    "workers": (lambda: run_batch(W((1, 2, 4, 4)), workers=0), InputError, "workers must be >= 1"),
    "a batch for simulate": (
        lambda: run(W((3, 2, 4, 4))),
        InputError,
        "a batch of 3; simulate_batch",
    ),
    "one sample for simulate_batch": (
        lambda: run_batch(W((2, 4, 4))),
        InputError,
        "simulate runs one",
    ),
    "precision": (lambda: run(W((2, 4, 4)), precision="f16"), NetworkError, "'float32'"),
    "granularity": (lambda: run(W((2, 4, 4)), granularity="lazy"), NetworkError, "'touched'"),
    "granularity layer": (
        lambda: run(W((2, 4, 4)), granularity={"x": "swept"}),
        NetworkError,
        "no layer `x`",
    ),
    "order": (lambda: run(W((2, 4, 4)), order="fast"), NetworkError, "'by_layer'"),
    "image to maximum": (
        lambda: run(
            W((2, 4, 4)), network=net(layer(shape=(2, 2, 2), neuron=RunningMaximum((2, 2))))
        ),
        InputError,
        "pool the image before",
    ),
    "not a network": (
        lambda: simulate("net.h5", W((2, 4, 4)), ticks=1),
        NetworkError,
        "has one as .network, and an .evaluate), found",
    ),
    # data sets
    "not a network to evaluate": (
        lambda: evaluate("net.h5", W((1, 2, 4, 4)), None, ticks=1),
        NetworkError,
        "expected a Network",
    ),
    "no samples": (
        lambda: evaluate(net(layer(shape=(2, 4, 4))), W((0, 2, 4, 4)), None, ticks=1),
        InputError,
        "no samples",
    ),
    "labels": (
        lambda: evaluate(ANSWERS, W((2, 2, 4, 4)), np.zeros(3, int), ticks=1),
        DataError,
        "one label for each of the 2 samples, found shape (3,)",
    ),
    "an answer for every pixel": (
        lambda: evaluate(net(layer(shape=(2, 4, 4))), W((2, 2, 4, 4)), None, ticks=1),
        InputError,
        "output `out` has shape (2, 4, 4); the accuracy",
    ),
}


@pytest.mark.parametrize(("call", "kind", "words"), BAD.values(), ids=BAD.keys())
def test_bad_call(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value)
    assert isinstance(caught.value, EventsnnError)
    assert isinstance(caught.value, ValueError)


def test_a_relay_and_an_accumulator_are_fine():
    chain = (Subsample(2), Flatten(), Linear(W((3, 8))))
    relay = layer(shape=(2, 4, 4), neuron=Relay(), name="relay")
    out = layer(*chain, neuron=LI(), source="relay")
    assert run(W((2, 4, 4)), network=net(relay, out)).output.tolist() == [24.0] * 3


def test_sparse_keeps_stored_zeros():
    weight = sp.csr_array(([0.0, 1.0], ([0, 1], [0, 0])), shape=(2, 1))
    out = Layer("out", (2,), LI(), (Link("in", (Sparse(weight),)),))
    network = Network((Input("in", (1,)),), (out,))
    run = simulate(network, Spikes((1,), np.array([0]), np.array([0])), ticks=1)
    assert run.counts.synops == 2
