"""Numbers as phase words for the input of a network of bistable layers, and its readings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsnn.description.network import Network
from eventsnn.description.neurons import PhaseAccumulator
from eventsnn.errors import InputError
from eventsnn.signals.spikes import Spikes

__all__ = ["phase_coded", "reading_ticks"]


def phase_coded(values: ArrayLike, phases: int, *, rounding: bool = False) -> Spikes:
    """One word per value: spikes of ``2^-(1+k)`` at phase k for the bits of ``floor(2^K x)``.

    Reading r is spelt in the cycle 2 r, while layers of stage 1 listen: so a stream of images
    goes through a network one behind the other, or the same image again and again.

    Args:
        values: x in [0, 1), one array per reading: (readings, *shape). What lies outside is
            clipped to the smallest or largest word.
        phases: K, bits of a word, 1 to 16.
        rounding: to the nearest word instead of the one below.

    Raises:
        InputError: phases out of range, or values that are not finite or have no shape.
    """
    if not 1 <= phases <= 16:
        raise InputError(f"phases: expected 1 to 16, found {phases}")
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2 or not np.all(np.isfinite(array)):
        raise InputError(
            f"phase_coded: expected finite values (readings, *shape), found shape {array.shape}"
        )
    flat = array.reshape(len(array), -1)
    levels = np.floor(np.ldexp(flat, phases) + (0.5 if rounding else 0.0))
    word = np.clip(levels, 0, 2**phases - 1).astype(np.int64)
    bits = (word[:, None, :] >> np.arange(phases - 1, -1, -1)[:, None]) & 1
    reading, phase, index = np.nonzero(bits)
    tick = 2 * phases * reading + phase
    return Spikes(array.shape[1:], tick, index, np.ldexp(1.0, -1 - phase))


def reading_ticks(network: Network, readings: int) -> NDArray[np.int64]:
    """Numbers of ticks after which readings are complete: ``stage K``, then every ``2 K``.

    The potential of the read-out at the end of the tick before, `Record.potentials` at
    ``reading_ticks(...) - 1``, is the reading.

    Raises:
        InputError: the network is not read out by a `PhaseAccumulator`.
    """
    neuron = network.layer(network.output).neuron
    if not isinstance(neuron, PhaseAccumulator):
        raise InputError(
            f"output `{network.output}`: expected a PhaseAccumulator, found "
            f"{type(neuron).__name__}; other networks can be read after any tick"
        )
    return neuron.phases * (neuron.stage + 2 * np.arange(readings, dtype=np.int64))
