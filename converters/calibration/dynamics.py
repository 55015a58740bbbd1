"""How a layer of neurons answers currents: the recurrences, on whole trains at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.lowering.neuron_kinds import NeuronKind

__all__ = ["spike_counts", "spike_train"]

Array = NDArray[np.floating[Any]]


def spike_train(
    currents: Array, theta: Array, v0: Array, neuron: NeuronKind, ticks: int, burst: int = 1
) -> Array:
    """Amplitudes per tick, (T, N, *shape), of `IF`, `Burst` or `Signed` neurons of `eventsnn`.

    ``v += I[n]``; ``s`` is the largest number up to ``burst`` with ``v >= s theta``, and for
    "signed", where ``v < 0``, minus the largest up to ``burst`` and the sum of all ``s`` so far
    with ``v < -(s - 1) theta``; ``v -= theta s``.

    Args:
        currents: (T, N, *shape), or (1, N, *shape) for a constant one.
        theta, v0: broadcast to ``shape``.
        neuron: which rule.
        ticks: T.
        burst: most spikes of one tick.
    """
    spikes = np.empty((ticks, *currents.shape[1:]), dtype=np.min_scalar_type(-burst - 1))
    for tick, s in enumerate(_amplitudes(currents, theta, v0, neuron, ticks, burst)):
        spikes[tick] = s
    return spikes


def spike_counts(
    currents: Array, theta: Array, v0: Array, neuron: NeuronKind, ticks: int, burst: int = 1
) -> NDArray[np.int16]:
    """Sum of `spike_train` over the ticks."""
    count = np.zeros(currents.shape[1:], dtype=np.int16)
    for s in _amplitudes(currents, theta, v0, neuron, ticks, burst):
        count += s
    return count


def _amplitudes(
    currents: Array, theta: Array, v0: Array, neuron: NeuronKind, ticks: int, burst: int
) -> Iterator[NDArray[np.integer[Any]]]:
    v = np.broadcast_to(v0, currents.shape[1:]).astype(currents.dtype)
    theta = theta.astype(currents.dtype)
    given = np.zeros(currents.shape[1:], dtype=np.int16)
    for tick in range(ticks):
        v += currents[tick if len(currents) > 1 else 0]
        s = (v >= theta).astype(np.int16)
        for k in range(2, burst + 1):
            s += v >= k * theta
        if neuron == "signed":
            takes = (v < 0).astype(np.int16)
            for k in range(1, burst):
                takes += v < -k * theta
            s -= np.minimum(takes, given)
            given += s
        v -= theta * s
        yield s
