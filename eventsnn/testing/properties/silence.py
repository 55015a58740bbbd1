"""Nothing to do takes no work."""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsnn.signals.spikes import Spikes
from eventsnn.simulate import simulate
from eventsnn.testing.properties.outcome import DoesNotApply, Held, Outcome
from eventsnn.testing.properties.rest import why_it_spikes
from eventsnn.testing.strategies import Case

__all__ = ["silence_costs_nothing"]

_TICKS = 1_000_000


def silence_costs_nothing(case: Case) -> Outcome:
    """No input, no spike: 0 synops and 0 entries of the queue, over a million ticks.

    Applies to networks that do nothing by themselves: no bias, no noise, V0 below the
    threshold. The inputs of the case are not used.

    Raises:
        AssertionError: what was done.
    """
    if why := why_it_spikes(case.network):
        return DoesNotApply(why)
    nothing = {
        node.name: Spikes(node.shape, np.zeros(0, np.int64), np.zeros(0, np.int64))
        for node in case.network.inputs
    }
    run: Any = simulate(
        case.network, nothing, ticks=_TICKS, precision=case.precision, seed=case.seed
    )
    for name, spikes in run.counts.spikes.items():
        assert spikes == 0, f"layer `{name}`: {spikes} spikes without any input"
    assert run.counts.synops == 0, f"{run.counts.synops} synops without any input"
    assert run.queue.pops == 0, f"{run.queue.pops} entries of the queue without any input"
    return Held(f"no work in {_TICKS:,} ticks", 0)
