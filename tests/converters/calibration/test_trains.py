"""The dense trains, by which recipes tune, are those of the event engine."""

import numpy as np
import pytest
from conversion_cases import KINDS, conversions
from hypothesis import assume, given, settings
from profiles import examples

from converters import Ann, Node, lower, ops
from converters.calibration.dynamics import spike_counts, spike_train
from converters.calibration.trains import mean_over, walk
from eventsnn import Record, simulate_batch
from eventsnn.testing import exact_bits


@settings(max_examples=examples(150))
@given(conversions())
def test_dense_trains_are_those_of_the_engine(case):
    ann, thresholds, kinds, burst, ticks, x = case
    network = lower(ann, thresholds, neuron=kinds, burst=burst)
    assume(exact_bits(network, {"input": x[0]}, ticks) <= 50)
    assume(exact_bits(network, {"input": x[1]}, ticks) <= 50)
    seen = {}

    def fire(name, currents, _):
        theta = thresholds[name]
        spikes = spike_train(currents, theta, theta / 2, kinds[name], ticks, burst)
        count = spike_counts(currents, theta, theta / 2, kinds[name], ticks, burst)
        np.testing.assert_array_equal(count, spikes.sum(axis=0))
        seen[name] = spikes
        return spikes * theta

    *_, (output, train) = walk(ann, x, fire)
    assert output == ann.output
    names = tuple(seen)
    runs = simulate_batch(network, x, ticks=ticks, record=Record(spikes=names), precision="float64")
    for index, run in enumerate(runs):
        for name in names:
            np.testing.assert_array_equal(run.spikes[name].to_dense(ticks), seen[name][:, index])
        np.testing.assert_array_equal(run.output, mean_over(train, ticks)[index] * ticks)


@pytest.mark.parametrize("neuron", KINDS)
def test_a_constant_current_needs_no_copy_per_tick(neuron):
    rng = np.random.default_rng(0)
    current = rng.normal(size=(1, 3, 4, 2, 2))
    theta = rng.uniform(0.5, 2, size=(4, 1, 1))
    whole = np.broadcast_to(current, (7, *current.shape[1:]))
    for function in (spike_train, spike_counts):
        once, repeated = (function(c, theta, theta / 2, neuron, 7) for c in (current, whole))
        np.testing.assert_array_equal(once, repeated)


def test_a_network_without_relus_has_trains_of_one_tick():
    ann = Ann((2,), (Node("fc", ops.Linear(np.eye(2))),))
    ((name, train),) = walk(ann, np.ones((3, 2)), lambda _, currents, __: currents)
    assert name == "fc"
    assert train.shape == (1, 3, 2)
    np.testing.assert_array_equal(mean_over(train, 5), np.ones((3, 2)))
