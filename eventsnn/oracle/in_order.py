"""The oracle in the precision of a plan, adding in the declared order: equal for any weights.

`eventsnn.oracle.simulate` computes in float64 and in any order, so the engine equals it to the
bit only where no sum rounds. Here every addition is one of the plan's precision, in the order
that the last section of ``docs/semantics.md`` declares. Fused layers keep that order, so
they equal this oracle to the bit whatever the weights. It knows the neurons that they carry:
`IF`, `LIF` and `LI`, without noise and refractory ticks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from eventsnn.description.base import Shape
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import IF, LI, LIF, NoReset, Subtract, ToValue
from eventsnn.errors import NetworkError
from eventsnn.oracle.simulate import Trace, by_name
from eventsnn.oracle.synapses import unroll
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = ["simulate_in_order"]

Array = NDArray[Any]


def simulate_in_order(
    network: Network,
    inputs: ArrayLike | Spikes | Currents | Mapping[str, ArrayLike | Spikes | Currents],
    *,
    ticks: int,
    precision: Literal["float32", "float64"],
) -> Trace:
    """Run one sample in ``precision``, every sum in the declared order.

    Args:
        network: of `IF`, `LIF` and `LI` layers.
        inputs, ticks: see `eventsnn.oracle.simulate`.
        precision: of potentials, weights and sums.

    Raises:
        NetworkError: a layer or link that is not known here, by name.
        InputError: inputs that are missing, unknown or of the wrong shape.
    """
    real = np.dtype(precision)
    given = by_name(network, inputs)
    spikes = {name: np.zeros((ticks, *shape)) for name, shape in network.shapes.items()}
    analog: dict[str, Currents] = {}
    for name, value in given.items():
        if isinstance(value, Spikes):
            spikes[name] = value.to_dense(ticks)
        elif isinstance(value, Currents):
            analog[name] = value
        else:
            analog[name] = Currents((0,), np.asarray(value, dtype=np.float64)[None])
    order = sorted(network.layers, key=lambda layer: network.positions[layer.name])
    layers = [_Layer.of(layer, network, real) for layer in order]
    potentials = {layer.name: np.zeros((ticks, *layer.shape)) for layer in order}
    tested = {layer.name: np.zeros((ticks, *layer.shape)) for layer in order}
    for tick in range(ticks):
        for layer in layers:
            fired, before = layer.tick(tick, spikes, analog)
            spikes[layer.name][tick] = fired.reshape(layer.shape)
            potentials[layer.name][tick] = layer.v.reshape(layer.shape)
            tested[layer.name][tick] = before.reshape(layer.shape)
    return Trace(spikes, potentials, tested)


@dataclass
class _Link:
    """A link: its composed matrix, row per source neuron, and the order of the rows."""

    source: str
    delay: int
    matrix: Array
    order: NDArray[np.int64]

    def add(self, emitted: Array, to: Array) -> None:
        """Add what every source that is not silent brings, one after the other."""
        flat = emitted.ravel()
        for source in self.order[flat[self.order] != 0]:
            to += self.matrix[source] * flat[source].astype(to.dtype)


@dataclass
class _Layer:
    """A layer and its state, all values flat and in the precision of the plan."""

    name: str
    shape: Shape
    neuron: IF | LIF | LI
    bias: Array
    links: list[_Link]
    v: Array

    @classmethod
    def of(cls, layer: Layer, network: Network, real: np.dtype[Any]) -> _Layer:
        neuron = layer.neuron
        if not isinstance(neuron, IF | LIF | LI) or (
            isinstance(neuron, IF | LIF)
            and (neuron.noise is not None or np.any(np.asarray(neuron.refractory)))
        ):
            raise NetworkError(
                f"layer `{layer.name}`: the order of additions is declared for IF, LIF and LI "
                f"without noise and refractory ticks, found {type(neuron).__name__}"
            )
        links = []
        for link in layer.links:
            if sp.issparse(link.delay) or np.ndim(link.delay):
                raise NetworkError(
                    f"layer `{layer.name}`: the link from `{link.source}` has several delays, "
                    f"expected one"
                )
            shape = network.shapes[link.source]
            matrix = unroll(link.chain, shape).astype(real)
            links.append(_Link(link.source, int(link.delay), matrix, _channels_last(shape)))
        size = int(np.prod(layer.shape))

        def flat(values: Any) -> Array:
            return np.broadcast_to(values, layer.shape).reshape(size).astype(real)

        return cls(layer.name, layer.shape, neuron, flat(layer.bias), links, flat(neuron.v0))

    def tick(
        self, tick: int, spikes: Mapping[str, Array], analog: Mapping[str, Currents]
    ) -> tuple[Array, Array]:
        """One tick: who fired, and v as the test saw it."""
        total = self.bias.copy()
        for link in self.links:
            if link.source in analog and tick >= link.delay:
                link.add(analog[link.source].at(tick - link.delay), total)
        for link in self.links:
            if link.source not in analog and tick >= link.delay:
                link.add(spikes[link.source][tick - link.delay], total)
        neuron, real = self.neuron, total.dtype
        if not isinstance(neuron, IF) and np.any(np.asarray(neuron.decay) != 1):
            self.v = self.v * self._flat(neuron.decay, real)
        self.v = self.v + total
        if isinstance(neuron, LI):
            return np.zeros(self.v.size), self.v
        if neuron.v_min is not None:
            self.v = np.maximum(self.v, self._flat(neuron.v_min, real))
        if isinstance(neuron, IF) and neuron.v_max is not None:
            self.v = np.minimum(self.v, _not_below(self._flat(neuron.v_max, np.float64), real))
        before = self.v
        fired = before >= self._flat(neuron.threshold, np.float64)
        match neuron.reset:
            case Subtract(amount=amount):
                after = before - self._flat(neuron.threshold if amount is None else amount, real)
            case ToValue(value=value):
                after = self._flat(value, real)
            case NoReset():
                after = before
        self.v = np.where(fired, after, before)
        return fired, before

    def _flat(self, values: Any, dtype: Any) -> Array:
        return np.broadcast_to(values, self.shape).ravel().astype(dtype)


def _not_below(values: Array, real: np.dtype[Any]) -> Array:
    """The next numbers of ``real`` at or above: a ceiling never sinks below the threshold."""
    rounded = values.astype(real)
    return np.where(rounded < values, np.nextafter(rounded, real.type(np.inf)), rounded)


def _channels_last(shape: Shape) -> NDArray[np.int64]:
    """Flat indices pixel by pixel, row by row, channels last."""
    index = np.arange(int(np.prod(shape)))
    return index.reshape(shape).transpose(1, 2, 0).ravel() if len(shape) == 3 else index
