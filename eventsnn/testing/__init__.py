"""Hypothesis strategies and comparisons for testing simulators against the oracle.

Needs the extra ``eventsnn[test]``.
"""

from eventsnn.testing.budget import exact_bits, rounding_bounds
from eventsnn.testing.code import as_code
from eventsnn.testing.compare import assert_equals_oracle, assert_follows_oracle
from eventsnn.testing.float_cases import float_cases
from eventsnn.testing.strategies import (
    Case,
    analog_inputs,
    cases,
    chains,
    currents,
    layers,
    networks,
    neurons,
    spike_trains,
    synapses,
)

__all__ = [
    "Case",
    "analog_inputs",
    "as_code",
    "assert_equals_oracle",
    "assert_follows_oracle",
    "cases",
    "chains",
    "currents",
    "exact_bits",
    "float_cases",
    "layers",
    "networks",
    "neurons",
    "rounding_bounds",
    "spike_trains",
    "synapses",
]
