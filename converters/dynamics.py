"""How a layer of neurons answers currents: the recurrences, on whole trains at once."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["NeuronKind", "spike_counts", "spike_train"]

NeuronKind = Literal["if", "signed"]

Array = NDArray[np.floating[Any]]


def spike_train(currents: Array, theta: Array, v0: Array, neuron: NeuronKind, ticks: int) -> Array:
    """Amplitudes per tick, (T, N, *shape), of `eventsnn.IF` or `eventsnn.Signed` neurons.

    ``v += I[n]``; ``s = [v >= theta]``, and for "signed" ``s = -1`` where ``v < 0`` and the
    sum of all ``s`` so far is positive; ``v -= theta s``.

    Args:
        currents: (T, N, *shape), or (1, N, *shape) for a constant one.
        theta, v0: broadcast to ``shape``.
        neuron: which rule.
        ticks: T.
    """
    v = np.broadcast_to(v0, currents.shape[1:]).astype(currents.dtype)
    theta = theta.astype(currents.dtype)
    spikes = np.empty((ticks, *currents.shape[1:]), dtype=np.int8)
    count = np.zeros(currents.shape[1:], dtype=np.int16)
    for tick in range(ticks):
        v += currents[tick if len(currents) > 1 else 0]
        s = spikes[tick]
        np.greater_equal(v, theta, out=s, casting="unsafe")
        if neuron == "signed":
            s -= (v < 0) & (count > 0)
            count += s
        v -= theta * s
    return spikes


def spike_counts(
    currents: Array, theta: Array, v0: Array, neuron: NeuronKind, ticks: int
) -> NDArray[np.int16]:
    """Sum of `spike_train` over the ticks."""
    v = np.broadcast_to(v0, currents.shape[1:]).astype(currents.dtype)
    theta = theta.astype(currents.dtype)
    count = np.zeros(currents.shape[1:], dtype=np.int16)
    for tick in range(ticks):
        v += currents[tick if len(currents) > 1 else 0]
        if neuron == "signed":
            s = (v >= theta).view(np.int8) - ((v < 0) & (count > 0)).view(np.int8)
        else:
            s = (v >= theta).view(np.int8)
        count += s
        v -= theta * s
    return count
