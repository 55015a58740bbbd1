"""What a layer receives in every tick without any spike: its bias and a constant current."""

from __future__ import annotations

from typing import Any

from eventsnn.kernels.jit import jit

__all__ = ["add_drive"]


@jit
def add_drive(layers: Any, state: Any, layer: int, ticks: int, v: Any) -> None:
    """``v += ticks I``, then ``v += ticks b``, for the potentials ``v`` of a whole layer.

    The current I of a constant image is laid out like the potentials; the bias b repeats
    with its period.
    """
    this = layers.table[layer]
    size = this.neurons
    if state.layers[layer].has_current:
        start = this.v_start
        current = state.current[start : start + size]
        for i in range(size):
            v[i] += ticks * current[i]
    if this.bias_start >= 0:
        period, b = this.bias_period, this.bias_start
        bias = layers.parameters[b : b + period]
        for block in range(0, size, period):
            part = v[block : block + period]
            for i in range(period):
                part[i] += ticks * bias[i]
