"""What must not change a run: the order of arrivals, a stop on the way, a longer record."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from property_tools import runs_are_equal

from eventsnn import (
    IF,
    LI,
    Currents,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    Record,
    Spikes,
    simulate,
)
from eventsnn.testing import as_code, cases

ORDERS = st.sampled_from(["by_layer", "by_tick"])
GRANULARITIES = st.sampled_from(["swept", "touched"])


@settings(max_examples=examples(200))
@given(case=cases(), data=st.data(), order=ORDERS, granularity=GRANULARITIES)
def test_stopping_and_going_on_is_one_long_run(case, data, order, granularity):
    options = {
        "precision": case.precision,
        "order": order,
        "granularity": granularity,
        "seed": case.seed,
    }
    record = replace(
        Record.everything(case.network), resumable=True, operations_after=(case.ticks,)
    )
    whole = simulate(case.network, case.inputs, ticks=case.ticks, record=record, **options)
    stops = sorted(data.draw(st.sets(st.integers(1, case.ticks), max_size=2)) | {case.ticks})
    run = simulate(case.network, case.inputs, ticks=stops[0], record=record, **options)
    for before, after in pairwise(stops):
        run = run.resume(after - before)
    runs_are_equal(run, whole)
    assert np.array_equal(run.after.ac, whole.after.ac)
    assert np.array_equal(run.after.delivered, whole.after.delivered)


@pytest.mark.parametrize("order", ["by_layer", "by_tick"])
def test_what_waits_keeps_its_amplitude_when_others_come_later(order):
    """Halves in the first part, one amplitude a tick; in the second two within a tick."""
    link = Link("in", (), delay=2)
    network = Network((Input("in", (1,)),), (Layer("out", (1,), LI(), (link,)),))
    record = Record(potentials=("out",), resumable=True)

    def spikes(ticks, amplitudes):
        return Spikes((1,), np.array(ticks), np.zeros(len(ticks), int), np.array(amplitudes))

    first = spikes([0, 1], [0.5, 0.25])
    run = simulate(network, first, ticks=2, record=record, order=order)
    run = run.resume(4, spikes([2, 2], [3.0, -0.5]))
    assert run.potentials["out"].ravel().tolist() == [0, 0, 0.5, 0.75, 3.25, 3.25]


@given(case=cases(), stop=st.integers(1, 11), order=ORDERS)
def test_inputs_may_come_later(case, stop, order):
    """The first part of the inputs, then the rest, with the run going on in between."""
    if stop >= case.ticks:
        return
    options = {"precision": case.precision, "order": order, "seed": case.seed}
    record = replace(Record.everything(case.network), resumable=True)
    whole = simulate(case.network, case.inputs, ticks=case.ticks, record=record, **options)
    first, rest = {}, {}
    for name, value in case.inputs.items():
        if isinstance(value, Spikes):
            early = value.tick < stop
            first[name], rest[name] = (
                Spikes(value.shape, value.tick[k], value.index[k], value.amplitude[k])
                for k in (early, ~early)
            )
        else:
            given = value if isinstance(value, Currents) else Currents((0,), value[None])
            later = [i for i, start in enumerate(given.start) if start >= stop]
            first[name] = given
            # nothing new: what flows stays
            rest[name] = (
                Currents(tuple(given.start[i] for i in later), given.values[later])
                if later
                else Currents((10**6,), np.zeros((1, *given.shape)))
            )
    run = simulate(case.network, first, ticks=stop, record=record, **options)
    runs_are_equal(run.resume(case.ticks - stop, rest), whole)


@given(case=cases(), data=st.data())
def test_simultaneous_arrivals_commute(case, data):
    """Links in another order: every arrival of a tick is added before any test."""
    layers = tuple(
        replace(layer, links=tuple(data.draw(st.permutations(layer.links))))
        for layer in case.network.layers
    )
    shuffled = Network(case.network.inputs, layers, case.network.output)
    options = {"ticks": case.ticks, "precision": case.precision, "seed": case.seed}
    record = Record.everything(case.network)
    one = simulate(case.network, case.inputs, record=record, **options)
    two = simulate(shuffled, case.inputs, record=record, **options)
    assert one.spikes == two.spikes
    assert one.counts.synops == two.counts.synops
    for name in one.potentials:
        assert np.array_equal(one.potentials[name], two.potentials[name])


@given(case=cases(), data=st.data(), granularity=GRANULARITIES)
def test_a_record_of_some_ticks_is_a_part_of_the_whole(case, data, granularity):
    options = {
        "ticks": case.ticks,
        "precision": case.precision,
        "seed": case.seed,
        "granularity": granularity,
    }
    everything = Record.everything(case.network)
    whole = simulate(case.network, case.inputs, record=everything, **options)
    ticks = sorted(data.draw(st.sets(st.integers(0, 20))))
    part = simulate(case.network, case.inputs, record=replace(everything, ticks=ticks), **options)
    kept = [tick for tick in ticks if tick < case.ticks]
    for name, v in whole.potentials.items():
        assert np.array_equal(part.potentials[name], v[kept])
        before = whole.potentials_before_reset[name]
        assert np.array_equal(part.potentials_before_reset[name], before[kept])
        dense = whole.spikes[name].to_dense(case.ticks)
        dense[[tick for tick in range(case.ticks) if tick not in kept]] = 0
        assert np.array_equal(part.spikes[name].to_dense(case.ticks), dense)
    assert part.counts == whole.counts


@given(case=cases())
def test_a_case_prints_as_code_that_rebuilds_it(case):
    import scipy.sparse as sp

    import eventsnn
    import eventsnn.testing

    names = {**vars(eventsnn), **vars(eventsnn.testing), "np": np, "sp": sp}
    rebuilt = eval(as_code(case), names)
    assert rebuilt.network == case.network
    assert as_code(rebuilt) == repr(case)
    assert (rebuilt.ticks, rebuilt.precision, rebuilt.seed) == (
        case.ticks,
        case.precision,
        case.seed,
    )


def one_neuron():
    layer = Layer("out", (1,), IF(2.0), (Link("in", (Linear(np.ones((1, 2))),)),))
    return Network((Input("in", (2,)),), (layer,))


def test_a_run_may_go_on_in_several_ways():
    run = simulate(one_neuron(), np.array([0.5, 0.25]), ticks=2, record=Record(resumable=True))
    same = run.resume(2)
    other = run.resume(2, np.array([2.0, 0.0]))
    assert (run.output[0], same.output[0], other.output[0]) == (0.0, 1.0, 2.0)
    assert other.counts.input_macs == 2 * same.counts.input_macs


def test_going_on_needs_a_kept_state_and_inputs_of_the_future():
    spikes = Spikes((2,), np.array([0]), np.array([1]))
    run = simulate(one_neuron(), spikes, ticks=2)
    with pytest.raises(ValueError, match=r"Record\(resumable=True\)"):
        run.resume(1)
    run = simulate(one_neuron(), spikes, ticks=2, record=Record(resumable=True))
    with pytest.raises(ValueError, match="at tick 0, but the run goes on at tick 2"):
        run.resume(1, spikes)
    with pytest.raises(ValueError, match="ticks must be an int >= 1"):
        run.resume(0)
    with pytest.raises(ValueError, match="found a batch"):
        run.resume(1, [spikes])


@pytest.mark.parametrize("ticks", [(3, 3), (5, 2), (-1, 2)])
def test_recorded_ticks_rise(ticks):
    with pytest.raises(ValueError, match=r"Record\.ticks: expected rising"):
        Record(ticks=ticks)


def test_memory_of_a_record_follows_its_ticks():
    record = Record(potentials=("out",), ticks=range(10**9 - 3, 10**9))
    run = simulate(one_neuron(), np.zeros(2), ticks=10**9, record=record)
    assert run.potentials["out"].shape == (3, 1)
