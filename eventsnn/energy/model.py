"""A model with one constant per kind of operation: arithmetic units, or a chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eventsnn.energy.operations import Operations
from eventsnn.errors import InputError

__all__ = ["EnergyModel"]


@dataclass(frozen=True)
class EnergyModel:
    """Energy per operation, in picojoules.

    ::

        E_snn = ac E_ac + mac E_mac + input_macs E_mac
                + (input_adds + bias_adds) E_ac     where neuron updates have no price
                + neuron_updates E_neuron           where they have: it covers these additions
        E_ann = ann_macs E_mac                      where such hardware runs ANNs

    Args:
        name: to choose it by.
        ac_pj: an addition; on a chip, a synaptic operation.
        mac_pj: a multiplication and an addition; on a chip, a synaptic operation too.
        source: publication, with DOI.
        year: of the publication.
        includes: what the constants cover.
        technology: process and supply voltage they were measured in.
        neuron_update_pj: one neuron, one tick; 0 where the source has no figure.
        runs_ann: whether the ANN's MACs can be priced by ``mac_pj``. A spiking chip does
            not run it, and its synaptic operations, with memory and routing inside, must
            not be compared with bare multipliers.
        note: what else to know, such as a source that says otherwise.
    """

    name: str
    ac_pj: float
    mac_pj: float
    source: str
    year: int
    includes: str
    technology: str
    neuron_update_pj: float = 0.0
    runs_ann: bool = True
    note: str = ""

    def constants(self) -> str:
        """The constants with their units, for tables."""
        neuron = f", neuron {self.neuron_update_pj:g} pJ" if self.neuron_update_pj else ""
        if self.runs_ann:
            return f"AC {self.ac_pj:g} pJ, MAC {self.mac_pj:g} pJ{neuron}"
        return f"synop {self.ac_pj:g} pJ{neuron}"

    def terms(self, operations: Operations) -> Mapping[str, float]:
        """Picojoules by kind of operation.

        Raises:
            InputError: neuron updates have a price, but were not counted.
        """
        found = {
            "synaptic additions": operations.ac * self.ac_pj,
            "synaptic multiplications": operations.mac * self.mac_pj,
            "input multiplications": operations.input_macs * self.mac_pj,
        }
        if not self.neuron_update_pj:
            return found | {
                "input additions": operations.input_adds * self.ac_pj,
                "bias additions": operations.bias_adds * self.ac_pj,
            }
        if operations.neuron_updates is None:
            raise InputError(
                f"energy model `{self.name}` needs neuron updates, which the operations do not "
                f"tell; evaluate again with this version"
            )
        return found | {"neuron updates": operations.neuron_updates * self.neuron_update_pj}

    def ann(self, operations: Operations, ann_macs: float | None) -> float | None:
        """Picojoules of the ANN; None where it is unknown or would not run there."""
        del operations  # same signature as `LemaireModel.ann`, which needs the layers
        return None if ann_macs is None or not self.runs_ann else ann_macs * self.mac_pj
