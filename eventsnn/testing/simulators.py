"""Compare another simulator with the oracle, on networks drawn for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventsnn import oracle
from eventsnn.description.network import Network
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.budget import exact_bits
from eventsnn.testing.code import as_code
from eventsnn.testing.strategies import Case
from eventsnn.testing.strategies.numbers import dyadic

__all__ = ["Simulator", "check_simulator"]

#: Spikes of the layers by name, (ticks, *shape), of a network that is given spikes.
Simulator = Callable[[Network, Mapping[str, Spikes], int], Mapping[str, NDArray[Any]]]


def check_simulator(
    run: Simulator,
    *,
    networks: st.SearchStrategy[Network],
    examples: int = 200,
    max_ticks: int = 8,
    bits: int = 24,
    seed: int = 0,
) -> None:
    """Draw networks and unit spikes; all spikes must be the oracle's, tick by tick.

    Weights are dyadic and sums small, so that equality is exact within ``bits``
    (`eventsnn.testing.exact_bits`): what differs is a difference of rules, not of rounding.

    Args:
        run: ``run(network, inputs, ticks)`` gives for each layer, or for some of them, an array
            of spikes (ticks, *shape); the output layer must be among them.
        networks: that the simulator can run, see `feed_forward_networks`.
        examples: how many are drawn.
        max_ticks: of a run.
        bits: of the simulator's numbers: 24 for float32, 53 for float64.
        seed: of the draws.

    Raises:
        AssertionError: the smallest case found in which spikes differ, as code that rebuilds
            it, with the first layer (in topological order) and tick, and what both say. What
            ``run`` itself raises is passed on.
    """

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_spiking_cases(networks, max_ticks))
    def check(case: Case) -> None:
        assume(exact_bits(case.network, case.inputs, case.ticks) <= bits)
        _compare(run, case)

    check()


@st.composite
def _spiking_cases(draw: st.DrawFn, networks: st.SearchStrategy[Network], max_ticks: int) -> Case:
    """A network with unit spikes, at most one per input neuron and tick."""
    network = draw(networks)
    ticks = draw(st.integers(1, max_ticks))
    inputs = {}
    for node in network.inputs:
        inputs[node.name] = Spikes.from_dense(dyadic(draw, (ticks, *node.shape), 0, 1, 0))
    return Case(network, inputs, ticks, "float32")


def _compare(run: Simulator, case: Case) -> None:
    theirs = run(case.network, case.inputs, case.ticks)
    trace = oracle.simulate(case.network, case.inputs, ticks=case.ticks)
    assert case.network.output in theirs, (
        f"the simulator says nothing of the output `{case.network.output}`, only of {list(theirs)}"
    )
    for name in sorted(theirs, key=case.network.positions.__getitem__):
        expected, found = trace.spikes[name], np.asarray(theirs[name])
        assert found.shape == expected.shape, (
            f"layer `{name}`: expected spikes of shape {expected.shape}, found {found.shape}"
        )
        differs = np.argwhere(found != expected)
        if differs.size:
            tick = int(differs[0][0])
            raise AssertionError(
                f"layer `{name}` differs first at tick {tick}:\n"
                f"  the simulator: {found[tick].tolist()}\n"
                f"  the oracle:    {expected[tick].tolist()}\n"
                f"  its potential: {trace.tested[name][tick].tolist()} before the reset\n"
                f"of {as_code(case)}"
            )
