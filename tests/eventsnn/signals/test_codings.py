"""Whatever array is given, it is coded as the input says, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from eventsnn import (
    IF,
    LI,
    Analog,
    Bistable,
    Currents,
    Events,
    Input,
    InputError,
    Integers,
    Layer,
    Linear,
    Link,
    Network,
    NetworkError,
    PhaseAccumulator,
    Record,
    ScaleWarning,
    Spikes,
    Words,
    evaluate,
    oracle,
    phase_coded,
    simulate,
)

WHOLE = np.array([[1.0, -2.0], [2.0, 1.0], [1.0, 1.0]])


def fed(coding):
    """A network that makes sense of what ``coding`` lets in."""
    if isinstance(coding, Words):
        phases = coding.phases
        layers = (
            Layer("h", (3,), Bistable(1, phases, 2.0), (Link("x", (Linear(WHOLE),)),)),
            Layer("o", (2,), PhaseAccumulator(2, phases), (Link("h", (Linear(WHOLE.T),)),)),
        )
    else:
        layers = (
            Layer("h", (3,), IF(2.0), (Link("x", (Linear(WHOLE),)),)),
            Layer("o", (2,), LI(), (Link("h", (Linear(WHOLE.T),)),)),
        )
    return Network((Input("x", (2,), coding),), layers)


@st.composite
def codings(draw):
    kind = draw(st.sampled_from(["analog", "words", "integers", "events"]))
    if kind == "analog":
        return draw(st.sampled_from([Analog(), Analog(-1.0, 1.0)]))
    if kind == "words":
        low = draw(st.sampled_from([0.0, -1.0, np.array([-1.0, 0.5])]))
        return Words(draw(st.integers(1, 4)), low, 2.0, draw(st.integers(1, 2)))
    if kind == "integers":
        return Integers(draw(st.sampled_from([0.25, 1 / 3, 1.0])), draw(st.integers(2, 8)))
    return Events(most_spikes=draw(st.sampled_from([None, 1, 2])))


def by_hand(coding, array):
    """What flows, written out once more; None where it must be refused."""
    match coding:
        case Analog():
            return Currents((0,), array[None])
        case Integers(step=step):
            whole = np.round(array / step)
            return None if np.abs(whole).max() > coding.largest else Currents((0,), whole[None])
        case Words():
            u = (array - coding.low) / coding.width
            return phase_coded(np.stack([u] * coding.readings), coding.phases, rounding=True)
        case Events():
            return None


ARRAYS = st.one_of(
    st.lists(st.sampled_from([-1.0, -0.375, 0.0, 0.25, 0.75, 1.0]), min_size=2, max_size=2),
    st.lists(st.integers(0, 255), min_size=2, max_size=2),
).flatmap(
    lambda values: st.sampled_from([np.float64, np.float32]).map(lambda t: np.array(values, t))
)


@pytest.mark.filterwarnings("ignore::eventsnn.ScaleWarning")
@settings(max_examples=examples(1000))
@given(coding=codings(), array=ARRAYS, ticks=st.integers(1, 20))
def test_an_array_is_what_its_coding_makes_of_it_or_an_error(coding, array, ticks):
    network = fed(coding)
    expected = by_hand(coding, array.astype(np.float64))
    if expected is None:
        for run in (simulate, oracle.simulate):
            with pytest.raises(InputError, match="input `x`"):
                run(network, array, ticks=ticks)
        with pytest.raises(InputError, match="input `x`"):
            evaluate(network, array[None], None, ticks=ticks)
        return
    plain = replace(network, inputs=(Input("x", (2,)),))
    explicit = simulate(plain, expected, ticks=ticks, record=Record.everything(plain))
    coded = simulate(network, array, ticks=ticks, record=Record.everything(network))
    assert coded.counts == explicit.counts
    assert np.array_equal(coded.output, explicit.output)
    trace = oracle.simulate(network, array, ticks=ticks)
    for name, spikes in coded.spikes.items():
        assert spikes == explicit.spikes[name]
        assert np.array_equal(spikes.to_dense(ticks), trace.spikes[name])
    found = evaluate(network, np.stack([array] * 3), None, ticks=ticks)
    assert found.counts == coded.counts + coded.counts + coded.counts


def test_what_is_coded_already_goes_in_once():
    words = Words(2, -1.0, 2.0)
    spikes = phase_coded([[0.25, 0.5]], 2)
    assert simulate(fed(words), spikes, ticks=8).counts.spikes["x"] == len(spikes)
    with pytest.raises(InputError, match="must be words of 2 phases"):
        simulate(fed(words), Spikes((2,), [0], [1]), ticks=8)
    with pytest.raises(InputError, match="takes words of 2 phases, found Currents"):
        simulate(fed(words), Currents((0,), np.zeros((1, 2))), ticks=8)


def test_a_coding_says_what_it_expects():
    with pytest.raises(NetworkError, match=r"Words.phases: expected an int in 1..16, found 17"):
        Words(17)
    with pytest.raises(NetworkError, match=r"Integers.step: expected positive values"):
        Integers(0.0, 8)
    with pytest.raises(NetworkError, match="give both low and high"):
        Analog(low=1.0)
    with pytest.raises(NetworkError, match=r"Words.low has 3 values, expected 1 or 2"):
        Input("x", (2,), Words(2, np.zeros(3)))
    with pytest.raises(NetworkError, match="expected a coding"):
        Input("x", (2,), "analog")


IMAGES = np.random.default_rng(0).random((20, 2))


@pytest.mark.parametrize(
    ("known", "given"),
    [
        ((0.0, 1.0), IMAGES * 255),
        ((0.0, 255.0), IMAGES),
        ((0.0, 1.0), IMAGES * 2 - 1),
        ((-1.0, 1.0), IMAGES),
        ((-2.1, 2.6), IMAGES / 255 - 2.1),
        ((0.0, 255.0), (IMAGES - 0.5) / 0.25),
    ],
)
def test_data_of_another_scale_draw_a_warning(known, given):
    with pytest.warns(ScaleWarning, match="input `x`: the values lie in"):
        evaluate(fed(Analog(*known)), given, None, ticks=2)


@pytest.mark.parametrize("given", [IMAGES, IMAGES * 0.7, IMAGES * 1.3, IMAGES[:1] * 0, IMAGES[:3]])
def test_data_of_the_same_scale_draw_none(given):
    evaluate(fed(Analog(0.0, 1.0)), given, None, ticks=2)
    simulate(fed(Analog(0.0, 1.0)), given[0], ticks=2)
