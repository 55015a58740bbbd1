"""All properties that need nothing but a case, with their equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from eventsnn.testing.properties.arrivals import simultaneous_arrivals_commute
from eventsnn.testing.properties.conservation import conservation
from eventsnn.testing.properties.counting import counts_equal_fan_out
from eventsnn.testing.properties.delays import delays_compose
from eventsnn.testing.properties.determinism import determinism
from eventsnn.testing.properties.oracle import engine_equals_oracle
from eventsnn.testing.properties.outcome import Outcome
from eventsnn.testing.properties.permutation import channel_permutation
from eventsnn.testing.properties.round_trip import hdf5_round_trip
from eventsnn.testing.properties.rounded import rounded_network_equals_oracle
from eventsnn.testing.properties.scaling import scaling_changes_nothing
from eventsnn.testing.properties.silence import silence_costs_nothing
from eventsnn.testing.properties.splitting import splitting_changes_nothing
from eventsnn.testing.properties.time_shift import time_shift
from eventsnn.testing.strategies import Case, samples

__all__ = ["PROPERTIES", "Property"]


@dataclass(frozen=True)
class Property:
    """One of the things that `eventsnn verify` checks.

    Attributes:
        name: as printed, and as ``--only`` takes it.
        equation: what must be true.
        check: raises AssertionError, or says whether it applied.
        inputs: strategy that draws them, of the network and ``ticks``.
        same_for_all_inputs: it does not look at them, so one example is enough.
    """

    name: str
    equation: str
    check: Callable[[Case], Outcome]
    inputs: Callable[..., st.SearchStrategy[dict[str, Any]]] = samples
    same_for_all_inputs: bool = False


PROPERTIES = (
    Property("oracle", "engine = oracle, in spikes and potentials", engine_equals_oracle),
    Property(
        "rounded oracle",
        "engine = oracle to the bit, with parameters at multiples of 2^-10",
        rounded_network_equals_oracle,
    ),
    Property("conservation", "theta n = input + V0 - V", conservation),
    Property("counts", "synops = sum of spikes x fan-out, per link", counts_equal_fan_out),
    Property(
        "commuting arrivals",
        "links and events in another order: the same run",
        simultaneous_arrivals_commute,
    ),
    Property("time shift", "inputs d ticks later: s'(t + d) = s(t)", time_shift),
    Property(
        "silence",
        "no input: no spike, no synop, no event",
        silence_costs_nothing,
        same_for_all_inputs=True,
    ),
    Property("delays", "d = d1 + a relay + d2: the same run", delays_compose),
    Property("splitting", "one layer in two: the same run", splitting_changes_nothing),
    Property("permutation", "channels in another order: the same run", channel_permutation),
    Property(
        "scaling",
        "theta, weights, bias, V0 and floor times 2^k: the same spikes, v times 2^k",
        scaling_changes_nothing,
    ),
    Property("determinism", "repeats, batches, workers, plans: the same run", determinism),
    Property("HDF5", "load(save(network)) = network, and the same run", hdf5_round_trip),
)
