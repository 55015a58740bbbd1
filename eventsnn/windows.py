"""Windows that slide along one axis: which source meets which target.

A window of ``kernel`` taps, ``dilation`` apart, lies for target o on the pixels
``o stride - padding + k dilation``, k = 0..kernel-1. Convolutions, pools and subsampling are
windows along rows and along columns; whoever must know which synapses exist asks here. (The
oracle does not: it is the slow twin, and pads and slices images.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["inside", "taps", "window_count"]


def window_count(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Number of window positions along one axis: floor((n + 2p - d(k-1) - 1)/s) + 1."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def taps(
    sources: int, targets: int, kernel: int, stride: int, padding: int, dilation: int = 1
) -> NDArray[np.bool_]:
    """Whether tap k of a target's window lies on a source: (sources, targets, kernel)."""
    pixel = (np.arange(targets) * stride - padding)[:, None] + np.arange(kernel) * dilation
    return np.asarray(np.arange(sources)[:, None, None] == pixel)


def inside(
    sources: int, targets: int, kernel: int, stride: int, padding: int, dilation: int = 1
) -> NDArray[np.bool_]:
    """Whether any tap of a target's window lies on a source: (sources, targets)."""
    return np.asarray(taps(sources, targets, kernel, stride, padding, dilation).any(axis=2))
