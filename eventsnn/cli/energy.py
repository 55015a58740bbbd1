"""``eventsnn energy``: the operations of a report as energy, by any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eventsnn.cli.console import say, say_table
from eventsnn.cli.options import EXISTING_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eventsnn.energy import EnergyModel

__all__ = ["energy"]


@click.command()
@click.argument("report", required=False, type=EXISTING_FILE)
@click.option("--model", "name", help="Name of an energy model, or all. Default: horowitz-fp32.")
@click.option("--list", "listing", is_flag=True, help="List the energy models and their sources.")
def energy(report: Path | None, name: str | None, listing: bool) -> None:
    """Energy per inference of a REPORT that `evaluate --json` wrote."""
    if listing:
        if report is not None or name is not None:
            raise click.UsageError("--list stands alone")
        _print_models()
        return
    if report is None:
        raise click.UsageError("give a REPORT written by `evaluate --json`, or --list")
    _print_energy(report, name)


def _print_models() -> None:
    from eventsnn.energy import ENERGY_MODELS

    rows = [
        (m.name, f"{m.ac_pj:g}", f"{m.mac_pj:g}", m.technology, m.includes) for m in ENERGY_MODELS
    ]
    columns = ("model", "AC pJ", "MAC pJ", "technology", "includes")
    say_table("energy models", columns, rows)
    _print_sources(ENERGY_MODELS)


def _print_energy(path: Path, name: str | None) -> None:
    from eventsnn.energy import ENERGY_MODELS, energy_model
    from eventsnn.energy import energy as estimate
    from eventsnn.report import read_operations, read_report

    models = ENERGY_MODELS if name == "all" else (energy_model(name or ENERGY_MODELS[0].name),)
    operations, ann_macs = read_operations(read_report(path), path)
    estimates = [estimate(operations, ann_macs, model) for model in models]
    for result in estimates:
        say(result.sentence())
    rows = [
        (term, *(f"{result.terms[term]:,.1f}" for result in estimates))
        for term in estimates[0].terms
    ]
    rows.append(("SNN", *(f"{result.snn:,.1f}" for result in estimates)))
    if ann_macs is not None:
        rows.append(("ANN", *(f"{result.ann:,.1f}" for result in estimates)))
    columns = ("pJ per inference", *(model.name for model in models))
    say_table(path.name, columns, rows)
    say("Not included: memory, leakage, comparisons and resets.")
    _print_sources(models)


def _print_sources(models: Sequence[EnergyModel]) -> None:
    for source in dict.fromkeys(model.source for model in models):
        say(f"source: {source}")
