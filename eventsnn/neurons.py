"""Neuron models: frozen parameters and the equations they stand for.

Legend: ``v`` membrane potential, ``b`` bias current per tick, ``x`` the sum of all
arrivals of a tick, ``theta`` the threshold, ``s`` the emitted amplitude. All are in
the units of the potential; time is in ticks. ``docs/semantics.md`` has the order of
the steps within a tick.

`Neuron` is a closed union: code that handles neurons does so by ``match`` with
`typing.assert_never`, so the type checker points at every place a new kind must be
handled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from eventsnn.description import Description, Values, frozen_array
from eventsnn.errors import NetworkError

__all__ = [
    "IF",
    "Accumulator",
    "Neuron",
    "NoReset",
    "Relay",
    "Reset",
    "RunningMaximum",
    "Subtract",
    "ToValue",
]


@dataclass(frozen=True, eq=False)
class Subtract(Description):
    """Soft reset: ``v <- v - amount``; ``None`` subtracts the threshold.

    ``amount`` above the threshold makes a neuron that fires early (threshold
    ``alpha theta``, amount ``theta``): the same train as ``v0 = (1 - alpha) theta``.
    """

    amount: Values | None = None

    def __post_init__(self) -> None:
        if self.amount is not None:
            object.__setattr__(self, "amount", frozen_array(self.amount, "Subtract.amount"))


@dataclass(frozen=True, eq=False)
class ToValue(Description):
    """Hard reset: ``v <- value``."""

    value: Values = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", frozen_array(self.value, "ToValue.value"))


@dataclass(frozen=True, eq=False)
class NoReset(Description):
    """The potential is left as it is: the neuron fires in every tick with ``v >= theta``."""


Reset = Subtract | ToValue | NoReset


@dataclass(frozen=True, eq=False)
class IF(Description):
    """Integrate and fire: ``v <- v + b + x``; ``s = [v >= theta]``; then the reset.

    Args:
        threshold: theta > 0; a number or an array that broadcasts to the layer's shape.
        reset: what happens to ``v`` at a spike; subtracts the threshold by default.
        v0: the potential before tick 0; same broadcasting.
    """

    threshold: Values = 1.0
    reset: Reset = field(default_factory=Subtract)
    v0: Values = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", frozen_array(self.threshold, "IF.threshold"))
        object.__setattr__(self, "v0", frozen_array(self.v0, "IF.v0"))
        if not np.all(np.asarray(self.threshold) > 0):
            smallest = float(np.min(self.threshold))
            raise NetworkError(
                f"IF.threshold: expected positive values, found {smallest:g}; "
                f"a silent neuron with threshold <= 0 would fire in every tick"
            )
        if not isinstance(self.reset, Subtract | ToValue | NoReset):
            raise NetworkError(
                f"IF.reset: expected Subtract(), ToValue(v) or NoReset(), found {self.reset!r}"
            )


@dataclass(frozen=True, eq=False)
class Accumulator(Description):
    """Read-out without threshold: ``v <- v + b + x``; never fires.

    Args:
        v0: the potential before tick 0.
    """

    v0: Values = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "v0", frozen_array(self.v0, "Accumulator.v0"))


@dataclass(frozen=True, eq=False)
class Relay(Description):
    """Stateless: emits ``s = b + x``, the sum of this tick, as a graded amplitude.

    Carries currents along a trunk without quantising them again. Its outgoing synaptic
    operations are multiplications. Its recorded potential is always 0.
    """


@dataclass(frozen=True, eq=False)
class RunningMaximum(Description):
    """Max pooling of rate-coded spikes; the layer has one link, with an empty chain.

    ``X_i <- X_i + x_i`` for each input ``i``; for each window ``w``
    ``s_w = max_{i in w} X_i - O_w``; ``O_w <- O_w + s_w``. The running output therefore
    equals the maximum of the running inputs after every tick. Windows may overlap,
    padding never wins, and ``s`` may be any integer, negative too. All inputs of a
    channel must stand for the same value. The recorded potential is ``O``.

    Args:
        kernel_size, stride, padding: rows and columns, as in ``torch.nn.MaxPool2d``.
    """

    kernel_size: tuple[int, int]
    stride: tuple[int, int] | None = None
    padding: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.stride is None:
            object.__setattr__(self, "stride", self.kernel_size)


Neuron = IF | Accumulator | Relay | RunningMaximum
