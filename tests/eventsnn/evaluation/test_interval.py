"""Intervals hold what they promise, and stop an evaluation when they are narrow enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from evaluation_cases import TICKS, data, network
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit
from scipy.stats import binomtest

from eventsnn import evaluate
from eventsnn.evaluation.interval import half_width, narrower_than, wilson
from eventsnn.evaluation.total import Standing


def standing(sizes, correct):
    sizes, correct = np.array(sizes), np.array(correct)
    squares = ((sizes**2).sum(), (sizes * correct).sum(), (correct**2).sum())
    return Standing(int(sizes.sum()), 0, 10**6, int(correct.sum()), len(sizes), squares)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_scipy(pair):
    expected = binomtest(*pair).proportion_ci(method="wilson")
    assert wilson(*pair) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.lists(st.integers(0, 8), min_size=30, max_size=200))
def test_half_a_width_is_the_ratio_estimators(correct):
    share = sum(correct) / (8 * len(correct))
    spread = np.std(np.array(correct) - 8 * share, ddof=1) / 8 / math.sqrt(len(correct))
    low, high = wilson(sum(correct), 8 * len(correct))
    found = half_width(standing([8] * len(correct), correct))
    t = stdtrit(len(correct) - 1, 0.975)
    assert found >= (high - low) / 2
    assert found == pytest.approx(max((high - low) / 2, t * spread), rel=1e-3)


@pytest.mark.parametrize("sorted_by_class", [True, False])
def test_the_interval_covers_the_truth_however_a_file_is_sorted(sorted_by_class):
    """Classes of which some are always right: neighbours are alike in a sorted file."""
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(40) < 0.7, 200)
    if not sorted_by_class:
        rng.shuffle(right)
    chunks = right.reshape(-1, 8).sum(axis=1)
    covered = 0
    for _ in range(400):
        drawn = rng.choice(chunks, 60, replace=False)
        width = half_width(standing([8] * 60, drawn))
        covered += abs(drawn.mean() / 8 - right.mean()) <= width
    assert covered >= 0.92 * 400


def test_few_chunks_are_never_enough():
    assert half_width(standing([8] * 29, [8] * 29)) >= 0.5
    assert half_width(Standing(8, 0, 8, None, 1, (64, 0, 0))) == 1.0


def test_an_evaluation_stops_when_it_is_enough():
    x, y = data(2000)
    options = {"ticks": TICKS, "order_seed": 0, "watch": narrower_than(0.05)}
    found = evaluate(network(), x, y, **options)
    assert 240 <= found.samples < 2000
    again = evaluate(network(), x, y, workers=3, **options)
    assert np.array_equal(again.index, found.index)
    assert again.counts == found.counts
    whole = evaluate(network(), x, y, ticks=TICKS)
    assert abs(whole.accuracy[-1] - found.accuracy[-1]) < 0.1
    assert np.array_equal(whole.predictions[found.index], found.predictions)


def test_the_order_changes_nothing_else():
    x, y = data(100)
    a = evaluate(network(), x, y, ticks=TICKS)
    b = evaluate(network(), x, y, ticks=TICKS, order_seed=5)
    assert a.counts == b.counts
    assert a.predictions.tolist() == b.predictions.tolist()


def test_long_runs_are_read_at_the_reported_ticks():
    x, y = data(10)
    long = evaluate(network(), x, y, ticks=700)
    assert long.accuracy.shape == (128,)
    for at, ticks in ((0, 1), (-1, 700), (64, None)):
        points = np.linspace(1, 700, 128).round().astype(int)
        short = evaluate(network(), x, y, ticks=int(ticks or points[at]))
        assert short.accuracy[-1] == long.accuracy[at]
