"""Four errors that add up exactly to the difference between a rate and the ANN's activation.

After Meng et al., Neural Networks 153:254-268 (2022), doi 10.1016/j.neunet.2022.06.001, who
name quantization and deviation error; the other two terms make the sum exact in a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RateErrors", "decompose", "rate_at_constant_input"]

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class RateErrors:
    """Why each neuron's rate differs from its activation: ``total = d + q - c + i``.

    With the rate ``r = theta count / T``, the neuron's own mean current ``I`` over T ticks,
    the ANN's pre-activation ``z``, and ``act(x) = clip(x, 0, ceiling)``:

    Attributes:
        deviation: ``r - r_const(I)``: what the same current would have given, had it not
            varied over time. 0 while every input lies in [0, theta].
        quantization: ``r_const(I) - clip(I, 0, theta)``: spikes are counted in integers.
        clipping: ``act(I) - clip(I, 0, theta)`` >= 0: more than one spike a tick is needed.
        inherited: ``act(I) - act(z)``: the layers before already differ from the ANN.
        total: ``r - act(z)``.
    """

    deviation: Array
    quantization: Array
    clipping: Array
    inherited: Array
    total: Array


def decompose(
    current: Array,
    count: Array,
    pre_activation: Array,
    *,
    theta: Array,
    v0: Array,
    ticks: int,
    ceiling: float | None = None,
    max_spikes: int = 1,
) -> RateErrors:
    """The four errors of neurons with subtracting reset; all arrays broadcast together.

    Args:
        current: sum of all input currents over the ticks; by conservation it equals
            ``theta count + V[T] - V0``.
        count: sum of the amplitudes.
        pre_activation: z of the ANN.
        theta: what a unit spike stands for and what it subtracts.
        v0: potential before the first tick, below theta.
        ticks: T.
        ceiling: of the ANN's ReLU.
        max_spikes: most spikes of one tick; then ``max_spikes theta`` clips in place of theta.
    """
    mean = current / ticks
    rate = theta * count / ticks
    constant = rate_at_constant_input(current, theta, v0, ticks, max_spikes)
    clipped = np.clip(mean, 0, theta * max_spikes)
    own, wanted = np.clip(mean, 0, ceiling), np.clip(pre_activation, 0, ceiling)
    return RateErrors(
        deviation=rate - constant,
        quantization=constant - clipped,
        clipping=own - clipped,
        inherited=own - wanted,
        total=rate - wanted,
    )


def rate_at_constant_input(
    current: Array, theta: Array, v0: Array, ticks: int, max_spikes: int = 1
) -> Array:
    """``theta clip(floor((current + v0) / theta), 0, most) / T``, for v0 < theta.

    With I the current in a tick, a neuron is silent for the k ticks with ``k I + v0 < theta``,
    gives up to ``max_spikes`` spikes in the next, and then ``max_spikes`` in each if I allows it:
    ``most = min(max_spikes, floor(((k + 1) I + v0) / theta)) + max_spikes (T - k - 1)``. With
    v0 >= 0 that is ``max_spikes T``, or more than the current allows.
    """
    mean = current / ticks
    with np.errstate(divide="ignore", invalid="ignore"):
        silent = np.where(mean > 0, np.ceil((theta - v0) / mean) - 1, 0)
        first = np.maximum(np.floor(((silent + 1) * mean + v0) / theta), 1)  # 0 by rounding
    most = np.maximum(np.minimum(first, max_spikes) + max_spikes * (ticks - silent - 1), 0)
    count = np.maximum(np.minimum(np.floor((current + v0) / theta), most), 0)
    return np.asarray(theta * count / ticks)
