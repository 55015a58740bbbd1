"""``eventsnn report``: a report as one HTML page, and its figures as PNG."""

from __future__ import annotations

from pathlib import Path

import click

from eventsnn.cli.console import say
from eventsnn.cli.options import EXISTING_FILE, OUTPUT_FILE
from eventsnn.cli.target import check_target

__all__ = ["report"]


@click.command()
@click.argument("path", metavar="REPORT", type=EXISTING_FILE)
@click.option("-o", "--output", "target", required=True, type=OUTPUT_FILE, help="Page to write.")
@click.option(
    "--png",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the figures there too, as PNG (needs eventsnn[plot]).",
)
def report(path: Path, target: Path, folder: Path | None) -> None:
    """Show the REPORT that `evaluate --json` wrote as one self-contained HTML page."""
    from eventsnn.files.whole_file import write_whole
    from eventsnn.report import read_report, report_page

    check_target(target, "--output", (path,))
    found = read_report(path)
    page = report_page(found, path)
    figures = []
    if folder is not None:
        from eventsnn.report.figures import save_figures

        figures = save_figures(found, path, folder)
    write_whole(target, page.encode())
    for written in (target, *figures):
        say(f"{written}")
