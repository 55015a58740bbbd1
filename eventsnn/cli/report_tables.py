"""What evaluate and demo print: accuracy against T, synaptic operations, energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsnn.cli.console import say, say_table
from eventsnn.energy import energy, energy_model

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["print_early_exit", "print_report"]


def print_report(report: Mapping[str, Any]) -> None:
    """Print a report of `eventsnn.report.build_report`."""
    _print_accuracy(report)
    _print_synops(report)
    entry = report["energy_pj"]
    from eventsnn.report import read_operations

    estimate = energy(*read_operations(report, "report"), energy_model(entry["model"]["name"]))
    say(estimate.sentence())
    say(f"{estimate.model.constants()}; source: {estimate.model.source}")
    say("Arithmetic only: memory, leakage, comparisons and resets are not included.")


def print_early_exit(report: Mapping[str, Any], confidence: float) -> None:
    """Print what early exit would give, by confidence; the one asked for is marked."""
    from eventsnn.report import operations_along

    model = energy_model(report["energy_pj"]["model"]["name"])
    found = report["early_exit"]
    rows = [
        (
            f"{c:g}{' *' if c == confidence else ''}",
            f"{accuracy:.1%}",
            f"{ticks:.1f}",
            f"{energy(operations, None, model).snn:,.0f}",
        )
        for c, accuracy, ticks, operations in zip(
            found["confidence"],
            found["accuracy"],
            found["mean_ticks"],
            operations_along(report, "report", "early_exit"),
            strict=True,
        )
    ]
    columns = ("confidence", "accuracy", "mean T", f"mean pJ, {model.name}")
    say_table("early exit: each sample stops at its confidence", columns, rows)
    say("Told from the one full run; comparing the two largest outputs is not priced.")


def _print_accuracy(report: Mapping[str, Any]) -> None:
    ticks, agreement, ann = report["ticks"], report["agreement"], report["ann_accuracy"]
    known, every, seconds = report["samples"], report["samples_in_data"], report["seconds"]
    columns: dict[str, list[str]] = {
        "T": [],
        "SNN accuracy": [],
        "95 % interval": [],
        "ANN accuracy": [],
        "agreement": [],
    }
    for at in _handful(ticks):
        share = report["accuracy"][at]
        columns["T"].append(str(ticks[at]))
        columns["SNN accuracy"].append(f"{share:.1%}")
        columns["95 % interval"].append(_interval(share, known))
        columns["ANN accuracy"].append("-" if ann is None else f"{ann:.1%}")
        columns["agreement"].append("-" if agreement is None else f"{agreement[at]:.1%}")
    if known == every:  # nothing was left out: the accuracy on these data is what it is
        del columns["95 % interval"]
    of = "" if known == every else f" of {every}"
    took = "" if seconds is None else f", {seconds:.1f} s"
    title = f"{known}{of} samples of {report['data']}{took}"
    say_table(title, list(columns), list(zip(*columns.values(), strict=True)))
    if known < every:
        say("Intervals hold for samples drawn at random, or the first ones of a shuffled file.")


def _interval(share: float, samples: int) -> str:
    from eventsnn.evaluation.interval import wilson

    low, high = wilson(round(share * samples), samples)
    return f"{low:.1%} to {high:.1%}"


def _handful(ticks: list[int]) -> list[int]:
    """Positions of the powers of two, or what is nearest, and of the last tick."""
    powers = [2**n for n in range(ticks[-1].bit_length())]
    nearest = {min(range(len(ticks)), key=lambda at: abs(ticks[at] - p)) for p in powers}
    return sorted(nearest | {len(ticks) - 1})


def _print_synops(report: Mapping[str, Any]) -> None:
    total = report["synops_per_inference"]
    rows = [
        (layer, f"{synops:,.0f}", f"{synops / total:.1%}" if total else "-")
        for layer, synops in report["synops_per_layer"].items()
    ]
    rows.append(("all", f"{total:,.0f}", "100.0%" if total else "-"))
    title = f"synaptic operations per inference, by receiving layer, T = {report['ticks'][-1]}"
    say_table(title, ("layer", "synops", "share"), rows)
    effective = report["synops_effective_per_inference"]
    if effective != total:
        say(f"over nonzero weights: {effective:,.0f} synops")
    say(f"analog input: {report['input_macs']:,.0f} multiply-accumulates, not among the synops")
    if report["ann_macs"] is not None:
        say(f"ANN: {report['ann_macs']:,} multiply-accumulates per inference")
    say(f"spikes per neuron and tick: {report['spikes_per_neuron_per_tick']:.4f}")
