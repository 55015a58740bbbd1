"""Hypothesis strategies, properties and comparisons for testing simulators against the oracle.

Needs the extra ``eventsnn[test]``.
"""

from eventsnn.testing import properties, transformations
from eventsnn.testing.budget import exact_bits, rounding_bounds
from eventsnn.testing.code import as_code
from eventsnn.testing.compare import assert_equals_oracle, assert_follows_oracle
from eventsnn.testing.float_cases import float_cases
from eventsnn.testing.integer_machine import IntegerTrace, run_integers
from eventsnn.testing.simulators import check_simulator
from eventsnn.testing.strategies import (
    Case,
    FixedPointCase,
    analog_inputs,
    cases,
    chains,
    constant_images,
    currents,
    feed_forward_networks,
    fixed_point_cases,
    layers,
    networks,
    neurons,
    samples,
    spike_trains,
    synapses,
)

__all__ = [
    "Case",
    "FixedPointCase",
    "IntegerTrace",
    "analog_inputs",
    "as_code",
    "assert_equals_oracle",
    "assert_follows_oracle",
    "cases",
    "chains",
    "check_simulator",
    "constant_images",
    "currents",
    "exact_bits",
    "feed_forward_networks",
    "fixed_point_cases",
    "float_cases",
    "layers",
    "networks",
    "neurons",
    "properties",
    "rounding_bounds",
    "run_integers",
    "samples",
    "spike_trains",
    "synapses",
    "transformations",
]
