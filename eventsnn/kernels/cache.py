"""Compiled kernels on disk: a file for each kernel and signature, believed only if whole.

Numba's own cache keeps an index that two processes overwrite for each other, and believes
whatever its files hold: one that is cut off ends every later run, one whose bytes changed is
executed. Here no file depends on another. A file begins with a checksum and is moved into its
place when it is complete; what does not match is as good as absent, and compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

__all__ = ["KernelCache", "folders", "writable_folder"]

_log = logging.getLogger("eventsnn")
_CHECKSUM = hashlib.sha256


def folders() -> Iterator[Path]:
    """Where compiled kernels may lie, in this order; named by a digest of all kernels.

    A change in a kernel that is called from another file would go unnoticed otherwise.
    """
    here = Path(__file__).parent
    digest = _CHECKSUM()
    for source in sorted(here.rglob("*.py")):
        digest.update(source.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen) / name
        return
    yield here / "__pycache__" / name
    with contextlib.suppress(RuntimeError):  # a user without a home
        yield Path.home() / ".cache" / "eventsnn" / name


def writable_folder(candidates: tuple[Path, ...]) -> Path | None:
    """The first of the folders that files can be written to; None where there is none."""
    for folder in candidates:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
    return None


class KernelCache:
    """What a Numba dispatcher asks of its cache, for one kernel.

    Args:
        kernel: the Python function.
        candidates: read from all of these folders, written to the first that can be.
    """

    def __init__(self, kernel: Callable[..., Any], candidates: tuple[Path, ...]) -> None:
        self._name = f"{kernel.__module__.removeprefix('eventsnn.kernels.')}.{kernel.__name__}"
        self._folders = candidates

    @property
    def cache_path(self) -> str:
        """The first folder, for Numba's statistics."""
        return str(next(iter(self._folders), ""))

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled kernel, or None where no whole file of it is there."""
        target.refresh()
        name = self._file_name(signature, target.codegen())
        for folder in self._folders:
            with contextlib.suppress(OSError):
                found = _read(folder / name, signature)
                if found is not None:
                    try:
                        return CompileResult._rebuild(target, *found)  # noqa: SLF001
                    except Exception:  # noqa: BLE001  # whatever it is, compiling is the remedy
                        _log.debug("eventsnn: %s does not load", folder / name, exc_info=True)
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled kernel; where it cannot be kept, this process has it all the same."""
        folder = writable_folder(self._folders)
        if folder is None:
            return
        payload = dumps((signature, compiled._reduce()))  # noqa: SLF001  # as Numba's own cache
        target = folder / self._file_name(signature, compiled.codegen)
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
                partial = Path(file.name)
                try:
                    file.write(_CHECKSUM(payload).digest() + payload)
                    file.close()  # before it is moved: Windows moves no open file
                    partial.replace(target)
                finally:
                    partial.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("eventsnn: a compiled kernel could not be kept in %s: %s", folder, error)

    def flush(self) -> None:
        """Nothing to forget: a file never depends on another."""

    def _file_name(self, signature: Any, codegen: Any) -> str:
        """Of the kernel for these types, on this processor, by this Numba and Python."""
        whole = (str(signature), codegen.magic_tuple(), numba.__version__, sys.version)
        return f"{self._name}-{_CHECKSUM(repr(whole).encode()).hexdigest()[:32]}.nbc"


def _read(path: Path, signature: Any) -> Any:
    """What `KernelCache.save_overload` wrote, or None if one byte is not as it was."""
    data = path.read_bytes()
    size = _CHECKSUM().digest_size
    checksum, payload = data[:size], data[size:]
    if _CHECKSUM(payload).digest() != checksum:
        return None
    stored, compiled = pickle.loads(payload)  # noqa: S301  # ours, and whole
    return compiled if stored == signature else None
