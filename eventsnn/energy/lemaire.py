"""Energy with memory and addressing, after Lemaire et al. (ICONIP 2022, arXiv 2210.13107).

Per layer ``E = E_memory + E_operations + E_addressing``. With theta_in and theta_out the
spikes that enter and leave in the whole inference, T ticks, k = k_H k_W, N neurons:

====================  =========================  =====================================
count                 ANN, conv (dense)          SNN, conv (dense)
====================  =========================  =====================================
MAC                   N Ci k (N Ni)              T N where leaky
AC                    N where biased (N)         theta_in ceil(k_H/S) ceil(k_W/S) Co
                                                 (theta_in No) + T N + theta_out
input reads           N Ci k (Ni)                theta_in
weight reads          N Ci k (N Ni)              theta_in Co k (theta_in No)
bias reads            N where biased             T N where biased
potential reads       -                          theta_in Co k (theta_in No) + T N
potential writes      -                          as reads
output writes         N                          theta_out
address MAC           0                          2 theta_in (0)
address AC            Ci Hi Wi + N + Co k        theta_in Co k (theta_in No)
                      (N Ni)
====================  =========================  =====================================

An access costs ``E_RAM(words) = 1.09e-5 words bits + 13.2`` pJ for a memory of that many
words: the layer's weights, its biases, its potentials, the ANN's inputs and outputs; the
SNN's inputs and outputs are queues of 0 words, as in the authors' code.

An analog first layer does the ANN's counts times the share of nonzero pixels for one step,
and those of its neurons as the others. Departures: the authors' code leaves Co out of the
convolution's SNN address AC and uses the *rate* instead of theta_in in the dense one,
against its own docstrings and the paper, whose form stands here. The paper has no groups
(here Co/groups per spike) and no shortcuts: a link without one convolution or dense
synapse does its exact synops as AC, potential accesses and address AC, with as many weight
reads if it stores weights, and N additions in the ANN.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eventsnn.energy.operations import LayerWork, LinkWork, Operations
from eventsnn.errors import InputError

__all__ = ["LEMAIRE", "LemaireModel"]


@dataclass(frozen=True)
class LemaireModel:
    """Arithmetic, memory and addressing of digital hardware, for SNN and ANN alike.

    Args:
        name, source, year, includes, technology, note: see `EnergyModel`.
        add_pj, multiply_pj: arithmetic.
        bits: width of every stored word.
        ram_pj_per_bit, ram_pj: E_RAM(words) = ram_pj_per_bit words bits + ram_pj.
    """

    name: str
    add_pj: float
    multiply_pj: float
    bits: int
    ram_pj_per_bit: float
    ram_pj: float
    source: str
    year: int
    includes: str
    technology: str
    note: str = ""

    def constants(self) -> str:
        """The constants with their units, for tables."""
        return (
            f"add {self.add_pj:g} pJ, multiply {self.multiply_pj:g} pJ, access of a memory of "
            f"w words {self.ram_pj_per_bit:g} w {self.bits} + {self.ram_pj:g} pJ"
        )

    def terms(self, operations: Operations) -> Mapping[str, float]:
        """Picojoules of the SNN by kind.

        Raises:
            InputError: the operations do not tell the layers.
        """
        if not operations.layers:
            raise InputError(
                f"energy model `{self.name}` needs the layers, which the operations do not "
                f"tell; evaluate again with this version"
            )
        return _sums(self.snn_layer(layer, operations.ticks) for layer in operations.layers)

    def ann(self, operations: Operations, ann_macs: float | None) -> float | None:
        """Picojoules of the ANN with the same layers; None where there is no ANN."""
        if ann_macs is None:
            return None
        layers = operations.layers
        return sum(value for layer in layers for value in self.ann_layer(layer).values())

    def snn_layer(self, layer: LayerWork, ticks: float) -> Mapping[str, float]:
        """Picojoules of one spiking layer in ``ticks``, by kind."""
        neurons, updates = layer.neurons, ticks * layer.neurons
        own = {
            "potentials": 2 * updates * self._access(neurons),
            "biases": updates * self._access(layer.biases) if layer.biases else 0.0,
            "inputs and outputs": layer.spikes * self._access(0),
            "arithmetic": (updates + layer.spikes) * self.add_pj
            + (updates * self._mac if layer.leaky else 0.0),
        }
        links = (
            self._image(link) if link.image else self._spikes(link, neurons) for link in layer.links
        )
        return _sums([own, *links])

    def ann_layer(self, layer: LayerWork) -> Mapping[str, float]:
        """Picojoules of the same layer of the ANN, by kind."""
        neurons = layer.neurons
        own = {"inputs and outputs": neurons * self._access(neurons)}
        if layer.biases:
            own["biases"] = neurons * self._access(layer.biases)
            own["arithmetic"] = neurons * self.add_pj
        return _sums([own, *(self._ann_link(link) for link in layer.links)])

    @property
    def _mac(self) -> float:
        return self.add_pj + self.multiply_pj

    def _access(self, words: int) -> float:
        return self.ram_pj_per_bit * words * self.bits + self.ram_pj

    def _spikes(self, link: LinkWork, neurons: int) -> dict[str, float]:
        """What the spikes of a link cause."""
        additions = accesses = link.synops
        address_macs = 0.0
        if link.kind == "conv":
            per_spike = link.outputs[0] // link.groups
            inside = math.prod(-(-k // s) for k, s in zip(link.kernel, link.stride, strict=True))
            additions = link.spikes * inside * per_spike
            accesses = link.spikes * per_spike * math.prod(link.kernel)
            address_macs = 2 * link.spikes
        elif link.kind == "dense":
            additions = accesses = link.spikes * link.outputs[0]
        return {
            "potentials": 2 * accesses * self._access(neurons),
            "weights": accesses * self._access(link.weights) if link.weights else 0.0,
            "inputs and outputs": link.spikes * self._access(0),
            "arithmetic": additions * self.add_pj,
            "addressing": address_macs * self._mac + accesses * self.add_pj,
        }

    def _image(self, link: LinkWork) -> dict[str, float]:
        """A constant image, multiplied out."""
        dense = self._ann_link(link)
        return {kind: value * link.image for kind, value in dense.items()}

    def _ann_link(self, link: LinkWork) -> dict[str, float]:
        outputs, inputs = math.prod(link.outputs), math.prod(link.inputs)
        if link.kind == "other":
            return {
                "inputs and outputs": outputs * self._access(inputs),
                "arithmetic": outputs * self.add_pj,
            }
        if link.kind == "dense":
            macs = address = outputs * inputs
            reads = inputs
        else:
            window = math.prod(link.kernel)
            macs = reads = outputs * (link.inputs[0] // link.groups) * window
            address = inputs + outputs + link.outputs[0] * window
        return {
            "weights": macs * self._access(link.weights),
            "inputs and outputs": reads * self._access(inputs),
            "arithmetic": macs * self._mac,
            "addressing": address * self.add_pj,
        }


def _sums(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for kind, value in part.items():
            total[kind] = total.get(kind, 0.0) + value
    return total


LEMAIRE = LemaireModel(
    name="lemaire-2022",
    add_pj=0.1,
    multiply_pj=3.1,
    bits=32,
    ram_pj_per_bit=1.09e-5,
    ram_pj=13.2,
    source="E. Lemaire et al., ICONIP 2022, arXiv:2210.13107; arithmetic of Horowitz 2014",
    year=2022,
    includes="arithmetic, local memory accesses, addressing",
    technology="45 nm, int32",
    note="no leakage, clock, routing or external memory",
)
