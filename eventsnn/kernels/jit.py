"""The one place for compiler flags, the on-disk cache and the notice of a first compile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core import event
from numba.core.dispatcher import Dispatcher

from eventsnn.kernels.cache import KernelCache, folders, writable_folder

__all__ = ["COMPILED", "entry_point", "jit"]

#: Whether there is a compiler: not with ``NUMBA_DISABLE_JIT=1``.
COMPILED = not numba.config.DISABLE_JIT

_F = TypeVar("_F", bound=Callable[..., Any])
_log = logging.getLogger("eventsnn")

_FOLDERS = tuple(folders())
_CACHE = str(writable_folder(_FOLDERS) or "")


def jit(function: _F) -> _F:
    """Compile on first use: cached, without the GIL, additions in the order written.

    For kernels that only kernels call. Without a wrapper for Python, which would unpack
    every array of every argument, they compile in two thirds of the time; what Python calls,
    tests too, is an `entry_point`. (Without one, such a call ends the process.)

    No fastmath: sums must be the same in every plan, on every number of workers.
    """
    return _compiled(function, no_cpython_wrapper=True)


def entry_point(function: _F) -> _F:
    """The same as `jit`, for kernels that Python calls."""
    return _compiled(function, no_cpython_wrapper=False)


def _compiled(function: _F, *, no_cpython_wrapper: bool) -> _F:
    compiled: _F = numba.njit(
        nogil=True, error_model="numpy", no_cpython_wrapper=no_cpython_wrapper
    )(function)
    if isinstance(compiled, Dispatcher):  # with NUMBA_DISABLE_JIT it is the function itself
        dispatcher: Any = compiled
        dispatcher._cache = KernelCache(function, _FOLDERS)  # noqa: SLF001  # no public way
    return compiled


class _FirstCompile(event.Listener):  # type: ignore[misc]  # Numba ships no types
    """Tells once per process that the compiler is at work; loading from the cache is silent."""

    def __init__(self) -> None:
        self._told = False

    def on_start(self, event: Any) -> None:
        dispatcher = event.data["dispatcher"]
        if not self._told and dispatcher.py_func.__module__.startswith("eventsnn.kernels"):
            self._told = True
            if not _CACHE:
                _log.warning(
                    "eventsnn: compiling the kernels (about a minute), in every process anew: no "
                    "folder for them can be written; to keep them, set NUMBA_CACHE_DIR to one "
                    "that can"
                )
            else:
                _log.warning(
                    "eventsnn: compiling the kernels, once per installation and precision "
                    "(about a minute); later runs load them from %s",
                    _CACHE,
                )

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


event.register("numba:compile", _FirstCompile())
