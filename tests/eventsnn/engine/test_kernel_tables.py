"""The arrays that kernels are handed: names that can be read, types that stay the same."""

from __future__ import annotations

import pickle

import numba
import numpy as np
import pytest

from eventsnn import IF, LI, Input, Layer, Linear, Link, Network, Record
from eventsnn.engine.plan import make_plan
from eventsnn.engine.state import make_pool, make_state, with_more_rows
from eventsnn.kernels import tables as t

ROWS = [t.LAYER, t.LINK, t.LAYER_STATE, t.NODE_STATE, t.LINK_STATE, t.ANALOG, t.emission_row("f4")]


def network():
    hidden = Layer("hidden", (3,), IF(), (Link("in", (Linear(np.ones((3, 2))),)),))
    out = Layer("out", (2,), LI(), (Link("hidden", (Linear(np.ones((2, 3))),)),))
    return Network((Input("in", (2,)),), (hidden, out))


@pytest.mark.parametrize("row", ROWS)
def test_no_column_hides_behind_an_attribute_of_numpy(row):
    """``table[k].size`` would be 1 without the compiler, the column with it."""
    assert [name for name in row.names if hasattr(np.record, name)] == []
    assert [name for name in row.names if hasattr(np.recarray, name)] == []


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_plan_from_a_pickle_needs_no_other_kernels(precision):
    """A new process that gets one loads what is compiled already."""
    plan = make_plan(network(), precision=precision)
    other = pickle.loads(pickle.dumps(plan))
    for ours, theirs in (
        (plan.layers, other.layers),
        (plan.links, other.links),
        (plan.wiring.stages, other.wiring.stages),
        (make_state(plan, Record(), 4), make_state(other, Record(), 4)),
        (make_pool(plan), make_pool(other)),
    ):
        assert numba.typeof(ours) == numba.typeof(theirs)


def test_a_longer_run_has_the_same_kernels_and_keeps_what_was_recorded():
    plan = make_plan(network())
    record = Record(potentials=("hidden", "out"), potentials_before_reset=("hidden",))
    state = make_state(plan, record, 2)
    state.record[:] = np.arange(state.record.size)
    longer = with_more_rows(plan, state, record, 3)
    assert numba.typeof(longer) == numba.typeof(state)
    assert longer.record.reshape(-1).tolist() == [
        *(0, 1, 2, 3, 4, 5, 0, 0, 0),  # hidden after the reset: 3 neurons, 3 ticks
        *(6, 7, 8, 9, 0, 0),
        *(10, 11, 12, 13, 14, 15, 0, 0, 0),  # before it
    ]
