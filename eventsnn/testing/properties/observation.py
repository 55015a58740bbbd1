"""A run of the engine with everything that properties compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.engine.choices import Granularity, Order
from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.simulate import simulate
from eventsnn.testing.strategies import Case

__all__ = ["Observed", "observe"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Observed:
    """What the layers of a network did, each array (ticks, *shape), by name.

    Attributes:
        spikes: emitted amplitudes.
        tested: v as the threshold test saw it.
        potentials: v at the end of the tick.
        run: where it comes from.
    """

    spikes: Mapping[str, Array]
    tested: Mapping[str, Array]
    potentials: Mapping[str, Array]
    run: Run

    def count(self) -> int:
        """Number of spikes."""
        return sum(int(np.count_nonzero(train)) for train in self.spikes.values())

    def changed(self, name: str, change: Callable[[Array, str], Array]) -> Observed:
        """With ``change(values, what)`` in place of the arrays of one layer."""
        return Observed(
            {**self.spikes, name: change(self.spikes[name], "spikes")},
            {**self.tested, name: change(self.tested[name], "tested")},
            {**self.potentials, name: change(self.potentials[name], "potentials")},
            self.run,
        )


def observe(
    case: Case, *, order: Order = "by_layer", granularity: Granularity = "swept"
) -> Observed:
    """Run a case on the engine and record everything."""
    run: Any = simulate(
        case.network,
        case.inputs,
        ticks=case.ticks,
        record=Record.everything(case.network),
        precision=case.precision,
        order=order,
        granularity=granularity,
        seed=case.seed,
    )
    return Observed(
        {name: spikes.to_dense(case.ticks) for name, spikes in run.spikes.items()},
        run.potentials_before_reset,
        run.potentials,
        run,
    )
