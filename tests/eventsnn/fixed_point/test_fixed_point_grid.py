"""Fixed point: the grid of a layer, what is refused, and what becomes of inputs."""

from __future__ import annotations

import numpy as np
import pytest

from eventsnn import (
    IF,
    LI,
    LIF,
    AvgPool2d,
    Conv2d,
    Currents,
    Flatten,
    Input,
    InputError,
    Layer,
    Linear,
    Link,
    Network,
    NetworkError,
    Noise,
    Relay,
    Scale,
    Spikes,
    SumPool2d,
    evaluate,
    quantize,
    simulate,
)
from eventsnn.signals.samples import coded_sample

RNG = np.random.default_rng(0)


def convolution(bits=8):
    """An image, a convolution of channels of very different size, a residual join, a read-out."""
    weight = RNG.normal(size=(3, 2, 3, 3)) * np.array([1.0, 0.05, 0.0]).reshape(3, 1, 1, 1)
    layers = (
        Layer(
            "conv",
            (3, 4, 4),
            IF(0.7, v0=0.35),
            (Link("x", (Conv2d(weight, padding=1),)),),
            np.array([0.01, 0.2, 0.1]).reshape(3, 1, 1),
        ),
        Layer("join", (3, 4, 4), IF(1.3), (Link("conv", (Scale(0.7),)), Link("conv", ()))),
        Layer(
            "out",
            (5,),
            LI(),
            (Link("join", (AvgPool2d(4), Flatten(), Linear(RNG.normal(size=(5, 3))))),),
        ),
    )
    network = Network((Input("x", (2, 4, 4)),), layers)
    return network, quantize(network, ticks=40, weight_bits=bits, analog=1.0)


def test_channels_have_steps_of_their_own_and_thresholds_are_exact():
    network, fixed = convolution()
    steps = fixed.layers["conv"].step
    assert steps.shape == (3, 1, 1)
    whole = fixed.network.layer("conv")
    assert np.allclose(whole.neuron.threshold * steps, 0.7, rtol=1e-12)
    weight, real = whole.links[0].chain[0].weight, network.layer("conv").links[0].chain[0].weight
    step = steps.reshape(3, 1, 1, 1) / fixed.network.inputs[0].coding.step
    assert np.all(np.abs(weight * step - real) <= 0.51 * step)
    assert np.abs(weight).max(axis=(1, 2, 3)).tolist() == [127, 127, 0]
    # a dead channel asks for no step at all; its threshold stays within reach
    assert whole.neuron.threshold[2, 0, 0] == 2**18


def test_pools_are_sums_and_scales_numbers_of_the_potential():
    _, fixed = convolution()
    pool, _, dense = fixed.network.layer("out").links[0].chain
    assert pool == SumPool2d(4)
    assert np.abs(dense.weight).max() == 127
    assert fixed.layers["out"].step.shape == ()
    assert fixed.layers["out"].bits == 32
    join = fixed.network.layer("join")
    step = fixed.layers["join"].step
    assert np.allclose(join.links[0].chain[0].factor * step, 0.7, atol=0.5 * step.max())
    assert np.allclose(join.links[1].chain[0].factor * step, 1.0, atol=0.5 * step.max())


def test_potentials_in_original_units_follow_the_original_network():
    network, fixed = convolution(bits=12)
    image = RNG.uniform(-1, 1, size=(2, 4, 4))
    original = simulate(network, image, ticks=40)
    whole = simulate(fixed.network, image, ticks=40, precision=fixed.integers.precision)
    step = float(fixed.layers["out"].step)
    assert np.allclose(whole.output * step, original.output, atol=0.1 * abs(original.output).max())
    assert whole.counts.input_macs == original.counts.input_macs


def test_a_large_weight_saturates_instead_of_raising_the_threshold():
    layer = Layer("n", (1,), IF(0.01), (Link("x", (Linear([[5.0, 0.004]]),)),))
    fixed = quantize(Network((Input("x", (2,)),), (layer,)), ticks=8)
    n = fixed.network.layers[0]
    assert np.all(n.neuron.threshold == 1)
    assert n.links[0].chain[0].weight.tolist() == [[127.0, 0.0]]
    assert fixed.layers["n"].weight_error > 0.5


def test_a_fine_grid_runs_in_float64():
    layer = Layer("n", (1,), LI(), (Link("x", (Linear([[1.0]]),)),))
    network = Network((Input("x", (1,)),), (layer,))
    assert quantize(network, ticks=100).integers.precision == "float32"
    assert quantize(network, ticks=100_000).integers.precision == "float64"
    with pytest.raises(NetworkError, match="32 bits hold"):
        quantize(network, ticks=100_000_000)


def one(neuron):
    return Network((Input("x", (2,)),), (Layer("bad", (2,), neuron, (Link("x"),)),))


REFUSED = {
    "leak": (one(LIF(0.9)), {}, "layer `bad`: LIF has no fixed point: a leak"),
    "leaky read-out": (one(LI(decay=0.5)), {}, "layer `bad`: LI .* a leak"),
    "noise": (one(IF(noise=Noise(0.1))), {}, "layer `bad`: IF has no fixed point: noise"),
    "relay": (one(Relay()), {}, "layer `bad`: Relay has no fixed point: its amplitudes"),
    "weight bits": (one(IF()), {"weight_bits": 1}, "weight_bits: expected 2 to 16"),
    "input bits": (one(IF()), {"input_bits": 40}, "input_bits: expected 2 to 16"),
    "potential bits": (one(IF()), {"potential_bits": 24}, "potential_bits: expected 16 or 32"),
    "clamp": (one(IF()), {"clamp": 0.5}, "clamp: expected a number of thresholds >= 1"),
    "spikes": (one(IF()), {"most_spikes": 0}, "most_spikes: expected an int >= 1"),
    "range": (one(IF()), {"analog": -1.0}, "expected a range > 0 for `x`"),
    "input": (one(IF()), {"analog": {"y": 1.0}}, "no input `y`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_fixed_point_is_refused_by_name(name):
    network, options, message = REFUSED[name]
    with pytest.raises((NetworkError, InputError), match=message):
        quantize(network, ticks=10, **options)


def test_a_refusal_says_what_was_found_what_is_allowed_and_what_helps():
    layer = Layer("wide", (1,), IF(100.0), (Link("x", (Linear([[127.0]]),)),))
    with pytest.raises(NetworkError) as refused:
        quantize(Network((Input("x", (1,)),), (layer,)), ticks=2000, potential_bits=16)
    assert str(refused.value) == (
        "layer `wide`: within 2000 ticks its potential may run from -254,127 to 54,226; 16 bits "
        "hold -32,768 to 32,767; what helps: clamps (v_min and v_max, or clamp=2), fewer weight "
        "bits than 8, fewer ticks than 2000, 32-bit potentials"
    )


def flows(fixed, value):
    """What reaches the first synapses."""
    (sample,) = coded_sample(fixed.network, value)[1].values()
    return sample


def test_inputs_are_rounded_to_their_step_or_refused():
    analog = quantize(one(IF()), ticks=4, analog=2.0, input_bits=4)
    assert flows(analog, np.array([2.0, -0.3])).values.tolist() == [[7.0, -1.0]]
    changing = Currents((1,), np.array([[2.0, 0.0]]))
    assert flows(analog, changing) == Currents((1,), np.array([[7.0, 0.0]]))
    with pytest.raises(InputError, match=r"magnitude 2\.286, the range that was proven ends at 2"):
        flows(analog, np.array([0.0, -2.3]))
    with pytest.raises(InputError, match="found spikes"):
        flows(analog, Spikes((2,), [0], [0]))
    spikes = quantize(one(IF()), ticks=4)
    with pytest.raises(InputError, match="takes events, found an array"):
        flows(spikes, np.zeros(2))
    with pytest.raises(InputError, match="takes events, found Currents"):
        flows(spikes, changing)
    with pytest.raises(InputError, match="whole amplitudes"):
        flows(spikes, Spikes((2,), [0], [0], [0.5]))
    with pytest.raises(InputError, match="most_spikes=2"):
        flows(spikes, Spikes((2,), [0, 0], [1, 1]))
    silent = Spikes((2,), [], [])
    assert flows(spikes, silent) == silent


def test_samples_are_put_into_steps_as_they_are_evaluated():
    network, fixed = convolution()
    images = RNG.uniform(-1, 1, size=(9, 2, 4, 4))
    found = fixed.evaluate(images)
    near = evaluate(network, images, None, ticks=40)
    assert np.mean(found.predictions == near.predictions) > 0.8


def test_wide_sums_are_exact_in_the_precision_that_is_told_and_in_no_less():
    size = 40
    weight, image = RNG.uniform(0, 1, size=(3, size)), RNG.uniform(0, 1, size=size)
    layer = Layer("out", (3,), LI(), (Link("x", (Linear(weight),)),))
    network = Network((Input("x", (size,)),), (layer,))
    fixed = quantize(network, ticks=1, weight_bits=12, input_bits=12, analog=1.0)
    given = np.rint(image / fixed.network.inputs[0].coding.step)
    wanted = fixed.network.layers[0].links[0].chain[0].weight.astype(int) @ given.astype(int)
    assert fixed.integers.precision == "float64"
    found = simulate(fixed.network, image, ticks=1, precision=fixed.integers.precision).output
    assert np.array_equal(found, wanted)
    coarse = simulate(fixed.network, image, ticks=1, precision="float32").output
    assert not np.array_equal(coarse, wanted)


def test_clamps_close_to_the_threshold_stay_on_their_side_of_it():
    just_below, just_above = np.nextafter(0.7, 0), np.nextafter(0.7, 1)
    coarse = np.array([[[0.7, 0.72]]])  # both become the same number of steps
    link = Link("x", (Conv2d([[[[0.6]]]]),))
    for neuron in (
        IF(0.7, v_min=just_below),
        IF(0.7, v_max=just_above),
        IF(coarse, v_min=coarse - 0.01),
    ):
        layer = Layer("n", (1, 1, 2), neuron, (link,))
        fixed = quantize(Network((Input("x", (1, 1, 2)),), (layer,)), ticks=9, weight_bits=3)
        whole = fixed.network.layers[0].neuron
        assert whole.v_min is None or np.all(whole.v_min < whole.threshold)
        assert whole.v_max is None or np.all(np.isin(whole.v_max - whole.threshold, (0, 1)))
