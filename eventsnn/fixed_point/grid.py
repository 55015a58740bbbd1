"""Whole numbers for a layer: its step, its links in steps, its neuron in steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape, Values
from eventsnn.description.network import Layer
from eventsnn.description.neurons import (
    IF,
    LI,
    Burst,
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

__all__ = [
    "Integrating",
    "RealChain",
    "integer_chain",
    "integer_neuron",
    "layer_step",
    "real_chain",
]

Array = NDArray[np.float64]
Weighted = Linear | Conv2d | Sparse | Scale
Integrating = IF | Burst | Signed | LI


@dataclass(frozen=True)
class RealChain:
    """A chain whose real numbers are all in one place.

    Attributes:
        before: whole numbers.
        last: real numbers, all factors of the chain and of the source's unit among them.
        after: no numbers of their own: pools that sum, subsampling, flattening.
    """

    before: tuple[Synapse, ...]
    last: Weighted
    after: tuple[Synapse, ...]


def real_chain(chain: tuple[Synapse, ...], unit: float, most: int) -> RealChain:
    """Average pools become sums, and their divisor goes where the real numbers are.

    Of several arrays of weights the last one keeps real numbers, to be told in steps of the
    target; those before it are rounded here, each to a grid of its own. An identity is a
    `Scale`.

    Args:
        chain: of a link.
        unit: what an amplitude of 1 of the integer source stands for.
        most: the largest weight.
    """
    factor = unit
    plain: list[Synapse] = []
    for synapse in chain:
        match synapse:
            case AvgPool2d():
                kernel, stride, padding = pool_window(synapse)
                factor /= kernel[0] * kernel[1]
                plain.append(SumPool2d(kernel, stride, padding))
            case Scale(factor=values) if np.size(values) == 1:
                factor *= float(np.ravel(values)[0])
            case _:
                plain.append(synapse)
    numbers = [k for k, synapse in enumerate(plain) if isinstance(synapse, Weighted)]
    if not numbers:
        return RealChain(tuple(plain), Scale(factor), ())
    before: list[Synapse] = []
    for synapse in plain[: numbers[-1]]:
        if not isinstance(synapse, Weighted):
            before.append(synapse)
            continue
        step = float(np.abs(_values(synapse)).max(initial=0)) / most or 1.0
        factor *= step
        before.append(_with_values(synapse, _whole(_values(synapse) / step)))
    last = plain[numbers[-1]]
    assert isinstance(last, Weighted)
    last = _with_values(last, _values(last) * factor)
    return RealChain(tuple(before), last, tuple(plain[numbers[-1] + 1 :]))


def layer_step(layer: Layer, chains: list[RealChain], most: int, finest: int) -> Array:
    """What an integer potential of 1 stands for: one step per channel, or one for the layer.

    Wanted is the step of the weights, ``s = max |w| / most``; the threshold has to be a whole
    number of steps, so ``n = floor(theta / s)`` between 1 and ``finest``, and the step is
    ``theta / n``. Where ``theta < s`` that makes weights saturate: an arrival worth ``most``
    spikes is as good as one worth more.

    The step is one per channel (per neuron of a vector) where all links end in numbers that
    belong to one channel each, and the layer fires: a spike tells nothing of the step. It
    broadcasts to the layer's shape. Scales and identities set the step only where there are
    no weights: they are one number per channel or neuron, kept as wide as a potential.
    """
    fires = not isinstance(layer.neuron, LI | RunningMaximum)
    by_channel = [_largest(chain, layer.shape) for chain in chains]
    weights = [not isinstance(chain.last, Scale) for chain in chains]
    sets = weights if any(weights) else [True] * len(chains)
    shape = (layer.shape[0], *(1,) * (len(layer.shape) - 1))
    wanted = np.zeros(shape)
    for chain, found, counts in zip(chains, by_channel, sets, strict=True):
        if counts:
            whole = np.abs(_values(chain.last)).max(initial=0)
            wanted = np.maximum(wanted, whole if found is None else found)
    wanted = wanted / most
    if not fires or any(found is None for found in by_channel):
        wanted = np.full((), wanted.max())
    if isinstance(layer.neuron, IF | Burst | Signed):
        threshold = np.broadcast_to(layer.neuron.threshold, layer.shape)
        axes = tuple(range(1, len(layer.shape)))
        least = threshold.min(axis=axes, keepdims=True) if wanted.ndim else threshold.min()
        with np.errstate(divide="ignore"):
            parts = np.clip(np.floor(least / wanted), 1, finest)
        return np.asarray(least / parts)
    largest = float(np.abs(layer.bias).max(initial=0))
    return np.where(wanted > 0, wanted, largest / finest or 1.0)


def integer_chain(chain: RealChain, step: Array, most: int) -> tuple[tuple[Synapse, ...], float]:
    """The chain in steps of its target, and how far its weights are off.

    The second is the root mean square of the rounding beside that of the weights; 0 for
    weights that are on the grid, or all zero.
    """
    real = _values(chain.last)
    per_value = _steps_of(chain.last, step)
    whole = _whole(real / per_value)
    if not isinstance(chain.last, Scale):
        whole = np.clip(whole, -most, most)
    size = float(np.sqrt(np.mean(real**2))) if real.size else 0.0
    error = float(np.sqrt(np.mean((whole * per_value - real) ** 2))) / size if size else 0.0
    identity = isinstance(chain.last, Scale) and bool(np.all(whole == 1))
    last = () if identity else (_with_values(chain.last, whole),)
    return (*chain.before, *last, *chain.after), error


def integer_neuron(neuron: Integrating, step: Array, clamp: float | None) -> Integrating:
    """All parameters in whole steps; the threshold is at least one.

    A floor is rounded down, a ceiling up. ``clamp`` gives `IF` neurons without floor or
    ceiling one, in thresholds.
    """
    match neuron:
        case IF():
            threshold = _threshold(neuron.threshold, step)
            reset = neuron.reset
            if isinstance(reset, Subtract) and reset.amount is not None:
                reset = Subtract(_whole(np.asarray(reset.amount) / step))
            elif isinstance(reset, ToValue):
                reset = ToValue(_whole(np.asarray(reset.value) / step))
            v_min, v_max = neuron.v_min, neuron.v_max
            if v_min is not None:
                v_min = np.minimum(np.floor(v_min / step), threshold - 1)
            elif clamp is not None:
                v_min = -np.ceil(clamp * threshold)
            if v_max is not None:
                v_max = np.maximum(np.ceil(v_max / step), threshold)
            elif clamp is not None:
                v_max = np.ceil(clamp * threshold)
            v0 = _whole(np.asarray(neuron.v0) / step)
            return replace(
                neuron, threshold=threshold, reset=reset, v0=v0, v_min=v_min, v_max=v_max
            )
        case Burst():
            v0 = _whole(np.asarray(neuron.v0) / step)
            return replace(neuron, threshold=_threshold(neuron.threshold, step), v0=v0)
        case Signed():
            return replace(
                neuron,
                threshold=_threshold(neuron.threshold, step),
                negative=_whole(np.asarray(neuron.negative) / step),
                v0=_whole(np.asarray(neuron.v0) / step),
            )
        case LI():
            return replace(neuron, v0=_whole(np.asarray(neuron.v0) / step))
        case _:
            assert_never(neuron)


def _threshold(values: Values, step: Array) -> Array:
    return np.asarray(np.maximum(_whole(np.asarray(values) / step), 1))


def _whole(values: Any) -> Array:
    """To the nearest integer, ties to even; no negative zeros."""
    return np.asarray(np.rint(values) + 0.0)


def _values(synapse: Weighted) -> Array:
    match synapse:
        case Linear(weight=weight) | Conv2d(weight=weight):
            return np.asarray(weight)
        case Sparse(weight=matrix):
            return np.asarray(matrix.data)
        case Scale(factor=factor):
            return np.asarray(factor)
        case _:
            assert_never(synapse)


def _with_values(synapse: Weighted, values: Array) -> Weighted:
    match synapse:
        case Linear() | Conv2d():
            return replace(synapse, weight=values)
        case Sparse(weight=matrix):
            changed = matrix.copy()
            changed.data = values
            return Sparse(changed)
        case Scale():
            return Scale(values)
        case _:
            assert_never(synapse)


def _rows(matrix: Any) -> NDArray[np.int64]:
    """The target of each stored entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _largest(chain: RealChain, shape: Shape) -> Array | None:
    """The largest magnitude that each channel meets; None where a number serves several."""
    image = len(shape) == 3
    for synapse in chain.after:
        pads = isinstance(synapse, Subsample) and any(synapse.pad_channels)
        if pads or isinstance(synapse, Flatten | Unflatten):
            return None
    per_channel = (shape[0], *(1,) * (len(shape) - 1))
    match chain.last:
        case Conv2d(weight=weight):
            found = np.abs(weight).max(axis=(1, 2, 3))
        case Linear(weight=weight):
            found = np.abs(weight).max(axis=1, initial=0)
        case Sparse(weight=matrix):
            found = np.zeros(matrix.shape[0])
            np.maximum.at(found, _rows(matrix), np.abs(matrix.data))
        case Scale(factor=factor):
            found = np.abs(factor)
            if image and found.ndim == 3:
                found = found.max(axis=(1, 2), keepdims=True)
            elif image:
                found = np.asarray(found.max())
            found = np.broadcast_to(found, per_channel)
        case _:
            assert_never(chain.last)
    return np.asarray(found).reshape(per_channel)


def _steps_of(synapse: Weighted, step: Array) -> Array:
    """The step of each value."""
    if not step.ndim or isinstance(synapse, Scale):
        return step
    match synapse:
        case Conv2d():
            return step.reshape(-1, 1, 1, 1)
        case Linear():
            return step.reshape(-1, 1)
        case Sparse(weight=matrix):
            return np.asarray(step.ravel()[_rows(matrix)])
        case _:
            assert_never(synapse)
