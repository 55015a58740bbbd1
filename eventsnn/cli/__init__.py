"""The command line: one file per command, `main` is the program."""

from eventsnn.cli.group import main

__all__ = ["main"]
