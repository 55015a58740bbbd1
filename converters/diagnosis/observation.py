"""What each spiking layer received and gave, image by image, from runs of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn import (
    IF,
    LI,
    Burst,
    Layer,
    Network,
    Record,
    Relay,
    RunningMaximum,
    Signed,
    Subtract,
    UnsupportedLayerError,
    simulate,
)

__all__ = ["Observed", "RateNeuron", "observe", "rate_neurons"]

#: Potentials recorded at once, ticks times neurons; beyond, the run is repeated for the rest.
_RECORDED = 2**26


@dataclass(frozen=True, eq=False)
class RateNeuron:
    """A layer whose spike count stands for a number; arrays broadcast to its shape.

    Attributes:
        theta: subtracted by a spike, and what it stands for.
        v0: such that the neuron fires at theta (firing at alpha theta, with the same amount
            subtracted, is firing at theta with (1 - alpha) theta more in v0).
        max_spikes: most spikes of a tick.
    """

    theta: NDArray[np.float64]
    v0: NDArray[np.float64]
    max_spikes: int


@dataclass(frozen=True, eq=False)
class Observed:
    """One layer on one image; arrays in the layer's shape.

    Attributes:
        currents: input current of each tick, (T, *shape).
        total: their sum, from the conservation ``theta count + V[T] - V0``.
        count: sum of the amplitudes.
        spikes: number of spikes, of either sign; a burst of k is k.
    """

    currents: NDArray[np.float64]
    total: NDArray[np.float64]
    count: NDArray[np.float64]
    spikes: NDArray[np.float64]


def rate_neurons(network: Network) -> tuple[dict[str, RateNeuron], dict[str, str]]:
    """The layers that code by rate, and why each other layer is not among them.

    Raises:
        UnsupportedLayerError: a firing layer whose count is no rate: another neuron model,
            another reset, a floor, a refractory time, or v0 not below theta.
    """
    found, others = {}, {}
    for layer in network.layers:
        match layer.neuron:
            case LI():
                others[layer.name] = "read-out: adds up what it receives, without an error"
            case Relay():
                others[layer.name] = "relay: passes its current on, without an error"
            case RunningMaximum():
                others[layer.name] = "running maximum: the maximum of its inputs, without an error"
            case _:
                found[layer.name] = _rate_neuron(layer)
    return found, others


def _rate_neuron(layer: Layer) -> RateNeuron:
    neuron = layer.neuron
    match neuron:
        case IF(reset=Subtract(amount=amount), v_min=None, v_max=None, noise=None) if not np.any(
            neuron.refractory
        ):
            threshold = np.asarray(neuron.threshold)
            theta = threshold if amount is None else np.asarray(amount)
            v0, max_spikes = np.asarray(neuron.v0) + theta - threshold, 1
        case Signed() | Burst():
            theta, v0, max_spikes = (
                np.asarray(neuron.threshold),
                np.asarray(neuron.v0),
                neuron.max_spikes,
            )
        case _:
            raise UnsupportedLayerError(
                f"layer `{layer.name}`: {type(neuron).__name__} with these parameters does not "
                f"code by a conserved spike count, which the error analysis rests on; expected "
                f"IF, Signed or Burst with a subtracting reset, no clamps, noise, refractory time"
            )
    if not np.all(v0 < theta):
        raise UnsupportedLayerError(
            f"layer `{layer.name}`: its error is known for initial potentials below theta, "
            f"found up to {float(np.max(v0)):g}; convert with such ones"
        )
    return RateNeuron(theta, v0, max_spikes)


def observe(
    network: Network, neurons: Mapping[str, RateNeuron], image: NDArray[Any], ticks: int
) -> Iterator[tuple[str, Observed]]:
    """Run one image; yield every layer of ``neurons`` in the order of the network.

    The current of a tick is ``V[n] - V[n-1] + theta s[n]``, so what a layer really received
    is seen without a probe on its links. Layers whose potentials do not fit into memory
    together are recorded in several runs, which are equal.
    """
    for names in _groups(network, neurons, ticks):
        record = Record(spikes=names, potentials=names)
        run = simulate(network, image, ticks=ticks, record=record)
        for name in names:
            neuron, v = neurons[name], run.potentials[name]
            s = run.spikes[name].to_dense(ticks)
            start = np.broadcast_to(network.layer(name).neuron.v0, v.shape[1:])  # type: ignore[union-attr]  # rate neurons have v0
            count = s.sum(axis=0)
            yield (
                name,
                Observed(
                    currents=np.diff(v, axis=0, prepend=start[None]) + neuron.theta * s,
                    total=neuron.theta * count + v[-1] - start,
                    count=count,
                    spikes=np.abs(s).sum(axis=0),
                ),
            )


def _groups(
    network: Network, neurons: Mapping[str, RateNeuron], ticks: int
) -> Iterator[tuple[str, ...]]:
    names: list[str] = []
    recorded = 0
    for layer in network.layers:
        if layer.name not in neurons:
            continue
        if names and recorded + layer.size * ticks > _RECORDED:
            yield tuple(names)
            names, recorded = [], 0
        names.append(layer.name)
        recorded += layer.size * ticks
    if names:
        yield tuple(names)
