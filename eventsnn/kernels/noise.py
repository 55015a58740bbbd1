"""Seeded noise on the arrivals of a layer; the twin of `eventsnn.noise`.

Words of 32 bits in int64: no product overflows, with or without compilation.
"""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import jit

__all__ = ["add_noise"]

_WORD = 0xFFFFFFFF
_ODD = 0x9E3779B9
_FACTOR = 0x45D9F3B
_UNIT = 2.0**-10


@jit
def _mix(word: int) -> int:
    word = (word + _ODD) & _WORD
    word = ((word ^ (word >> 16)) * _FACTOR) & _WORD
    word = ((word ^ (word >> 16)) * _FACTOR) & _WORD
    return word ^ (word >> 16)


@jit
def add_noise(layers: Any, state: Any, layer: int, tick: int) -> None:
    """Add ``mean + deviation z`` to what every neuron of the layer receives in this tick."""
    this = layers.table[layer]
    inbox, parameters = state.inbox, layers.parameters
    start, period = this.lazy_start, this.period
    mean, deviation = this.noise_mean_start, this.noise_deviation_start
    channels, pixels = this.channels, this.neurons // this.channels
    at = _mix(_mix(state.layers[layer].noise_key ^ (tick & _WORD)) ^ (tick >> 32))
    for pixel in range(pixels):
        for channel in range(channels):
            i = pixel * channels + channel  # channels last here, C order in the hash
            hashed = _mix(at ^ _mix(channel * pixels + pixel))
            z = layers.quantiles[hashed >> 16] * _UNIT
            p = i % period
            inbox[start + i] += parameters[mean + p] + parameters[deviation + p] * z
