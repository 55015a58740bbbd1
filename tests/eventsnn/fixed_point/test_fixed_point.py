"""Fixed point: engine, oracle and integer registers agree to the bit, and nothing overflows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from profiles import examples

from eventsnn import (
    IF,
    LI,
    Burst,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    NetworkError,
    NoReset,
    Signed,
    Sparse,
    Spikes,
    Subtract,
    ToValue,
    oracle,
    quantize,
)
from eventsnn.signals.samples import coded_sample
from eventsnn.testing import assert_equals_oracle, fixed_point_cases, run_integers


def put_into_integers(case):
    """None where the proof fails, which it may."""
    try:
        return quantize(case.network, ticks=case.ticks, **case.options)
    except NetworkError as error:
        if "bits hold" not in str(error):
            raise
        return None


@settings(max_examples=examples(80))
@given(case=fixed_point_cases())
def test_engine_oracle_and_registers_are_equal_and_stay_within_the_proven_range(case):
    fixed = put_into_integers(case)
    if fixed is None:
        return
    plain, inputs = coded_sample(fixed.network, case.inputs)
    bits = {name: layer.bits for name, layer in fixed.layers.items()}
    machine = run_integers(plain, inputs, ticks=case.ticks, bits=bits)
    for name, layer in fixed.layers.items():
        lowest, highest = machine.reached[name]
        assert layer.extent.lowest <= lowest
        assert highest <= layer.extent.highest
    trace = oracle.simulate(fixed.network, case.inputs, ticks=case.ticks)
    for name in fixed.layers:
        shape = trace.spikes[name].shape
        assert np.array_equal(machine.spikes[name].reshape(shape), trace.spikes[name])
        assert np.array_equal(machine.potentials[name].reshape(shape), trace.potentials[name])
    for granularity in ("swept", "touched"):
        assert_equals_oracle(
            fixed.network,
            case.inputs,
            ticks=case.ticks,
            precision=fixed.integers.precision,
            granularity=granularity,
        )


@settings(max_examples=examples(40))
@given(case=fixed_point_cases())
def test_everything_is_on_the_grid(case):
    fixed = put_into_integers(case)
    if fixed is None:
        return
    most = 2 ** (case.options["weight_bits"] - 1) - 1
    for layer in fixed.network.layers:
        names = ("threshold", "v0", "v_min", "v_max", "negative")
        numbers = [layer.bias, *(getattr(layer.neuron, name, None) for name in names)]
        for synapse in (synapse for link in layer.links for synapse in link.chain):
            numbers.append(getattr(synapse, "factor", None))
            weight = getattr(synapse, "weight", None)
            values = weight.data if isinstance(synapse, Sparse) else weight
            assert values is None or np.all(np.abs(values) <= most)
            numbers.append(values)
        for values in numbers:
            assert values is None or np.array_equal(values, np.rint(values))


def test_most_draws_have_a_fixed_point():
    """Always the same draws: no matter of luck."""
    accepted = {16: [], 32: []}

    @settings(derandomize=True, max_examples=60)
    @given(case=fixed_point_cases())
    def look(case):
        accepted[case.options["potential_bits"]].append(put_into_integers(case) is not None)

    look()
    assert np.mean(accepted[32]) > 0.9
    assert np.mean(accepted[16]) > 0.5


def driven(neuron, weight, bias=0.0):
    """One neuron behind one input; 8-bit weights, so 127 steps where theta allows it."""
    layer = Layer("n", (1,), neuron, (Link("x", (Linear([[weight]]),)),), bias)
    return Network((Input("x", (1,)),), (layer,))


RAMPS = {
    "sinks": (IF(100.0, v0=3.0), -127.0, 0.0),
    "sinks from far below": (IF(100.0, v0=-900.0), -127.0, -5.0),
    "sinks to a floor": (IF(100.0, v0=-900.0, v_min=-200.0), -127.0, 0.0),
    "rises faster than it fires": (IF(100.0), 127.0, 0.0),
    "takes off more than the threshold": (IF(100.0, Subtract(120.0)), 127.0, 5.0),
    "never reset": (IF(100.0, NoReset()), 127.0, 0.0),
    "burst": (Burst(30.0, 3), 127.0, 2.0),
    "signed": (Signed(60.0, 10.0), 127.0, 0.0),
    "adds up": (LI(), 127.0, -3.0),
    "ceiling": (IF(30.0, v_max=150.0), 127.0, 2.0),
    "ceiling, never reset": (IF(100.0, NoReset(), v_max=300.0), 127.0, 0.0),
    "set far below": (IF(100.0, ToValue(-4000.0)), 127.0, 0.0),
}


@pytest.mark.parametrize("name", RAMPS)
def test_the_proven_range_is_reached_but_for_one_tick(name):
    """And not beyond it. A bound that is never near would refuse networks for nothing."""
    neuron, weight, bias = RAMPS[name]
    ticks = 50
    fixed = quantize(driven(neuron, weight, bias), ticks=ticks)
    extent, whole = fixed.layers["n"].extent, fixed.network.layers[0]
    given = {"x": Spikes((1,), np.arange(ticks), np.zeros(ticks, dtype=int))}
    machine = run_integers(fixed.network, given, ticks=ticks, bits={"n": 32})
    lowest, highest = machine.reached["n"]
    assert extent.lowest <= lowest
    assert highest <= extent.highest
    slack = 127 + np.abs(whole.bias).max() + np.max(getattr(whole.neuron, "threshold", 0))
    assert (lowest - extent.lowest if weight < 0 else extent.highest - highest) <= slack


def test_without_the_proof_registers_would_overflow():
    network, ticks = driven(IF(100.0), -100.0), 300
    spikes = {"x": Spikes((1,), np.arange(ticks), np.zeros(ticks, dtype=int))}
    with pytest.raises(NetworkError, match=r"layer `n`: within 300 ticks .* 16 bits hold"):
        quantize(network, ticks=ticks, potential_bits=16)
    fixed = quantize(network, ticks=ticks)
    run_integers(fixed.network, spikes, ticks=ticks, bits={"n": 32})
    with pytest.raises(OverflowError, match="layer `n`"):
        run_integers(fixed.network, spikes, ticks=ticks, bits={"n": 16})
    clamped = quantize(network, ticks=10**9, potential_bits=16, clamp=2)
    assert clamped.layers["n"].bits == 16
    trace = run_integers(clamped.network, spikes, ticks=ticks, bits={"n": 16})
    threshold = clamped.network.layers[0].neuron.threshold.max()
    assert trace.potentials["n"].min() == -2 * threshold
