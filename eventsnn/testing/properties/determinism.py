"""One plan, one result."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.simulate import simulate_batch
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe
from eventsnn.testing.properties.outcome import Held, Outcome
from eventsnn.testing.strategies import Case

__all__ = ["determinism"]

#: More than one task, see `eventsnn.simulate`.
_SAMPLES = 9
_PLANS: tuple[tuple[Literal["by_layer", "by_tick"], Literal["swept", "touched"]], ...] = (
    ("by_tick", "swept"),
    ("by_layer", "touched"),
    ("by_tick", "touched"),
)


def determinism(case: Case) -> Outcome:
    """The same run again, in a batch, with two workers; in another order and granularity.

    Repeats, batches and workers give the same spikes, read-outs and counts, to the bit and
    whatever the weights. So does another plan, which the seed chooses, within the exactness
    budget; beyond it up to where rounding decides.

    Raises:
        AssertionError: the first difference.
    """
    expected, again = observe(case), observe(case)
    _equal(expected.run, again.run, "again")
    batch = {
        name: np.stack([value] * _SAMPLES) if isinstance(value, np.ndarray) else [value] * _SAMPLES
        for name, value in case.inputs.items()
    }
    one, two = (_batch(case, batch, workers) for workers in (1, 2))
    for i, (a, b) in enumerate(zip(one, two, strict=True)):
        _equal(a, b, f"as sample {i} of a batch on two workers")
    _equal(expected.run, one[0], "in a batch")
    order, granularity = _PLANS[case.seed % len(_PLANS)]
    other = observe(case, order=order, granularity=granularity)
    outcome = agree(case, expected, other, f"in the plan {order}, {granularity}")
    if isinstance(outcome, Held):
        how = f"repeats and workers to the bit; other plans {outcome.how}"
        return Held(how, outcome.spikes)
    return Held("repeats and workers to the bit; other plans not compared", expected.count())


def _batch(case: Case, batch: dict[str, Any], workers: int) -> list[Run]:
    names = tuple(layer.name for layer in case.network.layers)
    runs: list[Run] = simulate_batch(
        case.network,
        batch,
        ticks=case.ticks,
        record=Record(spikes=names),
        precision=case.precision,
        granularity="swept",
        seed=case.seed,
        workers=workers,
    )
    return runs


def _equal(a: Run, b: Run, how: str) -> None:
    for name, spikes in b.spikes.items():
        assert a.spikes[name] == spikes, f"layer `{name}`: other spikes {how}"
    assert np.array_equal(a.output, b.output), f"another read-out {how}"
    assert a.counts == b.counts, f"other counts {how}"
