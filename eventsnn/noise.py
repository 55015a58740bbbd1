"""Seeded normal noise that does not depend on the order in which it is drawn.

The draw of a neuron at a tick is a function of (seed, sample, layer, neuron, tick): a hash
of the five picks one of 2^16 normal quantiles. So the oracle, the engine in any order and
any number of workers draw the same numbers. The quantiles are multiples of 2^-10, so that
noise with a dyadic standard deviation is dyadic, and the largest is 4.22.

The engine has its own hash, `eventsnn.kernels.noise`, tested against this one.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["PLACES", "draw", "quantiles", "stream"]

#: Quantiles are multiples of 2^-PLACES.
PLACES = 10
_INDEX_BITS = 16
_WORD = 0xFFFFFFFF
_ODD = 0x9E3779B9  # the golden ratio: sets small numbers apart
_FACTOR = 0x45D9F3B  # below 2^31, so that products of 32-bit words fit into int64


@cache
def quantiles() -> NDArray[np.int16]:
    """Normal quantiles at (k + 1/2) / 2^16, times 2^10, rounded; their mean is exactly 0."""
    upper = ndtri((np.arange(2**15, 2**16) + 0.5) / 2**_INDEX_BITS)
    half = np.round(upper * 2**PLACES).astype(np.int16)
    table: NDArray[np.int16] = np.concatenate([-half[::-1], half])
    table.flags.writeable = False
    return table


def _mix(word: NDArray[np.int64]) -> NDArray[np.int64]:
    """A bijection of 32-bit words in which every input bit moves about half the others."""
    word = (word + _ODD) & _WORD
    word = ((word ^ (word >> 16)) * _FACTOR) & _WORD
    word = ((word ^ (word >> 16)) * _FACTOR) & _WORD
    return word ^ (word >> 16)


def stream(seed: int, sample: int, layer: int) -> int:
    """The 32-bit key of one layer in one sample; ``layer`` as declared in the network."""
    key = np.zeros((), dtype=np.int64)
    for number in (seed, sample, layer):
        key = _mix(_mix(key ^ (number & _WORD)) ^ (number >> 32 & _WORD))
    return int(key)


def draw(key: int, tick: int, neurons: int) -> NDArray[np.float64]:
    """The standard normal numbers of all neurons of a layer at a tick, in C order."""
    at = _mix(_mix(np.array(key ^ (tick & _WORD), dtype=np.int64)) ^ (tick >> 32))
    hashed = _mix(at ^ _mix(np.arange(neurons)))
    chosen = quantiles()[hashed >> (32 - _INDEX_BITS)]
    return np.asarray(chosen * 2.0**-PLACES)
