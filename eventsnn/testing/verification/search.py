"""Look for an input on which a property fails, and for the smallest one."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import hypothesis
from hypothesis import HealthCheck, Phase, configuration, settings
from hypothesis import strategies as st

from eventsnn.description.codings import Analog
from eventsnn.description.network import Network
from eventsnn.signals.samples import coded_sample, fed_as_coded
from eventsnn.testing.code import as_code
from eventsnn.testing.properties import DoesNotApply, Held, Outcome, Property
from eventsnn.testing.properties.rounding import is_exact, without_bounds
from eventsnn.testing.strategies import Case
from eventsnn.testing.verification.effort import Effort

__all__ = ["Counterexample", "Finding", "verify"]

#: Seconds spent on making a counterexample smaller.
_SHRINKING = 30.0


@dataclass(frozen=True)
class Counterexample:
    """The smallest input found on which a property fails.

    Attributes:
        case: network, inputs, ticks and seed.
        error: what the property said.
    """

    case: Case
    error: str


@dataclass(frozen=True)
class Finding:
    """What is known of one property on one network.

    Attributes:
        checked: which property.
        drawn, real: what it said on inputs of each kind on which it applied.
        reasons: why it did not on the others.
        counterexample: where it fails, if it does.
    """

    checked: Property
    drawn: tuple[Held, ...]
    real: tuple[Held, ...]
    reasons: tuple[str, ...]
    counterexample: Counterexample | None = None

    @property
    def verdict(self) -> Literal["holds", "fails", "does not apply"]:
        """One word or three."""
        if self.counterexample is not None:
            return "fails"
        return "holds" if self.drawn or self.real else "does not apply"

    @property
    def spikes(self) -> int:
        """That took part."""
        return sum(held.spikes for held in (*self.drawn, *self.real))


def verify(
    network: Network,
    properties: Sequence[Property],
    effort: Effort,
    *,
    seed: int = 0,
    real: Sequence[Mapping[str, Any]] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """Hold each property against a network, on real inputs and then on drawn ones.

    The draws of a property are a function of the seed and its name, so that one alone meets
    the same. Inputs are what flows into the network once it is coded. A counterexample is
    shrunk in its inputs, ticks and seed; the network stays.

    Args:
        network: the description.
        properties: `eventsnn.testing.properties.PROPERTIES`, some of them, or your own.
        effort: ticks and examples.
        seed: of the draws.
        real: inputs by name, of each sample.
        progress: called with the name of the property before each example.
    """
    real = [_coded(network, inputs) for inputs in real]
    network = fed_as_coded(network)
    found = []
    for entry in properties:
        outcomes, failure = _on_real(network, entry, effort, real, progress)
        draws: list[Outcome] = []
        if failure is None:
            draws, failure = _on_drawn(network, entry, effort, seed, progress)
        found.append(
            Finding(
                entry,
                tuple(outcome for outcome in draws if isinstance(outcome, Held)),
                tuple(outcome for outcome in outcomes if isinstance(outcome, Held)),
                tuple(o.why for o in (*outcomes, *draws) if isinstance(o, DoesNotApply)),
                failure,
            )
        )
    return found


def _coded(network: Network, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """A sample as it flows; what is analog is a constant image still, for those who need one."""
    coded = coded_sample(network, inputs)[1]
    return {
        node.name: inputs[node.name] if isinstance(node.coding, Analog) else coded[node.name]
        for node in network.inputs
    }


def _on_real(
    network: Network,
    entry: Property,
    effort: Effort,
    real: Sequence[Mapping[str, Any]],
    progress: Callable[[str], None],
) -> tuple[list[Outcome], Counterexample | None]:
    """Outcomes, and the shortest run of the first sample that fails."""
    outcomes: list[Outcome] = []
    for number, inputs in enumerate(() if entry.same_for_all_inputs else real):
        progress(entry.name)
        found = _attempt(entry, _case(network, dict(inputs), effort.ticks, number % 4))
        if isinstance(found, Counterexample):
            for ticks in range(1, effort.ticks):
                shorter = _attempt(entry, replace(found.case, ticks=ticks))
                if isinstance(shorter, Counterexample):
                    return outcomes, shorter
            return outcomes, found
        outcomes.append(found)
    return outcomes, None


def _on_drawn(
    network: Network,
    entry: Property,
    effort: Effort,
    seed: int,
    progress: Callable[[str], None],
) -> tuple[list[Outcome], Counterexample | None]:
    """Outcomes, and the smallest counterexample that hypothesis finds in its time."""
    outcomes: list[Outcome] = []
    failures: dict[str, Counterexample] = {}
    latest: list[Counterexample] = []
    deadline = [float("inf")]

    @hypothesis.seed(int.from_bytes(hashlib.sha256(f"{seed} {entry.name}".encode()).digest()[:4]))
    @settings(
        max_examples=1 if entry.same_for_all_inputs else effort.examples,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @hypothesis.given(case=_cases(network, entry, effort.ticks))
    def look(case: Case) -> None:
        key = as_code((case.inputs, case.ticks, case.seed))
        if key not in failures:
            if time.monotonic() > deadline[0]:
                return  # enough: hypothesis ends at the smallest one that it knows
            progress(entry.name)
            found = _attempt(entry, case)
            if not isinstance(found, Counterexample):
                outcomes.append(found)
                return
            failures[key] = found
            deadline[0] = min(deadline[0], time.monotonic() + _SHRINKING)
        latest[:] = [failures[key]]
        raise _FailedError

    try:
        with _no_folder():
            look()
    except (_FailedError, hypothesis.errors.Flaky):
        return outcomes, latest[0]
    return outcomes, None


@contextmanager
def _no_folder() -> Iterator[None]:
    """Keep hypothesis from leaving its folder ``.hypothesis`` where the user happens to be."""
    with tempfile.TemporaryDirectory() as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(None)


class _FailedError(AssertionError):
    """One place and one type for hypothesis, which tells failures apart by these."""


def _attempt(entry: Property, case: Case) -> Outcome | Counterexample:
    try:
        return entry.check(case)
    except AssertionError as error:
        return Counterexample(case, str(error))
    except Exception as error:  # noqa: BLE001  # whatever it is, the network should have run
        return Counterexample(case, f"{type(error).__name__}: {error}")


@st.composite
def _cases(draw: st.DrawFn, network: Network, entry: Property, most_ticks: int) -> Case:
    # half of them at full length; shrinking goes down to 1
    ticks = draw(st.sampled_from([*range(1, most_ticks), *(most_ticks,) * most_ticks]))
    inputs = draw(entry.inputs(network, ticks=ticks))
    return _case(network, inputs, ticks, draw(st.integers(0, 2**16)))


def _case(network: Network, inputs: dict[str, Any], ticks: int, seed: int) -> Case:
    """In float32 where that is exact, else in float64."""
    case = Case(network, inputs, ticks, "float32", seed)
    if without_bounds(network) is None and is_exact(case):
        return case
    return replace(case, precision="float64")
