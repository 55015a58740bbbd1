"""What must be true of any network on any simulator, each a function of a `Case`.

::

    from hypothesis import given
    from eventsnn.testing import cases, properties

    @given(case=cases())
    def test_conservation(case):
        properties.conservation(case)

Each raises AssertionError with the layer, the tick, the neuron and both values, or returns
`Held` or `DoesNotApply`. ``docs/verify.md`` has the equations.
"""

from eventsnn.testing.properties.arrivals import simultaneous_arrivals_commute
from eventsnn.testing.properties.conservation import conservation
from eventsnn.testing.properties.counting import counts_equal_fan_out
from eventsnn.testing.properties.delays import delays_compose
from eventsnn.testing.properties.determinism import determinism
from eventsnn.testing.properties.oracle import engine_equals_oracle
from eventsnn.testing.properties.outcome import DoesNotApply, Held, Outcome
from eventsnn.testing.properties.permutation import channel_permutation
from eventsnn.testing.properties.round_trip import hdf5_round_trip
from eventsnn.testing.properties.rounded import rounded_network_equals_oracle
from eventsnn.testing.properties.scaling import scaling_changes_nothing
from eventsnn.testing.properties.silence import silence_costs_nothing
from eventsnn.testing.properties.splitting import splitting_changes_nothing
from eventsnn.testing.properties.table import PROPERTIES, Property
from eventsnn.testing.properties.time_shift import time_shift

__all__ = [
    "PROPERTIES",
    "DoesNotApply",
    "Held",
    "Outcome",
    "Property",
    "channel_permutation",
    "conservation",
    "counts_equal_fan_out",
    "delays_compose",
    "determinism",
    "engine_equals_oracle",
    "hdf5_round_trip",
    "rounded_network_equals_oracle",
    "scaling_changes_nothing",
    "silence_costs_nothing",
    "simultaneous_arrivals_commute",
    "splitting_changes_nothing",
    "time_shift",
]
