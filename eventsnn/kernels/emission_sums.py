"""Fan-outs summed over the spikes of each emission: synaptic operations tick by tick."""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsnn.kernels.jit import entry_point

__all__ = ["emission_sums"]


@entry_point
def emission_sums(fan_out: Any, index: Any, start: Any, stop: Any, sums: Any) -> None:
    """Set ``sums[e]`` to the fan-out of all spikes ``index[start[e]:stop[e]]``."""
    for e in range(start.size):
        total = np.int64(0)
        for k in range(start[e], stop[e]):
            total += fan_out[np.uint32(index[k])]
        sums[e] = total
