"""The one place for compiler flags, the on-disk cache and the notice of a first compile."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import event

__all__ = ["COMPILED", "entry_point", "jit"]

#: Whether there is a compiler: not with ``NUMBA_DISABLE_JIT=1``.
COMPILED = not numba.config.DISABLE_JIT

_F = TypeVar("_F", bound=Callable[..., Any])
_log = logging.getLogger("eventsnn")


def _cache_directory() -> str:
    """A folder named by a digest of all kernels.

    Numba checks only the file of the outermost function when it loads from its cache; a
    change in a kernel that is called from another file would go unnoticed.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    bases = (
        [Path(chosen)] if chosen else [here / "__pycache__", Path.home() / ".cache" / "eventsnn"]
    )
    for base in bases:
        folder = base / f"kernels-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""  # Numba then looks for a place itself


_CACHE = _cache_directory()


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
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = _CACHE or before
    try:
        compiled: _F = numba.njit(
            cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=no_cpython_wrapper
        )(function)
    finally:
        numba.config.CACHE_DIR = before
    return compiled


class _FirstCompile(event.Listener):  # type: ignore[misc]  # Numba ships no types
    """Tells once per process that the compiler is at work; loading from the cache is silent."""

    def __init__(self) -> None:
        self._told = False

    def on_start(self, event: Any) -> None:
        dispatcher = event.data["dispatcher"]
        if not self._told and dispatcher.py_func.__module__.startswith("eventsnn.kernels"):
            self._told = True
            _log.warning(
                "eventsnn: compiling the kernels, once per installation and precision "
                "(about a minute); later runs load them from %s",
                _CACHE or "Numba's cache",
            )

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


event.register("numba:compile", _FirstCompile())
