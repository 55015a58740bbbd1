"""One tick of the neurons that speak in phase words, dense and in plain NumPy.

Part of `eventsnn.oracle.simulate`; the rules are those of
`eventsnn.description.word_neurons`.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from eventsnn.description.base import Values, pair
from eventsnn.description.word_neurons import Bistable, PhaseAccumulator, PhaseIF, PhaseMaximum

__all__ = ["maximum_tick", "words_tick"]

Array = NDArray[np.float64]


def _listens(neuron: Bistable | PhaseAccumulator, tick: int) -> bool:
    """In the cycles stage - 1, stage + 1, ..., one for each reading."""
    cycle = tick // neuron.phases - (neuron.stage - 1)
    reading, rest = divmod(cycle, 2)
    return reading >= 0 and rest == 0 and (neuron.readings is None or reading < neuron.readings)


def words_tick(
    neuron: Bistable | PhaseAccumulator | PhaseIF,
    v: Array,
    arrivals: Array,
    drive: Values,
    tick: int,
) -> tuple[Array, Array, Array]:
    """(emitted amplitudes, v after the tick, v as the threshold test saw it).

    ``drive`` is the bias and the current of the tick.
    """
    match neuron:
        case Bistable():
            return _bistable(neuron, v, arrivals, drive, tick)
        case PhaseIF():
            return _phase_if(neuron, v, arrivals, drive, tick)
        case PhaseAccumulator():
            v = _accumulator(neuron, v, arrivals, drive, tick)
            return np.zeros(v.shape), v, v


def _bistable(
    neuron: Bistable, v: Array, arrivals: Array, drive: Values, tick: int
) -> tuple[Array, Array, Array]:
    phase, last = tick % neuron.phases, neuron.phases - 1
    if _listens(neuron, tick):
        v = v + arrivals
        if phase == last:
            v = v + drive
        return np.zeros(v.shape), v, v
    if not _listens(neuron, tick - neuron.phases):  # a cycle ago
        return np.zeros(v.shape), v, v
    worth = 2.0 ** -(1 + phase)
    half = 2.0 ** -(1 + neuron.phases) if neuron.rounding else 0.0
    fires = v >= (worth - half) * np.asarray(neuron.threshold)
    after = np.where(fires, v - worth * neuron.threshold, v)
    if phase == last and not neuron.carry:
        after = np.zeros(v.shape)
    return np.where(fires, worth, 0.0), after, v


def _phase_if(
    neuron: PhaseIF, v: Array, arrivals: Array, drive: Values, tick: int
) -> tuple[Array, Array, Array]:
    worth = 2.0 ** -(1 + tick % neuron.phases)
    v = v + drive + arrivals
    fires = v >= worth * neuron.threshold
    return np.where(fires, worth, 0.0), np.where(fires, v - worth * neuron.threshold, v), v


def _accumulator(
    neuron: PhaseAccumulator, v: Array, arrivals: Array, drive: Values, tick: int
) -> Array:
    if not _listens(neuron, tick):
        return v
    if tick % neuron.phases == 0 and not neuron.carry:
        v = np.zeros(v.shape)
    v = v + arrivals
    if tick % neuron.phases == neuron.phases - 1:
        v = v + drive
    return v


def maximum_tick(
    neuron: PhaseMaximum, heard: Array, arrivals: Array, tick: int
) -> tuple[Array, Array, Array]:
    """(emitted amplitudes, the spikes of this cycle, the words so far).

    Args:
        neuron: the windows.
        heard: 1 for each spike of this cycle, (phases, C, H, W).
        arrivals: of this tick, (C, H, W).
        tick: now.
    """
    phase = tick % neuron.phases
    heard = np.zeros(heard.shape) if phase == 0 else heard.copy()
    heard[phase] = arrivals != 0
    (k_y, k_x), (p_y, p_x) = pair(neuron.kernel_size), pair(neuron.padding)
    s_y, s_x = pair(neuron.stride)
    padded = np.pad(heard, ((0, 0), (0, 0), (p_y, p_y), (p_x, p_x)))
    spikes = sliding_window_view(padded, (k_y, k_x), axis=(2, 3))[:, :, ::s_y, ::s_x] > 0
    alive = np.ones(spikes.shape[1:], dtype=np.bool_)
    words = np.zeros(spikes.shape[1:4])
    out = np.zeros(words.shape, dtype=np.bool_)
    for earlier in range(phase + 1):
        says = spikes[earlier] & alive
        out = says.any(axis=(3, 4))
        alive = np.where(out[..., None, None], says, alive)
        words += np.where(out, 2.0 ** -(1 + earlier), 0.0)
    return np.where(out, 2.0 ** -(1 + phase), 0.0), heard, words
