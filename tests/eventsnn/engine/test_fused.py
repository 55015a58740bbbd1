"""Fused layers equal the oracle: in the declared order of additions whatever the weights."""

from __future__ import annotations

import numpy as np
import pytest
from fused_cases import fused_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from eventsnn import IF, Currents, Input, Layer, Linear, Link, Network, Record, Spikes, simulate
from eventsnn.engine import fused_choice, fused_run, segments
from eventsnn.engine.plan import make_plan
from eventsnn.oracle.in_order import simulate_in_order
from eventsnn.simulate import simulate_batch
from eventsnn.testing import assert_equals_oracle


def run(case, **options):
    record = Record.everything(case.network)
    options = {"granularity": "swept", "ticks": case.ticks, "record": record} | options
    return simulate(case.network, case.inputs, **options)


def assert_same(a, b):
    assert a.spikes == b.spikes
    for name in a.potentials:
        assert np.array_equal(a.potentials[name], b.potentials[name])
        assert np.array_equal(a.potentials_before_reset[name], b.potentials_before_reset[name])
    assert np.array_equal(a.output, b.output)
    assert a.counts == b.counts


@pytest.mark.parametrize("precision", ["float32", "float64"])
@given(case=fused_cases("any"))
def test_any_weights_equal_the_oracle_that_adds_in_order(precision, case):
    found = run(case, precision=precision)
    trace = simulate_in_order(case.network, case.inputs, ticks=case.ticks, precision=precision)
    plan = make_plan(case.network, precision=precision)
    for layer in case.network.layers:
        position = case.network.positions[layer.name]
        if position not in plan.fused.layers:
            return  # what is behind a queued layer follows another order
        name = layer.name
        assert np.array_equal(found.potentials[name], trace.potentials[name])
        assert np.array_equal(found.potentials_before_reset[name], trace.tested[name])
        assert np.array_equal(found.spikes[name].to_dense(case.ticks), trace.spikes[name])


@given(case=fused_cases("dyadic"))
def test_fused_equals_queued_equals_the_oracle(case):
    found = assert_equals_oracle(case.network, {"in": case.inputs}, ticks=case.ticks)
    assert_same(found, run(case, precision="float64", fused=False))


@given(case=fused_cases("whole"))
def test_whole_numbers_run_in_integers(case):
    assert_same(run(case), run(case, precision="float64", fused=False))


@given(case=fused_cases("any"), part=st.integers(1, 6))
def test_parts_are_the_whole(case, part):
    whole = run(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused_run, "PART", part)
        patch.setattr(fused_choice, "PART", part)
        assert_same(run(case), whole)


@pytest.mark.parametrize("lanes", [8, 16, 64])
@given(case=fused_cases("any"))
@settings(max_examples=examples(100))
def test_the_width_of_a_tile_changes_nothing(lanes, case):
    usual = run(case, precision="float32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(segments.LANES, "float32", lanes)
        assert_same(run(case, precision="float32"), usual)


@given(case=fused_cases("any"))
@settings(max_examples=examples(60))
def test_threads_change_nothing(case):
    batch = [case.inputs] * 20 if not isinstance(case.inputs, np.ndarray) else case.inputs[None]
    if isinstance(case.inputs, np.ndarray):
        batch = np.repeat(batch, 20, axis=0)
    record = Record.everything(case.network)
    options = {"ticks": case.ticks, "record": record, "granularity": "swept"}
    once = simulate_batch(case.network, batch, **options)
    for a, b in zip(once, simulate_batch(case.network, batch, workers=3, **options), strict=True):
        assert_same(a, b)
    assert_same(once[0], once[-1])


@given(case=fused_cases("any"))
def test_counts_after_fewer_ticks_are_those_of_the_queue(case):
    """Spikes may differ where sums round, so the fused run's own spikes are counted again."""
    points = tuple(range(1, case.ticks + 1))
    record = Record(spikes=tuple(case.network.positions), operations_after=points)
    found = run(case, record=record)
    for k, point in enumerate(points):
        shorter = run(case, ticks=point, record=Record())
        assert [int(n) for n in found.after.spikes[:, k]] == list(shorter.counts.spikes.values())
        links = shorter.counts.links
        assert found.after.delivered[:, k].tolist() == [link.spikes for link in links]
        assert found.after.ac[:, k].tolist() == [link.ac for link in links]
        assert found.after.mac[:, k].tolist() == [link.mac for link in links]


def test_most_drawn_layers_run_fused_and_spike():
    """Comparing silent or queued layers would show nothing."""
    fused, active, layers = 0, 0, 0
    types = set()

    @settings(derandomize=True, max_examples=200, database=None)
    @given(case=fused_cases("any"), whole=fused_cases("whole"))
    def look(case, whole):
        nonlocal fused, active, layers
        plan = make_plan(case.network)
        fused += len(plan.fused.layers)
        layers += len(case.network.layers)
        spikes = run(case, record=Record()).counts.spikes
        active += sum(n > 0 for name, n in spikes.items() if name not in ("in", "out"))
        families = make_plan(whole.network).fused.families
        types.update((family.numbers.potential, family.numbers.weight) for family in families)

    look()
    assert fused >= 0.9 * layers
    assert active >= 0.4 * layers
    assert {("int16", "int8"), ("int32", "int8"), ("float32", "float32")} <= types


def _two_layers():
    rng = np.random.default_rng(0)
    hidden = Layer("hidden", (6,), IF(), (Link("in", (Linear(rng.normal(0.3, 1, (6, 5))),)),))
    out = Layer("out", (3,), IF(), (Link("hidden", (Linear(rng.normal(0.3, 1, (3, 6))),)),))
    return Network((Input("in", (5,)),), (hidden, out))


def test_graded_spikes_send_the_layer_that_hears_them_to_the_queue():
    network = _two_layers()
    for amplitude, updates in ((1.0, 8 * 9), (0.5, 8 * 3)):
        spikes = Spikes((5,), np.arange(8), np.zeros(8, int), np.full(8, amplitude))
        fused = simulate(network, spikes, ticks=8)
        assert (fused.queue.pops > 0) == (amplitude != 1)
        assert fused.queue.neuron_updates >= updates
        queued = simulate(network, spikes, ticks=8, fused=False)
        assert fused.counts == queued.counts
        assert np.array_equal(fused.output, queued.output)


def test_currents_that_change_in_every_tick_are_left_to_the_queue():
    values = np.random.default_rng(1).normal(0.2, 1, (20, 5))
    run = simulate(_two_layers(), Currents(tuple(range(20)), values), ticks=20)
    assert run.queue.currents == 20


def test_memory_does_not_grow_with_the_ticks():
    network = _two_layers()
    sizes = []
    for ticks in (128, 4096):
        plan = make_plan(network)
        from eventsnn.engine.execute import run_chunk

        run_chunk(plan, [{"in": Spikes((5,), [0], [0])}], ticks, Record())
        (layout,) = plan.layouts.values()
        sizes.append(layout.mask_bytes)
    assert sizes[0] == sizes[1]
