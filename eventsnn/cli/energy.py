"""``eventsnn energy``: the operations of a report as energy, by any model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eventsnn.cli.console import note, say, say_table
from eventsnn.cli.options import EXISTING_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventsnn.energy import EnergyEstimate, EnergyModel, LemaireModel, Operations

__all__ = ["energy"]


@click.command()
@click.argument("report", required=False, type=EXISTING_FILE)
@click.option(
    "--model",
    "name",
    help="Name of an energy model, all, or your own model.toml. Default: horowitz-fp32.",
)
@click.option(
    "--input",
    "convention",
    type=click.Choice(["once", "every-tick"]),
    default="once",
    show_default=True,
    help="A constant image is multiplied out once and added each tick, or in every tick.",
)
@click.option("--list", "listing", is_flag=True, help="List the energy models and their sources.")
def energy(report: Path | None, name: str | None, convention: str, listing: bool) -> None:
    """Energy per inference of a REPORT that `evaluate --json` wrote."""
    if listing:
        if report is not None or name is not None:
            raise click.UsageError("--list stands alone")
        _print_models()
        return
    if report is None:
        raise click.UsageError("give a REPORT written by `evaluate --json`, or --list")
    _print_energy(report, name, convention)


def _print_models() -> None:
    from eventsnn.energy import ENERGY_MODELS

    rows = [
        (m.name, m.constants(), str(m.year), m.technology, m.includes, m.note)
        for m in ENERGY_MODELS
    ]
    columns = ("model", "constants", "year", "technology", "includes", "note")
    say_table("energy models", columns, rows)
    _print_sources(ENERGY_MODELS)


def _print_energy(path: Path, name: str | None, convention: str) -> None:
    from eventsnn.energy import energy as estimate
    from eventsnn.report import read_operations, read_report

    operations, ann_macs = read_operations(read_report(path), path)
    if convention == "every-tick":
        operations = operations.image_in_every_tick()
    models = _models(name, operations)
    estimates = [estimate(operations, ann_macs, model) for model in models]
    for result in estimates:
        say(result.sentence())
    if len(estimates) == 1:
        _print_terms(path, estimates[0])
    else:
        _print_range(path, estimates)
    say("Not included: leakage, clocks, comparisons; by arithmetic units alone, all memory.")
    say(
        "Constant images: multiplied out in every tick."
        if convention == "every-tick"
        else "Constant images: multiplied out once, then one addition per neuron and tick."
    )
    _print_sources(models)


def _models(name: str | None, operations: Operations) -> Sequence[EnergyModel | LemaireModel]:
    from eventsnn.energy import ENERGY_MODELS, LemaireModel, energy_model, model_from_toml

    if name is not None and name.endswith(".toml"):
        return (model_from_toml(Path(name)),)
    if name != "all":
        return (energy_model(name or ENERGY_MODELS[0].name),)
    if operations.layers and operations.neuron_updates is not None:
        return ENERGY_MODELS
    note("an older report: models that need its layers or neuron updates are left out")
    return tuple(
        model
        for model in ENERGY_MODELS
        if not isinstance(model, LemaireModel) and not model.neuron_update_pj
    )


def _print_terms(path: Path, result: EnergyEstimate) -> None:
    rows = [(term, f"{value:,.1f}") for term, value in result.terms.items()]
    rows.append(("SNN", f"{result.snn:,.1f}"))
    if result.ann is not None:
        rows.append(("ANN", f"{result.ann:,.1f}"))
    say_table(path.name, ("pJ per inference", result.model.name), rows)
    say(result.model.constants())


def _print_range(path: Path, estimates: Sequence[EnergyEstimate]) -> None:
    rows = [
        (
            result.model.name,
            f"{result.snn:,.0f}",
            "-" if result.ann is None else f"{result.ann:,.0f}",
            "-" if result.ratio is None else f"{result.ratio:.2f}",
            result.model.constants(),
            result.model.note,
        )
        for result in estimates
    ]
    columns = ("model", "SNN pJ", "ANN pJ", "SNN/ANN", "constants", "note")
    say_table(f"{path.name}, per inference", columns, rows)


def _print_sources(models: Sequence[EnergyModel | LemaireModel]) -> None:
    for source in dict.fromkeys(model.source for model in models):
        say(f"source: {source}")
