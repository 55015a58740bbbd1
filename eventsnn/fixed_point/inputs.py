"""Inputs in whole numbers of a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.network import Network
from eventsnn.errors import InputError
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = ["IntegerInputs", "IntegerSamples", "input_units"]


class Samples(Protocol):
    """Anything with a length whose slices are arrays (samples, *shape) or lists of `Spikes`."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> Any: ...


@dataclass(frozen=True)
class IntegerInputs:
    """What becomes of the inputs of a network that `eventsnn.quantize` put into integers.

    Attributes:
        steps: what an integer of 1 stands for, of analog inputs.
        largest: magnitude of an integer amplitude, of every input.
    """

    steps: Mapping[str, float]
    largest: Mapping[str, int]

    def __call__(self, inputs: Any) -> Any:
        """The original inputs in steps: an array, `Currents`, `Spikes`, a list, or by name.

        Analog values are rounded to the nearest step. Spikes stay as they are.

        Raises:
            InputError: values beyond the range that was proven, amplitudes that are not
                whole, or unknown names.
        """
        if isinstance(inputs, Mapping):
            unknown = sorted(set(inputs) - set(self.largest))
            if unknown:
                raise InputError(f"expected inputs {sorted(self.largest)}, found {unknown}")
            return {name: self._one(name, value) for name, value in inputs.items()}
        if len(self.largest) != 1:
            raise InputError("the network has several inputs: pass a mapping from their names")
        return self._one(next(iter(self.largest)), inputs)

    def _one(self, name: str, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._one(name, item) for item in value]
        if isinstance(value, Spikes):
            self._check_spikes(name, value)
            return value
        if isinstance(value, Currents):
            return Currents(value.start, self._whole(name, value.values))
        return self._whole(name, np.asarray(value, dtype=np.float64))

    def _whole(self, name: str, values: NDArray[Any]) -> NDArray[np.float64]:
        if name not in self.steps:
            raise InputError(
                f"input `{name}`: the network was put into integers for spikes, found analog "
                f"values; say quantize(..., analog=their largest magnitude)"
            )
        whole = np.rint(values / self.steps[name]) + 0.0
        largest = float(np.abs(whole).max(initial=0))
        if not largest <= self.largest[name]:
            found, proven = largest * self.steps[name], self.largest[name] * self.steps[name]
            raise InputError(
                f"input `{name}`: a value of magnitude {found:.4g}, the range that was proven "
                f"ends at {proven:.4g}; quantize again with the larger range, or check the scale"
            )
        return whole

    def _check_spikes(self, name: str, spikes: Spikes) -> None:
        if name in self.steps:
            raise InputError(
                f"input `{name}`: the network was put into integers for analog values, found "
                f"spikes; leave it out of quantize(..., analog=...)"
            )
        if np.any(spikes.amplitude != np.rint(spikes.amplitude)):
            raise InputError(f"input `{name}`: expected spikes with whole amplitudes")
        if not len(spikes):
            return
        at = np.stack([spikes.tick, spikes.index])
        _, where = np.unique(at, axis=1, return_inverse=True)
        most = int(np.bincount(where.ravel(), np.abs(spikes.amplitude)).max())
        if most > self.largest[name]:
            raise InputError(
                f"input `{name}`: a neuron receives amplitudes of {most} in one tick, proven is "
                f"{self.largest[name]}; quantize again with most_spikes={most}"
            )


class IntegerSamples:
    """Samples of the one input in steps, made as they are sliced; `eventsnn.evaluate` takes it.

    Args:
        samples: images preprocessed as for the original network, or `Spikes`.
        inputs: see `IntegerInputs`.
    """

    def __init__(self, samples: Samples, inputs: IntegerInputs) -> None:
        self._samples = samples
        self._inputs = inputs

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, key: slice) -> Any:
        return self._inputs(self._samples[key])


def input_units(
    network: Network, analog: float | Mapping[str, float] | None, bits: int, most_spikes: int
) -> IntegerInputs:
    """The steps of the inputs: ``range / (2^(bits - 1) - 1)`` of analog ones, 1 of spikes.

    Raises:
        InputError: a range that is not positive, or a name that is no input.
    """
    names = [node.name for node in network.inputs]
    if analog is None:
        ranges: Mapping[str, float] = {}
    elif isinstance(analog, Mapping):
        ranges = analog
    elif len(names) == 1:
        ranges = {names[0]: analog}
    else:
        raise InputError(
            "the network has several inputs: give analog={name: range} for the analog ones"
        )
    for name, extent in ranges.items():
        if name not in names:
            raise InputError(f"analog: no input `{name}`; the network has {names}")
        if not 0 < extent < np.inf:
            raise InputError(f"analog: expected a range > 0 for `{name}`, found {extent!r}")
    levels = 2 ** (bits - 1) - 1
    steps = {name: float(extent) / levels for name, extent in ranges.items()}
    largest = {name: levels if name in steps else most_spikes for name in names}
    return IntegerInputs(steps, largest)
