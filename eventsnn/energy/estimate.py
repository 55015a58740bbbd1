"""Energy of one inference by one model, and the sentence that says what it means.

What no model here includes: leakage and clocks; comparisons with thresholds; the event queue
of the SNN; activations and pooling of the ANN. See docs/energy.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eventsnn.energy.lemaire import LemaireModel
from eventsnn.energy.model import EnergyModel
from eventsnn.energy.operations import Operations

__all__ = ["EnergyEstimate", "energy", "joules"]


@dataclass(frozen=True)
class EnergyEstimate:
    """Energy of one inference, in picojoules.

    Args:
        model: whose constants were used.
        terms: of the SNN, by the name of the operation.
        ann: of the ANN, None where there is none to compare with.
    """

    model: EnergyModel | LemaireModel
    terms: Mapping[str, float]
    ann: float | None

    @property
    def snn(self) -> float:
        """Sum of the terms."""
        return sum(self.terms.values())

    @property
    def ratio(self) -> float | None:
        """SNN / ANN; None without an ANN, or with one that multiplies nothing."""
        return self.snn / self.ann if self.ann else None

    def sentence(self) -> str:
        """The result in words; where the SNN costs more, that comes first."""
        model = f"({self.model.name}, {self.model.includes}, {self.model.technology})"
        if self.ann is None or self.ratio is None:
            return f"The SNN costs {joules(self.snn)} per inference {model}; no ANN to compare."
        figures = f"{joules(self.snn)} against {joules(self.ann)} per inference {model}"
        if self.ratio > 1:
            return f"The SNN costs MORE than the ANN, {self.ratio:.2f} times as much: {figures}."
        return f"The SNN costs {self.ratio:.2f} times as much as the ANN: {figures}."


def energy(
    operations: Operations, ann_macs: float | None, model: EnergyModel | LemaireModel
) -> EnergyEstimate:
    """Energy of one inference: the equations of `EnergyModel` or `LemaireModel`.

    Args:
        operations: of the SNN, per inference.
        ann_macs: multiply-accumulates of the source ANN per inference, None if unknown.
        model: the constants.

    Raises:
        InputError: the model needs what the operations do not tell.
    """
    return EnergyEstimate(model, model.terms(operations), model.ann(operations, ann_macs))


def joules(picojoules: float) -> str:
    """Three digits and a prefix: 1.23 uJ."""
    for prefix, size in (("J", 1e12), ("mJ", 1e9), ("uJ", 1e6), ("nJ", 1e3)):
        if picojoules >= size:
            return f"{picojoules / size:.3g} {prefix}"
    return f"{picojoules:.3g} pJ"
