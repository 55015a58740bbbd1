"""Sums over images of what one layer showed, and the averages that come of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.diagnosis.decomposition import decompose
from converters.diagnosis.observation import Observed, RateNeuron

__all__ = ["LayerSums", "Terms"]


@dataclass(frozen=True)
class Terms:
    """One number for each term of `converters.diagnosis.RateErrors`."""

    deviation: float
    quantization: float
    clipping: float
    inherited: float
    total: float


_TERMS = tuple(field.name for field in fields(Terms))


class LayerSums:
    """Adds up images; float64, so a million neurons cost no digits that are shown."""

    def __init__(self, neuron: RateNeuron, ceiling: float | None, ticks: int) -> None:
        self._neuron, self._ceiling, self._ticks = neuron, ceiling, ticks
        self._images = 0
        self._error = dict.fromkeys(_TERMS, 0.0)
        self._square = dict.fromkeys(_TERMS, 0.0)
        self._means = dict.fromkeys(
            ("input_mean", "input_variance", "inputs_below", "inputs_above", "saturated"), 0.0
        )
        self._spikes = 0.0
        self._activation = 0.0
        self._inactive = 0
        self._inactive_with_spikes = 0
        self._alive: NDArray[np.bool_] | None = None
        self._size = 0

    def add(self, seen: Observed, z: NDArray[np.floating[Any]]) -> None:
        """One image: what the layer did, and the ANN's pre-activation, in its shape."""
        theta, max_spikes = self._neuron.theta, self._neuron.max_spikes
        errors = decompose(
            seen.total,
            seen.count,
            z,
            theta=theta,
            v0=self._neuron.v0,
            ticks=self._ticks,
            ceiling=self._ceiling,
            max_spikes=max_spikes,
        )
        self._images += 1
        self._size = seen.count.size
        for name in _TERMS:
            values = getattr(errors, name)
            self._error[name] += float(values.mean())
            self._square[name] += float(np.square(values).mean())
        self._means["input_mean"] += float(seen.total.mean()) / self._ticks
        self._means["input_variance"] += float(seen.currents.var(axis=0).mean())
        self._means["inputs_below"] += float((seen.currents < 0).mean())
        self._means["inputs_above"] += float((seen.currents > max_spikes * theta).mean())
        self._means["saturated"] += float((seen.count >= max_spikes * self._ticks).mean())
        self._spikes += float(seen.spikes.sum())
        self._activation += float(np.square(np.clip(z, 0, self._ceiling)).mean())
        inactive = z <= 0
        self._inactive += int(inactive.sum())
        self._inactive_with_spikes += int((inactive & (seen.count > 0)).sum())
        alive = seen.spikes > 0
        self._alive = alive if self._alive is None else self._alive | alive

    def averages(self) -> dict[str, Any]:
        """The fields of `converters.diagnosis.LayerDiagnosis` that sums tell."""
        n = self._images
        assert self._alive is not None
        return {
            "theta": float(np.mean(self._neuron.theta)),
            "activation": (self._activation / n) ** 0.5,
            "mean": Terms(**{name: value / n for name, value in self._error.items()}),
            "rms": Terms(**{name: (value / n) ** 0.5 for name, value in self._square.items()}),
            **{name: value / n for name, value in self._means.items()},
            "spikes_of_inactivated": self._inactive_with_spikes / max(self._inactive, 1),
            "dead": float(1 - self._alive.mean()),
            "spikes_per_tick": self._spikes / (n * self._ticks * self._size),
        }
