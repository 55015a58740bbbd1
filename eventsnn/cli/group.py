"""The program ``eventsnn``: its commands, and what becomes of errors.

Heavy imports, and all of `converters`, happen inside the commands, so that ``--help`` is
quick.
"""

from __future__ import annotations

import errno
import warnings
from typing import Any, TextIO

import click

from eventsnn import __version__
from eventsnn.cli.compare import compare
from eventsnn.cli.console import warn
from eventsnn.cli.convert import convert
from eventsnn.cli.demo import demo
from eventsnn.cli.diagnose import diagnose
from eventsnn.cli.energy import energy
from eventsnn.cli.evaluate import evaluate
from eventsnn.cli.info import info
from eventsnn.cli.merge import merge
from eventsnn.cli.quantize import quantize
from eventsnn.cli.report import report
from eventsnn.cli.verify import verify
from eventsnn.errors import EventsnnError, ScaleWarning
from eventsnn.files.printable import printable

__all__ = ["main"]


class _Failure(click.ClickException):
    """One message on standard error and exit status 2, as click does for wrong usage."""

    exit_code = 2


#: Exit status of a program that SIGINT ended, as shells count.
_INTERRUPTED = 130


class _Program(click.Group):
    """Turns our errors, and those of the machine, into a message without traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", ScaleWarning)
                warnings.showwarning = _show
                return super().invoke(ctx)
        except EventsnnError as error:
            raise _Failure(printable(str(error))) from error
        except click.ClickException as error:
            said = error.format_message()
            if printable(said) == said:
                raise
            raise _Failure(printable(said)) from error
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(_INTERRUPTED)
        except MemoryError as error:
            what = f"not enough memory: {error}" if str(error) else "not enough memory"
            raise _Failure(f"{what}; use a machine with more, or less at once") from error
        except EOFError as error:  # click takes it for Ctrl-D and says "Aborted!"
            raise _Failure(f"a file or the input ends too soon ({error})") from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # `eventsnn info ... | head`: click ends quietly
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise _Failure(printable(f"{where}{error.strerror or error}")) from error


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What Python warns of, without the line of code that did."""
    del category, filename, lineno, file, line
    warn(str(message))


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="eventsnn %(version)s")
def main() -> None:
    """Trained networks as event-driven spiking networks: accuracy, synaptic operations, energy."""


for _command in (
    info,
    convert,
    quantize,
    evaluate,
    merge,
    compare,
    diagnose,
    energy,
    report,
    verify,
    demo,
):
    main.add_command(_command)
