"""Executors by name: ``threads:4``, ``processes:4``, ``dask:4``, ``dask://host:port``."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import Any, ParamSpec, TypeVar

from eventsnn.errors import InputError, MissingExtraError

__all__ = ["Processes", "executor_by_name"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_NAME = re.compile(r"(threads|processes|dask):([1-9][0-9]{0,3})|dask://([^/]+:[0-9]+)")


@contextlib.contextmanager
def executor_by_name(name: str) -> Iterator[Executor]:
    """An executor, closed when the block ends.

    Args:
        name: ``threads:N`` of this process, ``processes:N`` of this machine, ``dask:N`` for
            Dask workers started here, ``dask://HOST:PORT`` for those of a scheduler.

    Raises:
        InputError: another name, or no scheduler there.
        MissingExtraError: Dask is not installed.
    """
    found = check_executor_name(name)
    if found[1] == "threads":
        with ThreadPoolExecutor(int(found[2])) as threads:
            yield threads
    elif found[1] == "processes":
        with Processes(int(found[2])) as processes:
            yield processes
    else:
        with _dask(found[2] and int(found[2]), found[3]) as client:
            yield client


def check_executor_name(name: str) -> re.Match[str]:
    """The parts of a name.

    Raises:
        InputError: it is none.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise InputError(
            f"executor: expected threads:N, processes:N, dask:N or dask://HOST:PORT, found {name!r}"
        )
    return found


class Processes(Executor):
    """A process pool that outlives its workers: when one dies, new ones take their place.

    What was running or waiting fails with BrokenExecutor, as in
    `concurrent.futures.ProcessPoolExecutor`; what is submitted afterwards runs.

    Args:
        workers: how many.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool, self._started = self._new(), False

    def submit(
        self, function: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_T]:
        """Run ``function`` in a worker."""
        if self._started:
            try:
                return self._pool.submit(function, *args, **kwargs)
            except BrokenExecutor:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = self._new()
        # a new pool starts all its workers now
        with _ignored_by_new_processes(signal.SIGINT):
            self._started = True
            return self._pool.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _new(self) -> ProcessPoolExecutor:
        # a copy of a process that has threads may hang, so that workers begin anew
        return ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"))


@contextlib.contextmanager
def _ignored_by_new_processes(number: signal.Signals) -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; it is the first one's to answer.

    What a process ignores, the processes that it starts ignore from their first moment on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def _dask(workers: Any, address: str | None) -> Iterator[Executor]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtraError(
            'Dask is not installed: python -m pip install "eventsnn[dask]"'
        ) from error
    with contextlib.ExitStack() as stack:
        if address is None:
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
            )
            client = stack.enter_context(Client(stack.enter_context(cluster)))
        else:
            try:
                client = stack.enter_context(Client(f"tcp://{address}", timeout=10))
            except OSError as error:
                raise InputError(f"executor: no Dask scheduler at {address} ({error})") from error
        yield client.get_executor()
