"""Threshold, initial potential and bias of each channel, by simulating a sample of its neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.dynamics import NeuronKind, spike_counts

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

    Args:
        currents: (T, P, C) of P neurons of each channel, or (1, P, C) if constant.
        target: what ``theta count / T`` should be, (P, C).
        start: thresholds to begin with, (C,).
        ceiling: no theta exceeds it.
        ticks: T.
        neuron: which rule they follow.

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
    ) -> None:
        self._currents, self._target, self._ticks, self._neuron = currents, target, ticks, neuron
        self._largest = np.float32(np.inf if ceiling is None else ceiling)
        self.theta = np.minimum(start, self._largest).astype(np.float32)
        self.initial = np.full_like(self.theta, 0.5)
        self.shift = np.zeros_like(self.theta)
        self.error, _ = self._errors(self.theta, self.initial, self.shift)
        self.start_error = self.error

    def run(self) -> None:
        """Try the grid of thresholds, then initial potentials around the best of them."""
        first = self.theta
        for fraction in _THETAS:
            self._try(first * np.float32(fraction), 0.5, np.zeros_like(first), corrections=2)
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
        count = spike_counts(currents, theta, initial * theta, self._neuron, self._ticks)
        difference = theta * count / np.float32(self._ticks) - self._target
        active = (self._target > 0) | (count > 0)
        left = (difference * active).sum(axis=0) / np.maximum(active.sum(axis=0), 1)
        return np.square(difference).mean(axis=0), left.astype(np.float32)
