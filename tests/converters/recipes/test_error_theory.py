"""What is proven about the error of a rate, on random inputs; draws are dyadic, so exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from converters.calibration.dynamics import spike_train
from converters.diagnosis import decompose
from converters.diagnosis.decomposition import rate_at_constant_input

NEURONS = 16
few = settings(max_examples=examples(100))  # each of NEURONS neurons


@st.composite
def layers(draw, low=-24, high=40):
    """Currents (T, neurons), thetas and initial potentials below them, all dyadic."""
    ticks = 2 ** draw(st.integers(0, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    theta = rng.integers(1, 17, NEURONS) / 8
    currents = rng.integers(low, high + 1, (ticks, NEURONS)) / 16
    v0 = theta * rng.integers(draw(st.sampled_from([0, -24])), 8, NEURONS) / 8
    return currents, theta, v0


def run(currents, theta, v0, neuron="if", burst=1):
    """Spike count and last potential, by conservation-free stepping."""
    ticks = len(currents)
    count = spike_train(currents, theta, v0, neuron, ticks, burst).sum(axis=0, dtype=np.int64)
    return count, v0 + currents.sum(axis=0) - theta * count


def slow_run(currents, theta, v0):
    """The definition, neuron by neuron."""
    counts, potentials = [], []
    for train, threshold, start in zip(currents.T, theta, v0, strict=True):
        v, count = start, 0
        for current in train:
            v += current
            if v >= threshold:
                v -= threshold
                count += 1
        counts.append(count)
        potentials.append(v)
    return np.array(counts), np.array(potentials)


@few
@given(layers())
def test_conservation(case):
    """theta count = sum I + V0 - V[N], and r = mean I - (V[N] - V0) / N, for any input."""
    currents, theta, v0 = case
    count, v = slow_run(currents, theta, v0)
    np.testing.assert_array_equal(theta * count, currents.sum(axis=0) + v0 - v)
    np.testing.assert_array_equal(run(currents, theta, v0)[0], count)


@few
@given(layers(), st.sampled_from(["if", "signed"]), st.integers(1, 4))
def test_constant_input(case, neuron, burst):
    """count = clip(floor((N I + V0) / theta), 0, burst N) for V0 in [0, theta)."""
    currents, theta, v0 = case
    ticks = len(currents)
    count, _ = run(np.broadcast_to(currents[:1], currents.shape), theta, v0, neuron, burst)
    expected = np.clip(np.floor((ticks * currents[0] + v0) / theta), 0, burst * ticks)
    np.testing.assert_array_equal(count[v0 >= 0], expected[v0 >= 0])
    rate = rate_at_constant_input(ticks * currents[0], theta, v0, ticks, burst)
    np.testing.assert_array_equal(theta * count / ticks, rate)


@few
@given(layers())
def test_firing_early_is_starting_high(case):
    """Firing at alpha theta from V0 = 0 is firing at theta from V0 = (1 - alpha) theta."""
    currents, theta, start = case
    v = np.zeros(NEURONS)
    spikes = spike_train(currents, theta, start, "if", len(currents))
    for current, s in zip(currents, spikes, strict=True):
        v += current
        early = v >= theta - start
        np.testing.assert_array_equal(early, s)
        v -= theta * early


@few
@given(
    layers(),
    st.sampled_from(["if", "signed"]),
    st.integers(1, 3),
    st.sampled_from([None, 0.5, 1.0]),
)
def test_the_four_errors_add_up_exactly(case, neuron, burst, ceiling):
    currents, theta, v0 = case
    rng = np.random.default_rng(currents.size)
    z = rng.integers(-32, 64, NEURONS) / 16
    count, _ = run(currents, theta, v0, neuron, burst)
    e = decompose(
        currents.sum(axis=0),
        count,
        z,
        theta=theta,
        v0=v0,
        ticks=len(currents),
        ceiling=ceiling,
        max_spikes=burst,
    )
    np.testing.assert_array_equal(e.deviation + e.quantization - e.clipping + e.inherited, e.total)
    np.testing.assert_array_equal(e.total, theta * count / len(currents) - np.clip(z, 0, ceiling))
    assert np.all(e.clipping[burst * theta <= (ceiling or np.inf)] >= 0)


@few
@given(layers())
def test_deviation_is_a_difference_of_potentials(case):
    """e_d = (Vconst[N] - V[N]) / N."""
    currents, theta, v0 = case
    ticks, mean = len(currents), currents.mean(axis=0)
    count, v = slow_run(currents, theta, v0)
    _, v_constant = slow_run(np.broadcast_to(mean, currents.shape), theta, v0)
    e = decompose(currents.sum(axis=0), count, mean, theta=theta, v0=v0, ticks=ticks)
    np.testing.assert_array_equal(e.deviation, (v_constant - v) / ticks)


@few
@given(layers(low=0), st.permutations(range(4)))
def test_no_deviation_while_inputs_stay_between_0_and_theta(case, order):
    """In any order of the inputs."""
    currents, theta, v0 = case
    currents = np.minimum(currents, theta)
    if len(currents) >= 4:
        currents = np.concatenate([currents[i::4] for i in order])
    for neuron in ("if", "signed"):
        count, _ = run(currents, theta, v0, neuron)
        e = decompose(currents.sum(axis=0), count, theta, theta=theta, v0=v0, ticks=len(currents))
        assert not e.deviation.any()


@few
@given(layers(), st.booleans())
def test_quantization_bounds(case, half):
    """|e_q| <= theta / N with V0 = 0, <= theta / (2 N) with V0 = theta / 2."""
    currents, theta, _ = case
    ticks = len(currents)
    v0 = theta / 2 if half else np.zeros(NEURONS)
    e = decompose(currents.sum(axis=0), 0, 0 * theta, theta=theta, v0=v0, ticks=ticks)
    assert np.all(np.abs(e.quantization) <= theta / ticks / (2 if half else 1))


@few
@given(layers())
def test_inputs_outside_are_bounded_by_their_variance(case):
    """P(I < 0 or I > theta) <= Var(I) / min(mean, theta - mean)^2, for a mean between them."""
    currents, theta, _ = case
    mean, variance = currents.mean(axis=0), currents.var(axis=0)
    inside = (mean > 0) & (mean < theta)
    outside = ((currents < 0) | (currents > theta)).mean(axis=0)
    margin = np.minimum(mean, theta - mean)[inside]
    assert np.all(outside[inside] * margin**2 <= variance[inside] * (1 + 1e-12))


@few
@given(layers(), st.integers(1, 4))
def test_a_signed_neuron_never_takes_back_more_than_it_gave(case, burst):
    currents, theta, v0 = case
    running = spike_train(currents, theta, v0, "signed", len(currents), burst).cumsum(axis=0)
    assert running.min() >= 0


@few
@given(layers(), st.integers(2, 4))
def test_a_long_signed_burst_is_the_rule_for_one_spike_again_and_again(case, burst):
    currents, theta, v0 = case
    v, given_before = v0.copy(), np.zeros(NEURONS)
    for current, s in zip(
        currents, spike_train(currents, theta, v0, "signed", len(currents), burst), strict=True
    ):
        v = v + current
        sign = np.where(v >= theta, 1, -1)
        total = np.zeros(NEURONS)
        for _ in range(burst):
            up = (sign > 0) & (v >= theta)
            back = (sign < 0) & (v < 0) & (given_before > 0)
            one = up.astype(int) - back
            v, given_before, total = v - theta * one, given_before + one, total + one
        np.testing.assert_array_equal(s, total)


@pytest.mark.parametrize(
    ("ticks", "best"), [(2, 1.75), (4, 2.0), (8, 2.5), (16, 3.0), (32, 3.0), (64, 4.0)]
)
def test_the_best_threshold_grows_with_the_time_there_is(ticks, best):
    """Mean currents N(0, 1), temporal sd 0.5, V0 = theta / 2: an optimum inside the grid."""
    rng = np.random.default_rng(0)
    mean = rng.normal(size=10_000)
    currents = mean + 0.5 * rng.normal(size=(ticks, mean.size))
    grid = np.array([0.5, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 5])
    errors = []
    for theta in grid:
        count = spike_train(currents, np.array(theta), np.array(theta / 2), "if", ticks).sum(axis=0)
        errors.append(np.mean((theta * count / ticks - np.maximum(mean, 0)) ** 2))
    near = np.abs(np.arange(len(grid)) - np.argmin(errors)) <= 1  # the optimum is flat
    assert best in grid[near]
    assert 0 < np.argmin(errors) < len(grid) - 1
