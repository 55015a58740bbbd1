"""Fixed point: engine, oracle and integer registers agree to the bit, and nothing overflows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from eventsnn import (
    NetworkError,
    quantise,
    reference,
)
from eventsnn.testing import assert_equals_oracle, fixed_point_cases, run_integers


def put_into_integers(case):
    """None where the proof fails, which it may."""
    try:
        return quantise(case.network, ticks=case.ticks, **case.options)
    except NetworkError as error:
        if "bits hold" not in str(error):
            raise
        return None


@settings(max_examples=200)
@given(case=fixed_point_cases())
def test_engine_oracle_and_integer_machine_are_equal(case):
    fixed = put_into_integers(case)
    if fixed is None:
        return
    inputs = fixed.inputs(case.inputs)
    bits = {name: layer.bits for name, layer in fixed.layers.items()}
    machine = run_integers(fixed.network, inputs, ticks=case.ticks, bits=bits)
    trace = reference.simulate(fixed.network, inputs, ticks=case.ticks)
    for name in fixed.layers:
        shape = trace.spikes[name].shape
        assert np.array_equal(machine.spikes[name].reshape(shape), trace.spikes[name])
        assert np.array_equal(machine.potentials[name].reshape(shape), trace.potentials[name])
    for granularity in ("swept", "touched"):
        assert_equals_oracle(
            fixed.network,
            inputs,
            ticks=case.ticks,
            precision=fixed.precision,
            granularity=granularity,
        )


@settings(max_examples=200)
@given(case=fixed_point_cases())
def test_potentials_stay_within_the_proven_range(case):
    fixed = put_into_integers(case)
    if fixed is None:
        return
    trace = reference.simulate(fixed.network, fixed.inputs(case.inputs), ticks=case.ticks)
    for name, layer in fixed.layers.items():
        for v in (trace.potentials[name], trace.tested[name]):
            assert layer.extent.lowest <= v.min()
            assert v.max() <= layer.extent.highest


def test_most_draws_have_a_fixed_point():
    accepted = {16: [], 32: []}

    @settings(derandomize=True, max_examples=200)
    @given(case=fixed_point_cases())
    def look(case):
        accepted[case.options["potential_bits"]].append(put_into_integers(case) is not None)

    look()
    assert np.mean(accepted[32]) > 0.9
    assert np.mean(accepted[16]) > 0.5
