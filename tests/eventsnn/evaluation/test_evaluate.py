"""A data set through a network: the same result to the bit, wherever it runs."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from eventsnn import (
    IF,
    LI,
    Flatten,
    Input,
    InputError,
    Layer,
    Linear,
    Link,
    Network,
    Record,
    Spikes,
    evaluate,
    simulate_batch,
)

TICKS = 12


def network(neuron=None):
    rng = np.random.default_rng(0)
    hidden = Link("image", (Flatten(), Linear(rng.normal(size=(20, 16)))))
    out = Link("hidden", (Linear(rng.normal(size=(5, 20))),))
    layers = (
        Layer("hidden", (20,), IF(), (hidden,), bias=0.1),
        Layer("out", (5,), LI() if neuron is None else neuron, (out,)),
    )
    return Network((Input("image", (1, 4, 4)),), layers)


def data(samples=50):
    rng = np.random.default_rng(1)
    return rng.normal(size=(samples, 1, 4, 4)), rng.integers(0, 5, samples)


@pytest.fixture(scope="module")
def expected():
    return evaluate(network(), *data(), ticks=TICKS, ann_predictions=data()[1][::-1])


def assert_same(found, expected):
    assert np.array_equal(found.accuracy, expected.accuracy)
    assert np.array_equal(found.agreement, expected.agreement)
    assert np.array_equal(found.predictions, expected.predictions)
    assert found.counts == expected.counts


@pytest.mark.parametrize("workers", [2, 4])
def test_threads_change_nothing(workers, expected):
    again = evaluate(
        network(), *data(), ticks=TICKS, ann_predictions=data()[1][::-1], workers=workers
    )
    assert_same(again, expected)


def test_processes_change_nothing(expected):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as executor:
        again = evaluate(
            network(), *data(), ticks=TICKS, ann_predictions=data()[1][::-1], executor=executor
        )
    assert_same(again, expected)


def test_every_tick_is_the_answer_of_a_shorter_run(expected):
    images, labels = data()
    for ticks in (1, 5, TICKS):
        runs = simulate_batch(network(), images, ticks=ticks)
        answers = np.array([run.output.argmax() for run in runs])
        assert expected.accuracy[ticks - 1] == (answers == labels).mean()
        assert expected.agreement[ticks - 1] == (answers == labels[::-1]).mean()
    assert expected.predictions.tolist() == answers.tolist()
    assert expected.counts == sum((run.counts for run in runs[1:]), runs[0].counts)


def test_a_firing_output_is_read_by_its_spike_count():
    images, labels = data()
    result = evaluate(network(IF(0.5)), images, labels, ticks=TICKS)
    runs = simulate_batch(network(IF(0.5)), images, ticks=TICKS, record=Record(spikes=("out",)))
    counts = np.array([run.spikes["out"].to_dense(TICKS).cumsum(axis=0) for run in runs])
    # ties, of which a firing output has many, go to the lowest index
    answers = counts.argmax(axis=2)
    assert result.accuracy.tolist() == (answers == labels[:, None]).mean(axis=0).tolist()


def test_progress_tells_every_sample_and_labels_are_optional():
    told = []
    result = evaluate(network(), data()[0], None, ticks=2, progress=told.append)
    assert sum(told) == 50
    assert result.accuracy is None
    assert result.agreement is None


def test_recordings_are_samples_too():
    rng = np.random.default_rng(2)
    recordings = [
        Spikes((1, 4, 4), np.sort(rng.integers(0, TICKS, 30)), rng.integers(0, 16, 30))
        for _ in range(9)
    ]
    result = evaluate(network(), recordings, np.zeros(9, dtype=int), ticks=TICKS)
    answers = [run.output.argmax() for run in simulate_batch(network(), recordings, ticks=TICKS)]
    assert result.predictions.tolist() == answers


def test_images_are_read_piece_by_piece():
    class Lazy:
        longest = 0

        def __len__(self):
            return 1000

        def __getitem__(self, key):
            start, stop, _ = key.indices(1000)
            self.longest = max(self.longest, stop - start)
            return np.ones((stop - start, 1, 4, 4))

    images = Lazy()
    assert evaluate(network(), images, None, ticks=1).samples == 1000
    assert images.longest <= 64


def test_a_bad_sample_ends_it_with_its_own_error():
    images, labels = data()
    images[20] = np.nan
    with ThreadPoolExecutor(2) as executor, pytest.raises(InputError, match="NaN"):
        evaluate(network(), images, labels, ticks=TICKS, executor=executor)
