"""Exactness for networks whose weights no float holds exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from eventsnn.errors import NetworkError
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.properties.oracle import engine_equals_oracle
from eventsnn.testing.properties.outcome import DoesNotApply, Held, Outcome
from eventsnn.testing.properties.rounding import is_exact, without_bounds
from eventsnn.testing.strategies import Case
from eventsnn.testing.transformations import round_parameters

__all__ = ["rounded_network_equals_oracle"]

#: Of the parameters; inputs get as many.
_PLACES = 10


def rounded_network_equals_oracle(case: Case) -> Outcome:
    """The network with all parameters at multiples of 2^-10 equals the oracle to the bit.

    Same layers, shapes and links: what it computes takes the same paths through the engine as
    the network itself, and no rounding can hide an error. Inputs are rounded too. Applies to
    networks that are not exact as they are.

    Raises:
        AssertionError: the first difference.
    """
    if why := without_bounds(case.network):
        return DoesNotApply(why)
    if is_exact(case):
        return DoesNotApply("the network is exact as it is")
    try:
        network = round_parameters(case.network, _PLACES)
    except NetworkError as error:
        return DoesNotApply(f"rounded, it would mean nothing: {error}")
    inputs = {name: _rounded(value) for name, value in case.inputs.items()}
    other = replace(case, network=network, inputs=inputs, precision="float64")
    if not is_exact(other):
        return DoesNotApply(
            "rounded to 10 places it is not exact either: it leaks, pools by means over windows "
            "of no power of two, or runs too long"
        )
    outcome = engine_equals_oracle(other)
    assert isinstance(outcome, Held)
    return outcome


def _rounded(value: Any) -> Any:
    def grid(values: Any) -> Any:
        return np.ldexp(np.round(np.ldexp(values, _PLACES)), -_PLACES)

    match value:
        case Spikes():
            amplitude = np.where(grid(value.amplitude) == 0, 2.0**-_PLACES, grid(value.amplitude))
            return Spikes(value.shape, value.tick, value.index, amplitude)
        case Currents():
            return Currents(value.start, grid(value.values))
        case _:
            return grid(np.asarray(value, dtype=np.float64))
