"""Operation counts -> energy, with named and sourced constants.

For one inference, with E_ac and E_mac the energies of an addition and of a
multiply-accumulate::

    E_snn = ac E_ac + mac E_mac + input_macs E_mac + input_adds E_ac + bias_adds E_ac
    E_ann = ann_macs E_mac

What is not included, for want of counts or of one right figure: memory accesses, which
dominate on real hardware; leakage and clocks; comparisons with thresholds, resets and the
queue of the SNN; biases, activations and pooling of the ANN. So it compares arithmetic,
and says nothing about a given chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eventsnn.errors import InputError
from eventsnn.run import Counts

__all__ = [
    "ENERGY_MODELS",
    "EnergyEstimate",
    "EnergyModel",
    "Operations",
    "energy",
    "energy_model",
]


@dataclass(frozen=True)
class EnergyModel:
    """Energy of the two arithmetic operations.

    Args:
        name: to choose it by.
        ac_pj: an addition, in picojoules.
        mac_pj: a multiplication and an addition, in picojoules.
        source: publication, with DOI.
        year: of the publication.
        includes: what the constants cover.
        technology: process and supply voltage they were measured in.
    """

    name: str
    ac_pj: float
    mac_pj: float
    source: str
    year: int
    includes: str
    technology: str


def _horowitz(numbers: str, ac_pj: float, mac_pj: float) -> EnergyModel:
    return EnergyModel(
        name=f"horowitz-{numbers}",
        ac_pj=ac_pj,
        mac_pj=mac_pj,
        source="M. Horowitz, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323",
        year=2014,
        includes="arithmetic units only",
        technology="45 nm, 0.9 V",
    )


#: All models, the default first. Each pair is add / multiply + add of the same table.
ENERGY_MODELS = (
    _horowitz("fp32", ac_pj=0.9, mac_pj=4.6),
    _horowitz("fp16", ac_pj=0.4, mac_pj=1.5),
    _horowitz("int32", ac_pj=0.1, mac_pj=3.2),
    _horowitz("int8", ac_pj=0.03, mac_pj=0.23),
)


def energy_model(name: str) -> EnergyModel:
    """The model called ``name``.

    Raises:
        InputError: there is none; lists those that exist.
    """
    for model in ENERGY_MODELS:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in ENERGY_MODELS)
    raise InputError(f"no energy model `{name}`; known are {known}")


@dataclass(frozen=True)
class Operations:
    """Operations of one inference, means over samples; `eventsnn.run.Counts` defines them."""

    ac: float
    mac: float
    input_macs: float
    input_adds: float
    bias_adds: float

    @classmethod
    def per_inference(cls, counts: Counts, samples: int) -> Operations:
        """From counts that are summed over ``samples``."""
        return cls(
            ac=counts.ac / samples,
            mac=counts.mac / samples,
            input_macs=counts.input_macs / samples,
            input_adds=counts.input_adds / samples,
            bias_adds=counts.bias_adds / samples,
        )


@dataclass(frozen=True)
class EnergyEstimate:
    """Energy of one inference, in picojoules.

    Args:
        model: whose constants were used.
        terms: of the SNN, by the name of the operation.
        ann: of the ANN, None where there is none to compare with.
    """

    model: EnergyModel
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
            return f"The SNN costs {_joules(self.snn)} per inference {model}; no ANN to compare."
        figures = f"{_joules(self.snn)} against {_joules(self.ann)} per inference {model}"
        if self.ratio > 1:
            return f"The SNN costs MORE than the ANN, {self.ratio:.2f} times as much: {figures}."
        return f"The SNN costs {self.ratio:.2f} times as much as the ANN: {figures}."


def energy(operations: Operations, ann_macs: float | None, model: EnergyModel) -> EnergyEstimate:
    """Energy of one inference: the equation at the head of this module.

    Args:
        operations: of the SNN, per inference.
        ann_macs: multiply-accumulates of the source ANN per inference, None if unknown.
        model: the constants.
    """
    terms = {
        "synaptic additions": operations.ac * model.ac_pj,
        "synaptic multiplications": operations.mac * model.mac_pj,
        "input multiplications": operations.input_macs * model.mac_pj,
        "input additions": operations.input_adds * model.ac_pj,
        "bias additions": operations.bias_adds * model.ac_pj,
    }
    return EnergyEstimate(model, terms, None if ann_macs is None else ann_macs * model.mac_pj)


def _joules(picojoules: float) -> str:
    """Three digits and a prefix: 1.23 uJ."""
    for prefix, size in (("mJ", 1e9), ("uJ", 1e6), ("nJ", 1e3)):
        if picojoules >= size:
            return f"{picojoules / size:.3g} {prefix}"
    return f"{picojoules:.3g} pJ"
