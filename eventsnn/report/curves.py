"""Operations and energy as functions of T, exact, from one run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eventsnn.energy import EnergyModel, LemaireModel, Operations, energy
from eventsnn.errors import FileFormatError
from eventsnn.report.file import read_operations

__all__ = ["EnergyCurve", "energy_curves", "operations_along"]


@dataclass(frozen=True)
class EnergyCurve:
    """Energy of one inference against ticks, by one model, in picojoules.

    Attributes:
        model: whose constants were used.
        ticks: of the report.
        snn: after each of them.
        ann: the ANN; None where there is none to compare with.
    """

    model: EnergyModel | LemaireModel
    ticks: tuple[int, ...]
    snn: tuple[float, ...]
    ann: float | None

    @property
    def break_even(self) -> int | None:
        """The last of the ticks up to which the SNN costs no more than the ANN.

        0 where it costs more from the first tick on; None without an ANN.
        """
        if self.ann is None:
            return None
        cheaper = [t for t, cost in zip(self.ticks, self.snn, strict=True) if cost <= self.ann]
        return max(cheaper, default=0)


def operations_along(
    report: Mapping[str, Any], path: str | os.PathLike[str], key: str = "operations_after"
) -> list[Operations]:
    """Operations per inference after each of the report's ticks.

    Args:
        report: of `read_report`.
        path: for messages.
        key: ``early_exit`` for those at the exits, by confidence.

    Raises:
        FileFormatError: the report does not tell them.
    """
    whole, _ = read_operations(report, path)
    found = report.get(key)
    if not found:
        raise FileFormatError(
            f"{path}: has no {key}; evaluate again with this version"
            f"{' and --exit-confidence' if key == 'early_exit' else ''}"
        )
    try:
        if key == "early_exit":
            return _operations(whole, found["operations"], found["mean_ticks"])
        return _operations(whole, found, report["ticks"])
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise FileFormatError(f"{path}: {key}: damaged ({error!r})") from error


def _operations(
    whole: Operations, found: Mapping[str, Any], ticks: Sequence[float]
) -> list[Operations]:
    expected = sum(len(layer.links) for layer in whole.layers)
    if len(found["links"]) != expected:
        raise ValueError(f"{len(found['links'])} links, the layers have {expected}")
    operations = []
    for at, tick in enumerate(ticks):
        share = tick / whole.ticks
        links = iter(found["links"])
        layers = tuple(
            replace(
                layer,
                spikes=found["spikes"][layer.name][at],
                links=tuple(
                    replace(work, spikes=link["spikes"][at], synops=link["synops"][at])
                    for work, link in ((work, next(links)) for work in layer.links)
                ),
            )
            for layer in whole.layers
        )
        operations.append(
            replace(
                whole,
                ac=found["ac"][at],
                mac=found["mac"][at],
                # one per neuron and tick
                input_adds=whole.input_adds * share,
                bias_adds=whole.bias_adds * share,
                neuron_updates=(
                    None if whole.neuron_updates is None else whole.neuron_updates * share
                ),
                ticks=tick,
                layers=layers,
            )
        )
    return operations


def energy_curves(
    report: Mapping[str, Any],
    path: str | os.PathLike[str],
    models: Sequence[EnergyModel | LemaireModel],
) -> list[EnergyCurve]:
    """Energy against ticks by each model.

    Raises:
        FileFormatError: the report does not tell the operations after each tick.
    """
    _, ann_macs = read_operations(report, path)
    along = operations_along(report, path)
    curves = []
    for model in models:
        estimates = [energy(operations, ann_macs, model) for operations in along]
        curves.append(
            EnergyCurve(
                model=model,
                ticks=tuple(report["ticks"]),
                snn=tuple(estimate.snn for estimate in estimates),
                ann=estimates[-1].ann,
            )
        )
    return curves
