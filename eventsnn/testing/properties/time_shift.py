"""The clock has no origin."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from eventsnn.description.neurons import Bistable, PhaseAccumulator, PhaseIF, PhaseMaximum
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import Observed, observe
from eventsnn.testing.properties.outcome import DoesNotApply, Outcome
from eventsnn.testing.properties.rest import why_it_moves
from eventsnn.testing.strategies import Case
from eventsnn.testing.transformations import delay_input

__all__ = ["time_shift"]


def time_shift(case: Case) -> Outcome:
    """``s'(t + d) = s(t)`` for inputs d ticks later, and nothing before tick d.

    Applies to networks at rest: no bias, no noise, V0 below the threshold and at a value that
    stays (0 where it decays, not below ``v_min``), and no words of a stage, whose cycles are
    counted from tick 0. Where ordinary phases are (`PhaseIF`, `PhaseMaximum`), d is a multiple
    of their number. The seed chooses d.

    Raises:
        AssertionError: the first difference, or what happened too early.
    """
    if why := why_it_moves(case.network):
        return DoesNotApply(why)
    period = 1
    for layer in case.network.layers:
        if isinstance(layer.neuron, Bistable | PhaseAccumulator):
            return DoesNotApply(f"layer `{layer.name}` counts its cycles from tick 0")
        if isinstance(layer.neuron, PhaseIF | PhaseMaximum):
            period = math.lcm(period, layer.neuron.phases)
    ticks = period * (1 + case.seed % 3)
    later = replace(
        case,
        inputs={name: delay_input(value, ticks) for name, value in case.inputs.items()},
        ticks=case.ticks + ticks,
    )
    found = observe(later)
    for name, train in found.spikes.items():
        early = np.argwhere(train[:ticks])
        assert not early.size, (
            f"layer `{name}`, tick {early[0][0]}: a spike, though the input begins at tick {ticks}"
        )
    shifted = Observed(
        {name: train[ticks:] for name, train in found.spikes.items()},
        {name: v[ticks:] for name, v in found.tested.items()},
        {name: v[ticks:] for name, v in found.potentials.items()},
        found.run,
    )
    return agree(case, observe(case), shifted, f"with inputs {ticks} ticks later")
