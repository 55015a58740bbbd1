"""Where commands print: results to standard output, notes and progress to standard error.

Names come from files of anybody; what they hold beyond letters is shown as escapes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from eventsnn.files.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.progress import Progress

__all__ = ["note", "progress_bar", "say", "say_table", "warn"]

#: Files and pipes have no width to fit into: nothing may be cut there.
_UNBOUNDED = 10_000


def say(text: str = "") -> None:
    """Print a result to standard output as it is, names with [brackets] too."""
    _print(sys.stdout, text)


def note(text: str) -> None:
    """Say something that is not a result."""
    _print(sys.stderr, text)


def warn(text: str) -> None:
    """Say something that the user should act on."""
    _print(sys.stderr, f"Warning: {text}", style="bold yellow")


def say_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under a title; columns of numbers are right-aligned."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        numeric = all(_is_number(row[index]) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(text) for text in row))
    say()
    say(title)
    _console(sys.stdout).print(table)


def _cell(text: str) -> str:
    """A name cannot begin a line of its own."""
    return printable(text, sys.stdout.encoding).replace("\n", r"\n").replace("\t", r"\t")


def _print(stream: TextIO, text: str, style: str | None = None) -> None:
    shown = printable(text, stream.encoding)
    _console(stream).print(shown, style=style, soft_wrap=True)


def _is_number(cell: str) -> bool:
    return not cell.strip("0123456789,.%-+")


def progress_bar() -> Progress:
    """A bar on standard error, shown only where that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    return Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_console(sys.stderr),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    width = None if stream.isatty() else _UNBOUNDED
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
