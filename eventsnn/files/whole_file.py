"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["check_writable", "replacing"]


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before the work, not after it, that a file cannot be written.

    Raises:
        OSError: ``path`` is a folder or a device, or its folder is missing or closed to us.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; give the name of a file", str(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "is not a regular file; nothing was written", str(path))
    if not target.parent.is_dir():
        reason = f"cannot be written, the folder {target.parent} does not exist"
        raise FileNotFoundError(errno.ENOENT, reason, str(path))
    if not os.access(target.parent, os.W_OK):
        reason = f"cannot be written, the folder {target.parent} is read-only"
        raise PermissionError(errno.EACCES, reason, str(path))


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place if the block ends without error.

    Raises:
        OSError: as `check_writable`.
    """
    check_writable(path)
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
