"""Threshold, initial potential and bias of each channel, by simulating a sample of its neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.calibration.dynamics import spike_counts
from converters.lowering.neuron_kinds import NeuronKind

__all__ = ["NeuronSearch"]

Array = NDArray[np.floating[Any]]

#: Candidates for theta, as fractions of the starting threshold.
_THETAS = (1.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.2, 1.5)
#: Then around the best of them, as fractions of it, with each of the initial potentials.
_NEAR = (0.85, 1.0, 1.15)
#: An unsigned neuron cannot take a spike back, so it may start low, and wait for evidence.
_INITIALS: Mapping[NeuronKind, tuple[float, ...]] = {
    "if": (0.3, 0.0, -0.3, -0.6, -1.0),
    "signed": (0.3, 0.4, 0.6, 0.7, 0.85),
}


class NeuronSearch:
    """The best neurons found so far, one per channel; never worse than the first tried.

    With bursts a threshold may be as much smaller as a tick may hold more spikes; then the
    grid is searched at both sizes.

    Args:
        currents: (T, P, C) of P neurons of each channel, or (1, P, C) if constant.
        target: what ``theta count / T`` should be, (P, C).
        start: thresholds to begin with, (C,).
        ceiling: of the activation; ``burst theta`` does not exceed it.
        ticks: T.
        neuron: which rule they follow.
        burst: most spikes of one tick.

    Attributes:
        theta, initial, shift: of the best: threshold, v0 as a fraction of it, and what is
            added to the bias; (C,) each, float32.
        error: mean squared error of the best, (C,).
        start_error: the same of theta = start, v0 = theta / 2 and no shift.
    """

    def __init__(
        self,
        currents: Array,
        target: Array,
        start: Array,
        *,
        ceiling: float | None,
        ticks: int,
        neuron: NeuronKind,
        burst: int = 1,
    ) -> None:
        self._currents, self._target, self._ticks = currents, target, ticks
        self._neuron, self._burst = neuron, burst
        self._largest = np.float32(np.inf) if ceiling is None else _at_most(ceiling / burst)
        self.theta = np.minimum(start, self._largest).astype(np.float32)
        self.initial = np.full_like(self.theta, 0.5)
        self.shift = np.zeros_like(self.theta)
        self.error, _ = self._errors(self.theta, self.initial, self.shift)
        self.start_error = self.error

    def run(self) -> None:
        """Try the grid of thresholds, then initial potentials around the best of them."""
        first = self.theta
        for spikes in sorted({1, self._burst}):
            for fraction in _THETAS:
                theta = first * np.float32(fraction / spikes)
                self._try(theta, 0.5, np.zeros_like(first), corrections=2)
        theta, shift = self.theta, self.shift
        for initial in _INITIALS[self._neuron]:
            for fraction in _NEAR:
                self._try(theta * np.float32(fraction), initial, shift, corrections=1)

    def _try(self, theta: Array, fraction: float, shift: Array, corrections: int) -> None:
        """Keep a candidate where it is better, and what corrected biases make of it.

        Each correction takes off the mean error that is left.
        """
        theta = np.minimum(theta, self._largest)
        initial = np.full_like(theta, fraction)
        for _ in range(corrections + 1):
            error, left = self._errors(theta, initial, shift)
            better = error < self.error
            self.theta = np.where(better, theta, self.theta)
            self.initial = np.where(better, initial, self.initial)
            self.shift = np.where(better, shift, self.shift)
            self.error = np.where(better, error, self.error)
            shift = shift - left

    def _errors(self, theta: Array, initial: Array, shift: Array) -> tuple[Array, Array]:
        """Mean squared error, and the mean error of neurons active here or in the ANN."""
        currents = self._currents + shift
        v0 = initial * theta
        count = spike_counts(currents, theta, v0, self._neuron, self._ticks, self._burst)
        difference = theta * count / np.float32(self._ticks) - self._target
        active = (self._target > 0) | (count > 0)
        left = (difference * active).sum(axis=0) / np.maximum(active.sum(axis=0), 1)
        return np.square(difference).mean(axis=0), left.astype(np.float32)


def _at_most(value: float) -> np.float32:
    """The largest float32 that is not above ``value``."""
    nearest = np.float32(value)
    return nearest if float(nearest) <= value else np.nextafter(nearest, np.float32(0))
