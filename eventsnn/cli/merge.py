"""``eventsnn merge``: the journals of all shards of an evaluation as one report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from eventsnn.cli.evaluate import read_evaluated, show_report, what_options

__all__ = ["merge"]


@click.command()
@what_options
@click.argument(
    "journals",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
def merge(journals: tuple[Path, ...], **what: Any) -> None:
    """Add up the JOURNALS of the shards of `evaluate NETWORK DATA`; nothing is run.

    Options as of the evaluation. The report is the same as of one run of all samples.
    """
    from eventsnn.evaluation.evaluate import merge as add_up

    report = read_evaluated(**what).report(partial(add_up, journals))
    show_report(report, what["report_path"], what["confidence"])
