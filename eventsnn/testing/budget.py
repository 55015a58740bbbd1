"""The exactness budget: how many bits a run needs so that no operation rounds.

Every number of a dyadic network is a multiple of some 2^-q. A sum below 2^p in magnitude
of multiples of 2^-q is exact with p + q bits: 24 in float32, 53 in float64. Within the
budget the engine equals the oracle bit for bit, in any order of additions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    NoReset,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Signed,
    Subtract,
    ToValue,
)
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
    Unflatten,
    pool_window,
)
from eventsnn.noise import PLACES
from eventsnn.oracle.synapses import apply_chain
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = ["exact_bits", "rounding_bounds"]

#: The largest draw of `eventsnn.noise`, and all its binary places.
_NORMAL = np.array([4.5, 2.0**-PLACES])


def exact_bits(network: Network, inputs: Mapping[str, Any], ticks: int) -> int:
    """Bits that hold every sum of a run exactly; more than 1000 if a value is not dyadic.

    Relays and running maxima may be fed only by layers declared before them, so that the
    amplitudes are bounded; other layers may be on cycles.

    Args:
        network: the description.
        inputs: an array or `Spikes` for each input, by name.
        ticks: how many.
    """
    reach = _reach(network, inputs, ticks)
    needed = 1
    for layer in network.layers:
        bound, places = _arrivals(network, layer, reach)
        bound *= ticks
        for values in _parameters(layer):
            bound += ticks * float(np.abs(values).max(initial=0))
            places = max(places, _places(values))
        places += (ticks + 1) * _places(_decay(layer))  # one more in closed forms
        needed = max(needed, places + math.ceil(math.log2(max(bound, 1))) + 1)
    return needed


def _reach(network: Network, inputs: Mapping[str, Any], ticks: int) -> dict[str, tuple[float, int]]:
    """Per node: the largest amplitude, and the number of binary places of amplitudes."""
    reach: dict[str, tuple[float, int]] = {}
    for name, value in inputs.items():
        values = _amplitudes(value)
        at_once = _most_at_once(value) if isinstance(value, Spikes) else 1
        reach[name] = (float(np.abs(values).max(initial=0)) * at_once, _places(values))
    for layer in network.layers:  # firing layers first: bounded amplitudes whatever arrives
        if isinstance(layer.neuron, Burst | Signed):
            reach[layer.name] = (float(layer.neuron.max_spikes), 0)
        elif isinstance(layer.neuron, Bistable | PhaseIF | PhaseMaximum):
            reach[layer.name] = (0.5, layer.neuron.phases)
        elif not isinstance(layer.neuron, Relay | RunningMaximum):
            reach[layer.name] = (1.0, 0)
    for layer in network.layers:
        if isinstance(layer.neuron, Relay | RunningMaximum):
            bound, places = _arrivals(network, layer, reach)
            bias = np.asarray(layer.bias)
            bound += float(np.abs(bias).max(initial=0))
            places = max(places, _places(bias))
            if isinstance(layer.neuron, RunningMaximum):
                bound *= 2 * ticks
            reach[layer.name] = (bound, places)
    return reach


def rounding_bounds(
    network: Network, inputs: Mapping[str, Any], ticks: int, unit: float
) -> dict[str, float]:
    """How far rounding alone may move a potential of each layer, as long as no spike differs.

    The first-order bound of a recurrence: each of the n operations behind a potential
    contributes at most ``unit`` times the largest magnitude M of a partial sum, for the
    two sides compared: 2 n unit M.

    Args:
        network, inputs, ticks: of the run.
        unit: the unit roundoff, 2^-24 for float32, 2^-53 for float64.
    """
    reach = _reach(network, inputs, ticks)
    # amplitudes of firing layers are the same on both sides, those of the others nearly
    wrong = dict.fromkeys(network.shapes, (0.0, 0))
    bounds: dict[str, float] = {}
    carriers = [k for k in network.layers if isinstance(k.neuron, Relay | RunningMaximum)]
    for layer in (*carriers, *network.layers):
        arriving, _ = _arrivals(network, layer, reach)
        inherited, _ = _arrivals(network, layer, wrong)
        largest = ticks * arriving + sum(
            ticks * float(np.abs(values).max(initial=0)) for values in _parameters(layer)
        )
        fan_in = sum(int(np.prod(network.shapes[link.source])) for link in layer.links)
        operations = ticks * (fan_in + sum(len(link.chain) for link in layer.links) + 8)
        bound = 2 * operations * unit * max(largest, 1.0) + ticks * inherited
        bounds[layer.name] = bound
        if layer in carriers:
            wrong[layer.name] = (2 * bound, 0)
    return bounds


def _amplitudes(value: Any) -> NDArray[Any]:
    match value:
        case Spikes(amplitude=amplitude):
            return amplitude
        case Currents(values=values):
            return values
        case _:
            return np.asarray(value)


def _most_at_once(spikes: Spikes) -> int:
    """Most events of one neuron in one tick: their sum arrives as one amplitude."""
    if not len(spikes):
        return 1
    _, counts = np.unique(np.stack([spikes.tick, spikes.index]), axis=1, return_counts=True)
    return int(counts.max())


def _decay(layer: Layer) -> NDArray[Any]:
    match layer.neuron:
        case LIF(decay=decay) | LI(decay=decay):
            return np.asarray(decay)
        case CubaLIF(decay=decay, synaptic_decay=synaptic_decay):
            return np.append(decay, synaptic_decay)
        case IF() | Burst() | Signed() | Relay() | RunningMaximum():
            return np.ones(())
        case Bistable() | PhaseAccumulator() | PhaseIF() | PhaseMaximum():
            return np.ones(())
        case _:
            assert_never(layer.neuron)


def _parameters(layer: Layer) -> list[NDArray[Any]]:
    """All that is added to, subtracted from or compared with a potential."""
    match layer.neuron:
        case IF() | LIF() | CubaLIF() as neuron:
            match neuron.reset:
                case Subtract(amount=amount):
                    reset = neuron.threshold if amount is None else amount
                case ToValue(value=value):
                    reset = value
                case NoReset():
                    reset = 0.0
                case _:
                    assert_never(neuron.reset)
            values = [neuron.threshold, neuron.v0, reset, layer.bias]
            if isinstance(neuron, CubaLIF):
                return [np.asarray(v) for v in values]
            if neuron.v_min is not None:
                values.append(neuron.v_min)
            if isinstance(neuron, IF) and neuron.v_max is not None:
                values.append(neuron.v_max)
            if neuron.noise is not None:
                deviation = np.asarray(neuron.noise.standard_deviation)
                values += [neuron.noise.mean, np.multiply.outer(deviation, _NORMAL)]
        case Burst() as neuron:
            values = [neuron.max_spikes * np.asarray(neuron.threshold), neuron.v0, layer.bias]
        case Signed() as neuron:
            most = neuron.max_spikes * np.asarray(neuron.threshold)
            values = [most, neuron.negative, neuron.v0, layer.bias]
        case LI() as neuron:
            values = [neuron.v0, layer.bias]
        case Bistable(threshold=threshold, phases=phases):
            # the smallest part of the threshold that is subtracted, or half of it with rounding
            values = [np.asarray(threshold) * 2.0 ** -(phases + 1), threshold, layer.bias]
        case PhaseIF(threshold=threshold, phases=phases):
            values = [np.asarray(threshold) * 2.0**-phases, threshold, layer.bias]
        case Relay() | RunningMaximum() | PhaseMaximum() | PhaseAccumulator():
            values = [layer.bias]
        case _:
            assert_never(layer.neuron)
    return [np.asarray(v) for v in values]


def _arrivals(
    network: Network, layer: Layer, reach: Mapping[str, tuple[float, int]]
) -> tuple[float, int]:
    """Largest sum of one tick's arrivals in magnitude, and its binary places."""
    total: Any = 0.0
    places = 0
    for link in layer.links:
        bound, source_places = reach[link.source]
        magnitudes = tuple(_magnitude(synapse) for synapse in link.chain)
        shape = network.shapes[link.source]
        total = total + apply_chain(magnitudes, np.full(shape, bound)).max()
        places = max(places, source_places + sum(_synapse_places(s) for s in link.chain))
    if isinstance(layer.neuron, CubaLIF):  # they add up to a current, and that to v
        gain = np.asarray(layer.neuron.gain)
        most = max(1.0, float(np.abs(gain).max()))
        rest = 1 - float(np.max(np.asarray(layer.neuron.synaptic_decay)))
        return float(total) * most / rest, places + _places(gain)
    return float(total), places


def _magnitude(synapse: Synapse) -> Synapse:
    match synapse:
        case Linear() | Conv2d() | Sparse():
            return replace(synapse, weight=abs(synapse.weight))
        case Scale():
            return replace(synapse, factor=np.abs(synapse.factor))
        case AvgPool2d() | SumPool2d() | Subsample() | Flatten() | Unflatten():
            return synapse
        case _:
            assert_never(synapse)


def _synapse_places(synapse: Synapse) -> int:
    match synapse:
        case Linear(weight=weight) | Conv2d(weight=weight):
            return _places(np.asarray(weight))
        case Sparse(weight=weight):
            return _places(np.asarray(weight.data))
        case Scale(factor=factor):
            return _places(np.asarray(factor))
        case AvgPool2d():
            kernel, _, _ = pool_window(synapse)
            return _places(np.array(1 / (kernel[0] * kernel[1])))
        case SumPool2d() | Subsample() | Flatten() | Unflatten():
            return 0
        case _:
            assert_never(synapse)


def _places(values: NDArray[Any]) -> int:
    """Smallest q >= 0 such that all values are multiples of 2^-q; 1000 if above 40."""
    for q in range(41):
        scaled = np.ldexp(np.asarray(values, dtype=np.float64), q)
        if np.all(scaled == np.floor(scaled)):
            return q
    return 1000
