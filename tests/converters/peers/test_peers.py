"""What other simulators do as the oracle does, and what they do not: docs/other_simulators.md.

Each difference is one that the page names; if a new version behaves otherwise, a test fails.
"""

from functools import partial

import pytest
from hypothesis import strategies as st

from eventsnn import IF, LIF, AvgPool2d, Burst, Conv2d, Subtract, SumPool2d, ToValue
from eventsnn.testing import check_simulator, feed_forward_networks

pytestmark = [pytest.mark.tools, pytest.mark.filterwarnings("ignore")]

THETA = st.sampled_from([0.5, 0.75, 1.0])
V0 = st.sampled_from([0.0, -0.25, 0.5])
DECAY = st.sampled_from([0.5, 0.75])
ZERO, QUARTER = st.just(ToValue(0.0)), st.just(ToValue(0.25))


def check(run, neurons):
    synapses = (Conv2d, AvgPool2d, SumPool2d)
    networks = feed_forward_networks(neurons=neurons, synapses=synapses, biases=True)
    check_simulator(run, networks=networks)


def check_differs(run, neurons):
    with pytest.raises(AssertionError, match="differs first at tick"):
        check(run, neurons)


@pytest.fixture
def snntorch():
    pytest.importorskip("torch")
    pytest.importorskip("snntorch")
    from converters.peers import snntorch

    return snntorch.run


def test_snntorch_is_strict_at_the_threshold(snntorch):
    check_differs(snntorch, st.builds(IF, THETA))
    check(partial(snntorch, at_threshold=True), st.builds(IF, THETA))


def test_snntorch_resets_after_the_leak_of_the_next_tick(snntorch):
    late = partial(snntorch, at_threshold=True)
    check_differs(late, st.builds(LIF, DECAY, THETA))
    check(late, st.builds(LIF, DECAY, THETA, ZERO))


def test_snntorch_that_resets_at_once_may_reset_without_a_spike(snntorch):
    at_once = partial(snntorch, at_threshold=True, reset_delay=False)
    check_differs(at_once, st.builds(IF, THETA))
    check(at_once, st.builds(LIF, DECAY, THETA, ZERO))


@pytest.fixture
def spikingjelly():
    pytest.importorskip("torch")
    pytest.importorskip("spikingjelly")
    from converters.peers import spikingjelly

    return spikingjelly.run


def test_spikingjelly_is_the_oracle(spikingjelly):
    check(spikingjelly, st.builds(IF, THETA, v0=V0))
    check(spikingjelly, st.builds(LIF, DECAY, THETA, v0=V0))


def test_spikingjelly_leaks_towards_the_reset_value(spikingjelly):
    check(spikingjelly, st.builds(IF, THETA, ZERO | QUARTER, V0))
    check(spikingjelly, st.builds(LIF, DECAY, THETA, ZERO, V0))
    check_differs(spikingjelly, st.builds(LIF, DECAY, THETA, QUARTER, V0))


@pytest.fixture
def sinabs():
    pytest.importorskip("torch")
    pytest.importorskip("sinabs")
    from converters.peers import sinabs

    return sinabs.run


def test_sinabs_is_the_oracle(sinabs):
    check(sinabs, st.builds(IF, THETA, st.sampled_from([Subtract(), Subtract(1.25)]), V0))
    check(sinabs, st.builds(Burst, THETA, st.integers(1, 4), V0))
    check(sinabs, st.builds(IF, THETA, ZERO, V0))


def test_sinabs_adds_the_reset_value_in_every_tick(sinabs):
    check_differs(sinabs, st.builds(IF, THETA, QUARTER))


def test_sinabs_has_its_floor_behind_the_reset(sinabs):
    check(sinabs, st.builds(IF, THETA, v0=V0, v_min=st.sampled_from([-0.5, 0.0])))
    amount = st.just(Subtract(1.5))
    check_differs(sinabs, st.builds(IF, st.just(1.0), amount, v_min=st.just(-0.25)))
