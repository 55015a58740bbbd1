"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["check_writable", "replacing", "write_whole"]


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

    It is on the disk before it takes the place, so that a loss of power leaves the old file or
    the new one. A file that is replaced keeps its mode: what was private stays so.

    Raises:
        OSError: as `check_writable`, or the disk is full; the old file is as it was.
    """
    check_writable(path)
    target = Path(os.path.realpath(path))
    old_mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    partial = target.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        creation = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        os.close(os.open(partial, creation, 0o666 if old_mode is None else 0o600))
        yield partial
        if old_mode is not None:
            partial.chmod(old_mode)
        _flush(partial)
        partial.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        if error.filename not in {None, str(partial)}:
            raise
        # what writes fail with names no file, or one that nobody has heard of
        reason = f"{error.strerror or error}; nothing was written"
        raise OSError(error.errno or errno.EIO, reason, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file, or leave the old one as it was.

    Raises:
        OSError: as `replacing`.
    """
    with replacing(path) as partial:
        partial.write_bytes(data)


def _flush(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a name in a folder last; Windows has no such call, some file systems refuse it."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
