"""The report's figures as PNG, with matplotlib (``pip install "eventsnn[plot]"``)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventsnn.energy import ENERGY_MODELS, EnergyModel, LemaireModel, Operations, energy
from eventsnn.errors import EventsnnError, FileFormatError, MissingExtraError
from eventsnn.files.printable import printable
from eventsnn.files.whole_file import replacing
from eventsnn.report.curves import EnergyCurve, energy_curves, operations_along
from eventsnn.report.file import read_operations
from eventsnn.report.tables import layer_energy

__all__ = ["figures", "save_figures"]

_COLOURS = ("#1f6fb4", "#c2571a", "#2d8a57", "#8b5bb5", "#a3356b", "#6d6d20")
_LONGEST_NAME = 28
_STYLES = ("-", "--", ":", "-.", (0, (6, 2)), (0, (1, 1)))


def save_figures(
    report: Mapping[str, Any], path: str | os.PathLike[str], folder: str | os.PathLike[str]
) -> list[Path]:
    """Write every figure of a report into ``folder``, which is made if it is missing.

    Args:
        report: of `eventsnn.report.read_report`.
        path: of the report, for messages.
        folder: where to.

    Returns:
        The files, named after what they show.

    Raises:
        MissingExtraError: matplotlib is not installed.
        FileFormatError: the report lacks what a figure shows.
        OSError: a file cannot be written.
    """
    drawn = figures(report, path)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, figure in drawn.items():
        written.append(target / f"{name}.png")
        with replacing(written[-1]) as partial:
            figure.savefig(partial, format="png", dpi=150, bbox_inches="tight")
    return written


def figures(
    report: Mapping[str, Any],
    path: str | os.PathLike[str],
    models: Sequence[EnergyModel | LemaireModel] = ENERGY_MODELS,
) -> dict[str, Any]:
    """Matplotlib figures by name; none is shown or registered with pyplot.

    Raises:
        MissingExtraError: matplotlib is not installed.
        FileFormatError: the report lacks what a figure shows.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            'figures need matplotlib: python -m pip install "eventsnn[plot]"; the HTML page '
            "does not"
        ) from error
    try:
        operations, _ = read_operations(report, path)
        curves = energy_curves(report, path, models)
        drawn = {
            "accuracy": _accuracy(Figure, report),
            "synops_per_layer": _layers(Figure, report, operations, models[0]),
            "synops_per_sample": _samples(Figure, report),
            "spike_rates": _rates(Figure, operations),
        }
        if any(curve.ann for curve in curves):
            drawn["energy_ratio"] = _ratios(Figure, curves)
        if report["early_exit"]:
            drawn["early_exit"] = _early_exit(Figure, report, path, models[0])
    except EventsnnError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise FileFormatError(
            f"{path}: lacks what the figures show ({error!r}); evaluate again with this version"
        ) from error
    return drawn


def _axes(figure_type: Any, x_label: str, y_label: str, height: float = 3.6) -> Any:
    figure = figure_type(figsize=(5.6, height), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(visible=True, color="#dcdfe3", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes


def _short(name: str) -> str:
    """A layer's name, its beginning cut off where it is longer than a figure has room for.

    Dollar signs are no formula of matplotlib's here.
    """
    short = name if len(name) <= _LONGEST_NAME else f"...{name[3 - _LONGEST_NAME :]}"
    return printable(short).replace("$", r"\$")


def _percent(axes: Any) -> None:
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _accuracy(figure_type: Any, report: Mapping[str, Any]) -> Any:
    axes = _axes(figure_type, "T, ticks", "share of samples")
    axes.plot(report["ticks"], report["accuracy"], color=_COLOURS[0], label="SNN")
    if report["agreement"] is not None:
        label = "same answer as the ANN"
        axes.plot(report["ticks"], report["agreement"], "--", color=_COLOURS[1], label=label)
    ann = report["ann_accuracy"]
    if ann is not None:
        axes.axhline(ann, color="#1c1e21", linestyle=":", label=f"ANN {ann:.1%}")
    _percent(axes)
    axes.legend(frameon=False)
    return axes.figure


def _layers(
    figure_type: Any,
    report: Mapping[str, Any],
    operations: Operations,
    model: EnergyModel | LemaireModel,
) -> Any:
    costs = layer_energy(report, operations, model)
    names = list(costs)
    figure = figure_type(figsize=(8, 1 + 0.26 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    synops = [report["synops_per_layer"][name] / 1e6 for name in names]
    places = range(len(names))
    left.barh(places, synops, color=_COLOURS[0])
    left.set_yticks(places, [_short(name) for name in names])
    left.set_xlabel("million synops received")
    left.invert_yaxis()
    right.barh(places, [costs[name] / 1e6 for name in names], color=_COLOURS[3])
    right.set_xlabel(f"their energy, uJ ({model.name})")
    return figure


def _samples(figure_type: Any, report: Mapping[str, Any]) -> Any:
    axes = _axes(figure_type, "million synops of one sample", "samples")
    pairs = list(zip(report["synops_per_sample"], report["correct_per_sample"], strict=True))
    groups = [[n / 1e6 for n, good in pairs if good is wanted] for wanted in (True, False)]
    labels = [f"right ({len(groups[0])})", f"wrong ({len(groups[1])})"]
    axes.hist(groups, bins=24, stacked=True, color=_COLOURS[:2], label=labels)
    axes.legend(frameon=False)
    return axes.figure


def _rates(figure_type: Any, operations: Operations) -> Any:
    firing = [layer for layer in operations.layers if layer.spikes]
    height = 1 + 0.26 * len(firing)
    axes = _axes(figure_type, "spikes per neuron and tick", "", height)
    rates = [layer.spikes / layer.neurons / operations.ticks for layer in firing]
    axes.barh(range(len(firing)), rates, color=_COLOURS[2])
    axes.set_yticks(range(len(firing)), [_short(layer.name) for layer in firing])
    axes.invert_yaxis()
    return axes.figure


def _ratios(figure_type: Any, curves: Sequence[EnergyCurve]) -> Any:
    axes = _axes(figure_type, "T, ticks", "energy, SNN / ANN")
    compared = [curve for curve in curves if curve.ann]
    for index, curve in enumerate(compared):
        assert curve.ann is not None
        axes.plot(
            curve.ticks,
            [cost / curve.ann for cost in curve.snn],
            color=_COLOURS[index % len(_COLOURS)],
            linestyle=_STYLES[index % len(_STYLES)],
            label=curve.model.name,
        )
    axes.axhline(1, color="#1c1e21", linestyle=":", label="break-even")
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize="small")
    return axes.figure


def _early_exit(
    figure_type: Any,
    report: Mapping[str, Any],
    path: str | os.PathLike[str],
    model: EnergyModel | LemaireModel,
) -> Any:
    found = report["early_exit"]
    stopped = operations_along(report, path, "early_exit")
    fixed = operations_along(report, path)
    axes = _axes(figure_type, f"mean energy per inference, uJ ({model.name})", "accuracy")
    for label, along, accuracy, color, style in (
        ("early exit, by confidence", stopped, found["accuracy"], _COLOURS[0], "o-"),
        ("all samples stop at T", fixed, report["accuracy"], _COLOURS[1], "--"),
    ):
        costs = [energy(operations, None, model).snn / 1e6 for operations in along]
        axes.plot(costs, accuracy, style, color=color, label=label, markersize=3)
    _percent(axes)
    axes.legend(frameon=False)
    return axes.figure
