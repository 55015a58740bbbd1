"""The engine does what the network means."""

from __future__ import annotations

from typing import Literal

from eventsnn.testing.compare import assert_equals_oracle, assert_follows_oracle
from eventsnn.testing.properties.observation import observe
from eventsnn.testing.properties.outcome import DoesNotApply, Held, Outcome
from eventsnn.testing.properties.rounding import is_exact, without_bounds
from eventsnn.testing.strategies import Case

__all__ = ["engine_equals_oracle"]


def engine_equals_oracle(case: Case) -> Outcome:
    """Spikes and potentials equal those of `eventsnn.oracle.simulate`.

    To the bit within the exactness budget (`assert_equals_oracle`), else by the
    first-difference rule (`assert_follows_oracle`). The seed chooses order and granularity
    of the engine, and whether layers run fused.

    Raises:
        AssertionError: the first difference.
    """
    if why := without_bounds(case.network):
        return DoesNotApply(why)
    order: Literal["by_layer", "by_tick"] = "by_tick" if case.seed % 2 else "by_layer"
    granularity: Literal["swept", "touched"] = "touched" if case.seed // 2 % 2 else "swept"
    fused = case.seed // 4 % 2 == 0
    if is_exact(case):
        run = assert_equals_oracle(
            case.network,
            case.inputs,
            ticks=case.ticks,
            precision=case.precision,
            order=order,
            granularity=granularity,
            seed=case.seed,
            fused=fused,
        )
        return Held("equal to the bit", sum(map(len, run.spikes.values())))
    first = assert_follows_oracle(
        case.network,
        case.inputs,
        ticks=case.ticks,
        precision=case.precision,
        order=order,
        granularity=granularity,
        seed=case.seed,
        fused=fused,
    )
    until = "" if first is None else f" up to tick {first[0]}, where rounding decides a spike"
    return Held(f"equal spikes{until}", observe(case).count())
