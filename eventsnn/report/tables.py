"""The tables of the page: layers, and energy by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from eventsnn.energy import EnergyModel, LemaireModel, Operations, energy
from eventsnn.energy.estimate import joules
from eventsnn.report.curves import EnergyCurve

__all__ = ["break_even", "energy_table", "layer_energy", "layer_table"]


def layer_energy(
    report: Mapping[str, Any], operations: Operations, model: EnergyModel | LemaireModel
) -> dict[str, float]:
    """Picojoules by receiving layer: its links' synaptic operations, by one model.

    Additions of the constant image and of biases belong to no link and are left out, but
    for `LemaireModel`, which works by layer.
    """
    if isinstance(model, LemaireModel):
        return {
            layer.name: sum(model.snn_layer(layer, operations.ticks).values())
            for layer in operations.layers
        }
    found = dict.fromkeys((layer.name for layer in operations.layers), 0.0)
    for link in report["links"]:
        found[link["target"]] += link["ac"] * model.ac_pj + link["mac"] * model.mac_pj
    return found


def layer_table(
    report: Mapping[str, Any], operations: Operations, model: EnergyModel | LemaireModel
) -> str:
    """Synops, energy, spikes and rate of every layer, with bars."""
    costs = layer_energy(report, operations, model)
    synops = report["synops_per_layer"]
    rates = {
        layer.name: layer.spikes / layer.neurons / operations.ticks for layer in operations.layers
    }
    rows = "".join(
        f'<tr><td class="name">{escape(layer.name)}</td>'
        f"{_bar(synops[layer.name], max(synops.values()), f'{synops[layer.name]:,.0f}', 's1')}"
        f"{_bar(costs[layer.name], max(costs.values()), joules(costs[layer.name]), 's4')}"
        f'<td class="number">{layer.spikes:,.0f}</td>'
        f"{_bar(rates[layer.name], max(rates.values()), f'{rates[layer.name]:.4f}', 's3')}</tr>"
        for layer in operations.layers
    )
    head = "".join(
        f'<th class="{style}">{escape(name)}</th>'
        for name, style in (
            ("layer", ""),
            ("synops received", "number"),
            (f"their energy, {model.name}", "number"),
            ("spikes sent", "number"),
            ("spikes per neuron and tick", "number"),
        )
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'</div><p class="soft">Means per inference. The analog input is not among the synops: '
        f"{report['input_macs']:,.0f} MACs once, and {operations.input_adds:,.0f} additions.</p>"
    )


def _bar(value: float, largest: float, text: str, style: str) -> str:
    share = 100 * value / largest if largest else 0.0
    return (
        f'<td class="number">{escape(text)}<span class="meter {style}" '
        f'style="width:{share:.1f}%"></span></td>'
    )


def energy_table(
    report: Mapping[str, Any], operations: Operations, curves: Sequence[EnergyCurve]
) -> str:
    """Energy, ratio and break-even by every model, with constants and sources."""
    _, ann_macs = operations, report["ann_macs"]
    rows = []
    for curve in curves:
        estimate = energy(operations, ann_macs, curve.model)
        ratio = "-" if estimate.ratio is None else f"{estimate.ratio:.2f}"
        more = " more" if estimate.ratio is not None and estimate.ratio > 1 else ""
        ann = "-" if estimate.ann is None else joules(estimate.ann)
        note = f"; {curve.model.note}" if curve.model.note else ""
        about = (
            f"{curve.model.constants()}. {curve.model.source}. Includes {curve.model.includes}"
            f"{note}."
        )
        rows.append(
            f'<tr><td class="name">{escape(curve.model.name)}</td>'
            f'<td class="number">{joules(estimate.snn)}</td><td class="number">{ann}</td>'
            f'<td class="number{more}">{ratio}</td>'
            f'<td class="number">{escape(break_even(report, curve))}</td>'
            f'<td class="soft about">{escape(about)}</td></tr>'
        )
    head = (
        '<th>model</th><th class="number">SNN</th><th class="number">ANN</th>'
        '<th class="number">SNN / ANN</th><th class="number">break-even T</th>'
        "<th>constants, source</th>"
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div><p class="soft">Break-even T: the last tick '
        f"up to which the SNN costs no more than the ANN, with its accuracy there.</p>"
    )


def break_even(report: Mapping[str, Any], curve: EnergyCurve) -> str:
    """``12 (80.1%)``; never, or beyond the end; ``-`` without an ANN."""
    found = curve.break_even
    if found is None:
        return "-"
    if found == 0:
        return "never"
    if found == curve.ticks[-1]:
        return f"> {found}"
    return f"{found} ({report['accuracy'][curve.ticks.index(found)]:.1%})"
