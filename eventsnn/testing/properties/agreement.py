"""Two runs that should be the same: to the bit, or up to where rounding decides."""

from __future__ import annotations

import numpy as np

from eventsnn.description.network import Network
from eventsnn.description.neurons import Maximum, ReadOut, Relay
from eventsnn.testing.compare import distance_to_decision
from eventsnn.testing.properties.observation import Observed
from eventsnn.testing.properties.outcome import DoesNotApply, Held, Outcome
from eventsnn.testing.properties.rounding import bounds_of, is_exact, without_bounds
from eventsnn.testing.strategies import Case

__all__ = ["agree"]


def agree(case: Case, expected: Observed, found: Observed, change: str) -> Outcome:
    """Spikes and potentials of all layers of ``case.network``, at every tick.

    Equal to the bit where the case is within the exactness budget. Beyond it they follow the
    first-difference rule: up to the first spike that differs, in causal order, potentials are
    apart by no more than rounding explains, and so is the potential of that spike from the
    value that decides.

    Args:
        case: what ``expected`` ran.
        expected: the run to compare with.
        found: another run; it may have more layers.
        change: what is different about it, for the report.

    Raises:
        AssertionError: names the first layer, tick and neuron that differ, with both values.
    """
    difference = _first_difference(case.network, expected, found)
    if difference is None:
        return Held("equal to the bit", expected.count())
    if why := without_bounds(case.network):
        return DoesNotApply(why)
    if is_exact(case):
        raise AssertionError(
            f"{difference} {change}; these sums are exact, so they should be equal"
        )
    return _up_to_rounding(case, expected, found, change)


def _first_difference(network: Network, expected: Observed, found: Observed) -> str | None:
    """The first in time, then in position, in words."""
    first: tuple[tuple[int, int], str] | None = None
    for name, position in network.positions.items():
        for what in ("tested", "spikes", "potentials"):
            a, b = getattr(expected, what)[name], getattr(found, what)[name]
            if np.array_equal(a, b):
                continue
            at = tuple(int(i) for i in np.argwhere(a != b)[0])
            if first is None or (at[0], position) < first[0]:
                words = {"tested": "potential before the reset", "spikes": "emission"}
                first = (
                    (at[0], position),
                    (
                        f"layer `{name}`, tick {at[0]}, neuron {at[1:]}: "
                        f"{words.get(what, 'potential')} {a[at]:g}, but {b[at]:g}"
                    ),
                )
    return None if first is None else first[1]


def _up_to_rounding(case: Case, expected: Observed, found: Observed, change: str) -> Held:
    bounds = bounds_of(case)
    names = sorted(case.network.positions, key=case.network.positions.__getitem__)
    for tick in range(case.ticks):
        for name in names:
            layer, bound = case.network.layer(name), bounds[name]
            apart = np.abs(expected.tested[name][tick] - found.tested[name][tick])
            spikes = np.abs(expected.spikes[name][tick] - found.spikes[name][tick])
            carries = isinstance(layer.neuron, Relay | Maximum | ReadOut)
            if carries:
                apart = np.maximum(apart, spikes / 2)  # of the difference of two potentials
            if np.any(apart > bound):
                at = np.unravel_index(np.argmax(apart), apart.shape)
                raise AssertionError(
                    f"layer `{name}`, tick {tick}, neuron {tuple(map(int, at))}: "
                    f"{expected.tested[name][tick][at]:g}, but "
                    f"{found.tested[name][tick][at]:g} {change}; rounding explains {bound:.3g}"
                )
            if carries or not spikes.any():
                continue
            distance = np.where(
                spikes > 0, distance_to_decision(layer, expected.tested[name][tick]), 0
            )
            if np.any(distance > bound):
                at = np.unravel_index(np.argmax(distance), distance.shape)
                raise AssertionError(
                    f"layer `{name}`, tick {tick}, neuron {tuple(map(int, at))}: emits "
                    f"{expected.spikes[name][tick][at]:g}, but {found.spikes[name][tick][at]:g} "
                    f"{change}; v is {distance[at]:.3g} from the threshold, rounding explains "
                    f"{bound:.3g}"
                )
            return Held(
                f"equal up to tick {tick}, where rounding decides a spike of `{name}`",
                sum(int(np.count_nonzero(s[:tick])) for s in expected.spikes.values()),
            )
    return Held("equal spikes, potentials up to rounding", expected.count())
