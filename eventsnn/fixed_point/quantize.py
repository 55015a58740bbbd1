"""A network in integers, with the proof that they fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventsnn.conversion import Conversion
from eventsnn.description.codings import Analog
from eventsnn.description.network import Layer, Network, refuse_what_is_no_network
from eventsnn.description.neurons import IF, LI, LIF, RunningMaximum
from eventsnn.errors import InputError, NetworkError
from eventsnn.fixed_point.bounds import Extent, amplitudes, extent
from eventsnn.fixed_point.grid import (
    Integrating,
    integer_chain,
    integer_neuron,
    layer_step,
    real_chain,
)
from eventsnn.fixed_point.inputs import input_codings, largest_amplitude, unit
from eventsnn.hdf5 import IntegerFormat, NetworkFile
from eventsnn.simulate import check_ticks

__all__ = ["FixedPoint", "IntegerLayer", "quantize"]

Array = NDArray[np.float64]
#: A threshold of so many steps is fine enough, by bits of a potential: channels that hardly
#: any weight reaches, dead ones among them, would ask for a step without end.
_FINEST = {16: 2**12, 32: 2**18}
#: Read-outs are few neurons, and what they add up they keep.
_READ_OUT_BITS = 32
_FLOAT32_BITS = 24
_FEWEST_BITS, _MOST_BITS = 2, 16


@dataclass(frozen=True)
class IntegerLayer:
    """How a layer is kept in integers.

    Attributes:
        step: what an integer potential of 1 stands for, in the units of the original
            network; a number per layer or channel, broadcasts to the shape. 1 for running
            maxima, which count spikes.
        bits: of a potential.
        extent: the proven range.
        weight_error: root mean square of the rounding of the weights beside that of the
            weights, of the link where it is largest.
    """

    step: Array
    bits: int
    extent: Extent
    weight_error: float

    @property
    def needed_bits(self) -> int:
        """The fewest signed bits that hold the proven range."""
        return 1 + max(self.extent.highest, -1 - self.extent.lowest).bit_length()


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoint(Conversion):
    """A network in integers: what `quantize` gives, a `Conversion` with its proof.

    All weights, biases, thresholds and potentials are whole numbers; its inputs are coded as
    `eventsnn.Integers`, so it takes what the original network takes. ``integers`` says for how
    many ticks the ranges are proven, and which ``precision`` of `eventsnn.simulate` holds every
    sum exactly, so that the run is that of an integer machine to the bit.

    Attributes:
        layers: how each is kept, by name.
    """

    layers: Mapping[str, IntegerLayer] = field(default_factory=dict)


def quantize(
    network: Network | Conversion,
    *,
    ticks: int | None = None,
    weight_bits: int = 8,
    potential_bits: Literal[16, 32] = 32,
    clamp: float | None = None,
    analog: float | Mapping[str, float] | None = None,
    input_bits: int = 8,
    most_spikes: int = 1,
) -> FixedPoint:
    """The nearest network of integers, or the reason why there is none.

    Each layer has a grid, one step per channel where that can be, of which its threshold is a
    whole number of steps and no weight more than ``2^(weight_bits - 1) - 1``, see
    `eventsnn.fixed_point.grid.layer_step`. Weights, biases, initial potentials, resets, floors
    and ceilings are rounded to it; average pools become sums. Then every potential, and
    every partial sum of a tick in any order, is proven to fit into ``potential_bits`` signed
    bits, see `eventsnn.fixed_point.bounds.extent`. Read-outs (`LI`) have 32 bits.

    Args:
        network: of `IF`, `Burst` and `Signed` neurons, `LI` without leak and
            `RunningMaximum`; no noise. Of a conversion the preprocessing, the source and the
            parameters stay with the result.
        ticks: the longest run that is proven; that of the conversion by default.
        weight_bits: 2 to 16, sign included.
        potential_bits: 16 or 32, sign included.
        clamp: floor and ceiling for IF neurons that have none, in thresholds, >= 1. They
            change the network, and make the range of a potential independent of ``ticks``.
        analog: the largest magnitude of an analog input; by name where there are several. By
            default that of the images that the network was made with, where it knows them;
            other inputs are spikes with whole amplitudes.
        input_bits: 2 to 16, of an analog input, sign included.
        most_spikes: the largest magnitude of the amplitudes that a neuron of a spike input
            receives in one tick.

    Raises:
        NetworkError: a layer that has no fixed point (by name: what was found, what was
            expected), or a range that does not fit (the bound found, the one allowed, and
            what helps).
        InputError: impossible ticks, ranges or names of inputs.
    """
    source = network if isinstance(network, NetworkFile) else Conversion(network)
    network = source.network
    refuse_what_is_no_network(network)
    ticks = source.ticks if ticks is None else ticks
    if ticks is None:
        raise InputError("quantize: give ticks, the longest run that is to be proven")
    check_ticks(ticks)
    if source.integers is not None:
        raise NetworkError("the network has integers already; quantize the one it was made from")
    _check(weight_bits, potential_bits, input_bits, most_spikes, clamp)
    for layer in network.layers:
        _check_layer(layer)
    codings = input_codings(
        network, _known_range(network) if analog is None else analog, input_bits, most_spikes
    )
    units = dict.fromkeys(network.shapes, 1.0) | {n: unit(c) for n, c in codings.items()}
    most = 2 ** (weight_bits - 1) - 1
    grids = {
        layer.name: _on_grid(layer, units, most, _FINEST[potential_bits], clamp)
        for layer in network.layers
    }
    integers = replace(
        network,
        inputs=tuple(replace(node, coding=codings[node.name]) for node in network.inputs),
        layers=tuple(layer for layer, _, _ in grids.values()),
    )
    largest = {name: largest_amplitude(coding) for name, coding in codings.items()}
    reach = amplitudes(integers, {name: (-float(n), float(n)) for name, n in largest.items()})
    layers = {}
    for layer, step, error in grids.values():
        bits = _READ_OUT_BITS if isinstance(layer.neuron, LI) else potential_bits
        found = extent(integers, layer, reach, ticks)
        _check_fits(layer, found, bits, ticks, weight_bits)
        layers[layer.name] = IntegerLayer(step, bits, found, error)
    # Silent ticks are added at once, n b: up to the way from one end of the range to the other.
    widest = 2 * max(layer.extent.largest for layer in layers.values())
    precision: Literal["float32", "float64"] = "float32" if widest < 2**_FLOAT32_BITS else "float64"
    known = {f.name: getattr(source, f.name) for f in fields(NetworkFile)}
    known |= {
        "network": integers,
        "ticks": min(source.ticks or ticks, ticks),
        "integers": IntegerFormat(weight_bits, potential_bits, ticks, precision),
    }
    return FixedPoint(**known, layers=layers)


def _known_range(network: Network) -> dict[str, float] | None:
    """The largest magnitude of each analog input, where the network knows it."""
    known = {}
    for node in network.inputs:
        coding = node.coding
        if isinstance(coding, Analog) and coding.low is not None and coding.high is not None:
            known[node.name] = max(abs(coding.low), abs(coding.high)) or 1.0
    return known or None


def _on_grid(
    layer: Layer, units: Mapping[str, float], most: int, finest: int, clamp: float | None
) -> tuple[Layer, Array, float]:
    """The layer in integers, its step, and the error of its weights."""
    if isinstance(layer.neuron, RunningMaximum):
        return layer, np.ones(()), 0.0
    assert isinstance(layer.neuron, Integrating)
    chains = [real_chain(link.chain, units[link.source], most) for link in layer.links]
    step = layer_step(layer, chains, most, finest)
    links, errors = [], [0.0]
    for link, chain in zip(layer.links, chains, strict=True):
        whole, error = integer_chain(chain, step, most)
        links.append(replace(link, chain=whole))
        errors.append(error)
    neuron = integer_neuron(layer.neuron, step, clamp)
    bias = np.rint(np.asarray(layer.bias) / step) + 0.0
    return replace(layer, neuron=neuron, links=tuple(links), bias=bias), step, max(errors)


def _check(
    weight_bits: int, potential_bits: int, input_bits: int, most_spikes: int, clamp: float | None
) -> None:
    for what, bits in (("weight_bits", weight_bits), ("input_bits", input_bits)):
        if not isinstance(bits, int | np.integer) or not _FEWEST_BITS <= bits <= _MOST_BITS:
            raise NetworkError(f"{what}: expected 2 to 16, sign included, found {bits!r}")
    if potential_bits not in _FINEST:
        raise NetworkError(f"potential_bits: expected 16 or 32, found {potential_bits!r}")
    if not isinstance(most_spikes, int | np.integer) or most_spikes < 1:
        raise NetworkError(f"most_spikes: expected an int >= 1, found {most_spikes!r}")
    if clamp is not None and not 1 <= clamp < np.inf:
        raise NetworkError(f"clamp: expected a number of thresholds >= 1, found {clamp!r}")


def _check_layer(layer: Layer) -> None:
    """Refuse what no integers with sums and comparisons alone can do."""
    neuron = layer.neuron
    reason = ""
    if isinstance(neuron, LIF) or (isinstance(neuron, LI) and np.any(neuron.decay != 1)):
        reason = "a leak multiplies the potential in every tick, which leaves the grid"
    elif isinstance(neuron, IF) and neuron.noise is not None:
        reason = "noise is real numbers"
    elif not isinstance(neuron, Integrating | RunningMaximum):
        reason = "its amplitudes or its state are no whole numbers of a fixed step"
    if reason:
        raise NetworkError(
            f"layer `{layer.name}`: {type(neuron).__name__} has no fixed point: {reason}; expected "
            f"IF, Burst or Signed without noise, LI without leak, or RunningMaximum"
        )


def _check_fits(layer: Layer, found: Extent, bits: int, ticks: int, weight_bits: int) -> None:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    if low <= found.lowest and found.highest <= high:
        return
    remedies = [f"fewer ticks than {ticks}"]
    if weight_bits > _FEWEST_BITS:
        remedies.insert(0, f"fewer weight bits than {weight_bits}")
    if isinstance(layer.neuron, IF) and (layer.neuron.v_min is None or layer.neuron.v_max is None):
        remedies.insert(0, "clamps (v_min and v_max, or clamp=2)")
    if bits == 16:
        remedies.append("32-bit potentials")
    raise NetworkError(
        f"layer `{layer.name}`: within {ticks} ticks its potential may run from {found.lowest:,} "
        f"to {found.highest:,}; {bits} bits hold {low:,} to {high:,}; what helps: "
        f"{', '.join(remedies)}"
    )
