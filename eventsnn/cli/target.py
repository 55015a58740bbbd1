"""Where a command writes: found out before the work."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["check_target"]


def check_target(target: Path, option: str, inputs: tuple[Path | str | None, ...]) -> None:
    """Refuse a file that cannot be written, or that the command reads.

    Args:
        target: the file to write.
        option: that named it.
        inputs: files that are read, or None, or text that may name one.

    Raises:
        OSError: it cannot be written.
        click.BadParameter: it is an input.
    """
    from eventsnn.files.whole_file import check_writable

    check_writable(target)
    for path in inputs:
        if path is not None and Path(path).exists() and target.exists() and target.samefile(path):
            raise click.BadParameter(
                f"{target} is also an input; give another name", param_hint=f"'{option}'"
            )
