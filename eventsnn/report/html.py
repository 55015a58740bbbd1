"""A report as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from eventsnn.energy import ENERGY_MODELS, EnergyModel, LemaireModel, Operations, energy
from eventsnn.energy.estimate import joules
from eventsnn.errors import EventsnnError, FileFormatError
from eventsnn.files.printable import printable
from eventsnn.report.curves import EnergyCurve, energy_curves, operations_along
from eventsnn.report.file import read_operations
from eventsnn.report.style import STYLE
from eventsnn.report.svg import Line, line_chart, stacked_histogram
from eventsnn.report.tables import energy_table, layer_table

__all__ = ["report_page"]


def report_page(
    report: Mapping[str, Any],
    path: str | os.PathLike[str],
    models: Sequence[EnergyModel | LemaireModel] = ENERGY_MODELS,
) -> str:
    """The page, as text.

    Args:
        report: of `read_report`, written by this version.
        path: for messages.
        models: that the energy is told by; the first gives the verdict.

    Raises:
        FileFormatError: the report lacks what the page shows.
    """
    try:
        return printable(_page(report, path, models))
    except EventsnnError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise FileFormatError(
            f"{path}: lacks what the page shows ({error!r}); evaluate again with this version"
        ) from error


def _page(
    report: Mapping[str, Any],
    path: str | os.PathLike[str],
    models: Sequence[EnergyModel | LemaireModel],
) -> str:
    operations, ann_macs = read_operations(report, path)
    curves = energy_curves(report, path, models)
    verdict = energy(operations, ann_macs, models[0])
    more = " more" if verdict.ratio is not None and verdict.ratio > 1 else ""
    title = f"{report['network']} on {report['data']}"
    sections = [
        _section("Accuracy against T", _accuracy(report)),
        _section("Energy of the SNN / energy of the ANN", _ratios(curves)),
        _section("Every sample has its own cost", _distribution(report)),
        _section("Accuracy against energy", _trade(report, curves[0])),
    ]
    if report["early_exit"]:
        sections.append(_section("Early exit", _early_exit(report, path, models[0]), "wide"))
    sections += [
        _section("Layers", layer_table(report, operations, models[0]), "wide long"),
        _section("Energy by model", energy_table(report, operations, curves), "wide long"),
        _section("What these numbers do not tell", _limits(), "wide"),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{_whence(report)}"
        f'<p class="verdict{more}">{escape(verdict.sentence())}</p>'
        f'{_facts(report, operations)}<div class="cards">{"".join(sections)}</div>'
        f'<p class="soft">eventsnn {escape(str(report["version"]))}</p></main></body></html>\n'
    )


def _section(title: str, inside: str, style: str = "") -> str:
    return f'<section class="{style}"><h2>{escape(title)}</h2>{inside}</section>'


def _whence(report: Mapping[str, Any]) -> str:
    parameters = ", ".join(f"{key} {value}" for key, value in report["parameters"].items())
    recipe = f"recipe {report['recipe'] or 'unknown'}{f' ({parameters})' if parameters else ''}"
    text = f"{report['samples']:,} samples, T = {report['ticks'][-1]}, {recipe}"
    return f'<p class="soft">{escape(text)}</p>'


def _facts(report: Mapping[str, Any], operations: Operations) -> str:
    ann = report["ann_accuracy"]
    facts = {
        f"accuracy at T = {report['ticks'][-1]}": f"{report['accuracy'][-1]:.2%}",
        "accuracy of the ANN": "unknown" if ann is None else f"{ann:.2%}",
        "synops per inference": _short(report["synops_per_inference"]),
        "of these additions": _short(operations.ac),
        "analog input, MACs": _short(report["input_macs"]),
        "MACs of the ANN": "unknown" if report["ann_macs"] is None else _short(report["ann_macs"]),
        "spikes per neuron and tick": f"{report['spikes_per_neuron_per_tick']:.4f}",
        "weights that are 0": f"{report['connection_sparsity']:.1%}",
    }
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
    )
    return f'<dl class="facts">{items}</dl>'


def _short(value: float) -> str:
    """Four digits and a unit: 12.34 M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value:.4g}"


def _accuracy(report: Mapping[str, Any]) -> str:
    lines = [Line("SNN", report["ticks"], report["accuracy"], "s1")]
    if report["agreement"] is not None:
        lines.append(Line("same answer as the ANN", report["ticks"], report["agreement"], "s2"))
    ann = report["ann_accuracy"]
    return line_chart(
        "accuracy against T",
        lines,
        x_label="T, ticks",
        y_label="share of samples",
        show=lambda value: f"{value:.0%}",
        level=None if ann is None else (ann, f"ANN {ann:.1%}"),
    )


def _ratios(curves: Sequence[EnergyCurve]) -> str:
    compared = [curve for curve in curves if curve.ann]
    if not compared:
        return "<p>There is no ANN to compare with.</p>"
    lines = [
        Line(
            curve.model.name,
            curve.ticks,
            [cost / curve.ann for cost in curve.snn] if curve.ann else [],
            f"s{1 + index % 6}",
        )
        for index, curve in enumerate(compared)
    ]
    return line_chart(
        "energy ratio against T",
        lines,
        x_label="T, ticks",
        y_label="SNN / ANN",
        show=lambda value: f"{value:g}",
        level=(1.0, "break-even"),
        logarithmic=True,
    )


def _distribution(report: Mapping[str, Any]) -> str:
    synops, correct = report["synops_per_sample"], report["correct_per_sample"]
    right = [value for value, good in zip(synops, correct, strict=True) if good]
    wrong = [value for value, good in zip(synops, correct, strict=True) if not good]
    text = "".join(
        f"<p>Mean over samples answered {name}: {_short(sum(values) / len(values))} synops.</p>"
        for name, values in (("right", right), ("wrong", wrong))
        if values
    )
    chart = stacked_histogram(
        "synaptic operations per sample",
        [("right", right, "s1"), ("wrong", wrong, "s2")],
        x_label="synops of one sample",
        y_label="samples",
        show=_short,
    )
    return chart + text


def _trade(report: Mapping[str, Any], curve: EnergyCurve) -> str:
    chart = line_chart(
        "accuracy against energy",
        [Line("SNN, T = 1...", [pj / 1e6 for pj in curve.snn], report["accuracy"], "s1")],
        x_label=f"energy per inference by {curve.model.name}, uJ",
        y_label="accuracy",
        show=lambda value: f"{value:.0%}",
        level=None
        if report["ann_accuracy"] is None
        else (report["ann_accuracy"], f"ANN {report['ann_accuracy']:.1%}"),
    )
    ann = "" if curve.ann is None else f"<p>The ANN costs {joules(curve.ann)}.</p>"
    return chart + ann


def _early_exit(
    report: Mapping[str, Any], path: str | os.PathLike[str], model: EnergyModel | LemaireModel
) -> str:
    found = report["early_exit"]
    along = operations_along(report, path, "early_exit")
    costs = [energy(operations, None, model).snn for operations in along]
    chart = line_chart(
        "accuracy against mean T with early exit",
        [
            Line("early exit, by confidence", found["mean_ticks"], found["accuracy"], "s1"),
            Line("all samples stop at T", report["ticks"], report["accuracy"], "s2"),
        ],
        x_label="mean ticks",
        y_label="accuracy",
        show=lambda value: f"{value:.0%}",
    )
    rows = "".join(
        f'<tr><td class="number">{confidence:g}</td><td class="number">{accuracy:.2%}</td>'
        f'<td class="number">{ticks:.1f}</td><td class="number">{joules(cost)}</td></tr>'
        for confidence, accuracy, ticks, cost in zip(
            found["confidence"], found["accuracy"], found["mean_ticks"], costs, strict=True
        )
    )
    return (
        f'{chart}<div class="scroll"><table><thead><tr><th class="number">confidence</th>'
        f'<th class="number">accuracy</th><th class="number">mean T</th>'
        f'<th class="number">mean energy, {escape(model.name)}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _limits() -> str:
    return (
        "<p>Synaptic operations are exact counts of this network on these samples. Energies are "
        "counts times published constants, made for other circuits: they order designs by "
        "arithmetic (and, for lemaire-2022, local memory), and are no measurement. None of them "
        "includes leakage, clocks, routing between cores, external memory, the comparisons with "
        "thresholds, or the host. A spiking chip's figure per synaptic operation is not "
        "comparable with a bare multiplier, so no ratio is shown for chips.</p>"
    )
