"""The same result to the bit on any executor; the network travels once; the dead are replaced."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections import OrderedDict
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor

import numpy as np
import pytest
from evaluation_cases import CONFIDENCES, TICKS, assert_same, data, network

from eventsnn import LI, Input, Layer, Linear, Link, Network, evaluate
from eventsnn.errors import InputError
from eventsnn.evaluation import travel
from eventsnn.evaluation.evaluate import WorkersLostError
from eventsnn.evaluation.executors import Processes, executor_by_name

SAMPLES = 200


def run(**options):
    x, y = data(SAMPLES)
    options = {"ann_predictions": y[::-1], "exit_confidences": CONFIDENCES} | options
    return evaluate(network(), x, y, ticks=TICKS, **options)


@pytest.fixture(scope="module")
def expected():
    return run()


class InOneProcess:
    """Runs tasks at once, as another process would: pickled, without what this one knows."""

    def __init__(self, *, reads_files=True):
        self.sent, self.tasks = 0, OrderedDict()
        self._reads_files = reads_files

    def submit(self, function, *args):
        data = pickle.dumps((function, args))
        self.sent += len(data)
        function, args = pickle.loads(data)
        if not self._reads_files:
            object.__setattr__(function, "path", "")
        here, travel._tasks = travel._tasks, self.tasks
        done = Future()
        try:
            done.set_result(function(*args))
        except Exception as error:  # noqa: BLE001
            done.set_exception(error)
        finally:
            travel._tasks = here
        return done

    def tasks_of(self):
        from collections import OrderedDict

        self.tasks = self.tasks or OrderedDict()
        return self.tasks


@pytest.mark.parametrize("reads_files", [True, False])
def test_the_network_travels_once(reads_files):
    weight = np.random.default_rng(0).normal(size=(500, 500))
    layer = Layer("out", (500,), LI(), (Link("x", (Linear(weight),)),))
    net = Network((Input("x", (500,)),), (layer,))
    x = np.ones((160, 500))
    executor = InOneProcess(reads_files=reads_files)
    found = evaluate(net, x, None, ticks=2, executor=executor)
    assert np.array_equal(found.predictions, evaluate(net, x, None, ticks=2).predictions)
    # most of 20 tasks come back once from a worker that cannot read the file
    assert executor.sent < (1 if reads_files else 8) * weight.nbytes + 3 * x.nbytes


def test_workers_without_files_get_the_task_inside(expected):
    assert_same(run(executor=InOneProcess(reads_files=False)), expected)


def test_no_file_of_the_network_is_left(tmp_path, monkeypatch, expected):
    monkeypatch.setattr(travel.tempfile, "tempdir", str(tmp_path))
    assert_same(run(executor=InOneProcess()), expected)
    assert not list(tmp_path.iterdir())
    assert not travel._tasks


def test_without_a_temporary_folder(tmp_path, monkeypatch, expected):
    monkeypatch.setattr(travel.tempfile, "tempdir", str(tmp_path / "none"))
    assert_same(run(executor=InOneProcess()), expected)


def kill_once(pool, after):
    """Kills a worker when so many samples are finished."""
    seen = []

    def progress(count):
        seen.append(count)
        if sum(seen) >= after and after not in killed:
            killed.append(after)
            process = next(iter(pool._pool._processes.values()))
            process.kill()

    killed = []
    return progress


def test_processes_outlive_their_workers(expected):
    with Processes(2) as pool:
        assert_same(run(executor=pool, progress=kill_once(pool, 24)), expected)
        assert_same(run(executor=pool, progress=kill_once(pool, 160)), expected)


def test_a_pool_that_starts_no_others_tells_what_is_finished(tmp_path, expected):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:

        def progress(count):
            for process in list(pool._processes.values()):
                process.kill()

        with pytest.raises(WorkersLostError, match="the journal has it") as caught:
            run(executor=pool, progress=progress, journal=tmp_path / "j")
    assert 8 <= caught.value.partial.samples < SAMPLES
    assert_same(run(journal=tmp_path / "j"), expected)


class Dying:
    """Every task kills its worker."""

    def submit(self, *_):
        done = Future()
        done.set_exception(BrokenExecutor("killed"))
        return done


def test_workers_that_always_die_are_an_error():
    with pytest.raises(WorkersLostError, match="died 3 times without finishing") as caught:
        run(executor=Dying())
    assert caught.value.partial is None


@pytest.mark.parametrize("name", ["threads:2", "processes:2"])
def test_by_name(name, expected):
    with executor_by_name(name) as executor:
        assert_same(run(executor=executor), expected)


@pytest.mark.parametrize("name", ["", "threads", "threads:0", "dask://", "ssh:3", "processes:x"])
def test_no_such_name(name):
    with pytest.raises(InputError, match="expected threads:N, processes:N"), executor_by_name(name):
        pass


@pytest.mark.filterwarnings("ignore")
def test_dask_with_a_worker_that_dies(expected):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed = []

        def progress(count):
            if not killed:
                killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], 9)

        assert_same(run(executor=client.get_executor(), progress=progress), expected)
        assert killed
