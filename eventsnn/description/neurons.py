"""Neuron models: frozen parameters and the equations they stand for.

Legend: ``v`` membrane potential, ``lambda`` its decay per tick, ``b`` bias current per
tick, ``x`` the sum of all arrivals of a tick, ``theta`` the threshold, ``s`` the emitted
amplitude. All but lambda are in the units of the potential; time is in ticks.
``docs/semantics.md`` has the order of the steps within a tick.

`Neuron` is a closed union: code that handles neurons does so by ``match`` with
`typing.assert_never`, so the type checker points at every place a new kind must be
handled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Description, Values, frozen_array, positive_array
from eventsnn.description.word_neurons import (
    Bistable,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Synchronous,
)
from eventsnn.errors import NetworkError

__all__ = [
    "IF",
    "LI",
    "LIF",
    "Bistable",
    "Burst",
    "CubaLIF",
    "Maximum",
    "Neuron",
    "NoReset",
    "Noise",
    "PhaseAccumulator",
    "PhaseIF",
    "PhaseMaximum",
    "ReadOut",
    "Relay",
    "Reset",
    "RunningMaximum",
    "Signed",
    "Subtract",
    "Synchronous",
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
class Noise(Description):
    """Normal noise on the potential, drawn anew for every neuron and tick.

    ``v <- v + mean + standard_deviation z``, ``z ~ N(0, 1)``, after the arrivals and before
    the floor and the test; it stays in ``v``, as a current would. The draws are a function
    of the seed of the run, the sample, the layer, the neuron and the tick
    (`eventsnn.noise`), so they depend on no order of execution. A neuron held by its
    refractory ticks receives none.

    Args:
        standard_deviation: >= 0; a number or an array that broadcasts to the layer's shape.
        mean: same broadcasting.
    """

    standard_deviation: Values
    mean: Values = 0.0

    def __post_init__(self) -> None:
        deviation = frozen_array(self.standard_deviation, "Noise.standard_deviation")
        if np.any(deviation < 0):
            raise NetworkError(
                f"Noise.standard_deviation: expected values >= 0, found {float(deviation.min()):g}"
            )
        object.__setattr__(self, "standard_deviation", deviation)
        object.__setattr__(self, "mean", frozen_array(self.mean, "Noise.mean"))


@dataclass(frozen=True, eq=False)
class IF(Description):
    """Integrate and fire: ``v <- v + b + x``; ``s = [v >= theta]``; then the reset.

    Args:
        threshold: theta > 0; a number or an array that broadcasts to the layer's shape.
            For a strict test ``v > theta`` use ``np.nextafter(theta, np.inf)`` and
            ``Subtract(theta)``.
        reset: what happens to ``v`` at a spike; subtracts the threshold by default.
        v0: the potential before tick 0; same broadcasting.
        v_min: floor of ``v``, applied in every tick after the arrivals; None for none.
        refractory: ticks R >= 0 after a spike in which ``v`` is held and arrivals are lost.
        noise: on the potential in every tick; None for none.
        v_max: ceiling of ``v``, at or above the threshold, applied with the floor; None for
            none. What a spike cannot take off above it is lost.
    """

    threshold: Values = 1.0
    reset: Reset = field(default_factory=Subtract)
    v0: Values = 0.0
    v_min: Values | None = None
    refractory: Values = 0
    noise: Noise | None = None
    v_max: Values | None = None

    def __post_init__(self) -> None:
        _check_firing(self)
        if self.v_max is not None:
            object.__setattr__(self, "v_max", frozen_array(self.v_max, "IF.v_max"))


@dataclass(frozen=True, eq=False)
class LIF(Description):
    """Leaky integrate and fire: ``v <- lambda v + b + x``; ``s = [v >= theta]``; reset.

    ``lambda = exp(-dt / tau)`` reproduces an exact exponential decay of time constant tau.
    In the refractory ticks the leak and the bias stop as well.

    Args:
        decay: lambda in [0, 1]; a number or an array that broadcasts to the layer's shape.
            0 forgets everything in each tick: ``v <- b + x``, and ``v0`` and the reset are
            never felt.
        threshold, reset, v0, v_min, refractory, noise: as for `IF`.
    """

    decay: Values
    threshold: Values = 1.0
    reset: Reset = field(default_factory=Subtract)
    v0: Values = 0.0
    v_min: Values | None = None
    refractory: Values = 0
    noise: Noise | None = None

    def __post_init__(self) -> None:
        _check_firing(self)
        object.__setattr__(self, "decay", _decay(self.decay, "LIF.decay"))


@dataclass(frozen=True, eq=False)
class CubaLIF(Description):
    """Leaky integrate and fire with a synaptic current of its own time constant.

    ``I <- alpha I + x``; ``v <- lambda v + b + g I``; ``s = [v >= theta]``; reset. Arrivals,
    and the currents of analog inputs, enter I; the bias b enters v. In refractory ticks v is
    held, while I goes on. Tick 0 starts from ``I = 0``.

    Args:
        synaptic_decay: alpha in [0, 1).
        decay: lambda in [0, 1].
        gain: g, what a unit of I adds to v in a tick.
        threshold, reset, v0, refractory: as for `IF`.
    """

    synaptic_decay: Values
    decay: Values
    gain: Values = 1.0
    threshold: Values = 1.0
    reset: Reset = field(default_factory=Subtract)
    v0: Values = 0.0
    refractory: Values = 0

    def __post_init__(self) -> None:
        _check_firing(self)
        object.__setattr__(self, "decay", _decay(self.decay, "CubaLIF.decay"))
        synaptic = _decay(self.synaptic_decay, "CubaLIF.synaptic_decay")
        if np.any(synaptic == 1):
            raise NetworkError(
                "CubaLIF.synaptic_decay: expected values below 1; a current that never decays "
                "is a Relay with itself, or an integral: use LIF"
            )
        object.__setattr__(self, "synaptic_decay", synaptic)
        object.__setattr__(self, "gain", frozen_array(self.gain, "CubaLIF.gain"))


@dataclass(frozen=True, eq=False)
class Burst(Description):
    """Several spikes in one tick, as an integer amplitude.

    ``v <- v + b + x``; ``s = clip(floor(v / theta), 0, max_spikes)``; ``v <- v - s theta``.
    The amplitude ``s`` is an integer and counts as that many spikes.

    Args:
        threshold: theta > 0; a number or an array that broadcasts to the layer's shape.
        max_spikes: gamma >= 1, most spikes of one tick.
        v0: the potential before tick 0.
    """

    threshold: Values = 1.0
    max_spikes: int = 2
    v0: Values = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", positive_array(self.threshold, "Burst.threshold"))
        object.__setattr__(self, "v0", frozen_array(self.v0, "Burst.v0"))
        object.__setattr__(self, "max_spikes", _positive_count(self.max_spikes, "Burst.max_spikes"))


@dataclass(frozen=True, eq=False)
class Signed(Description):
    """Takes spikes back that it gave too early.

    ``v <- v + b + x``; ``s = +1`` if ``v >= theta``, else ``-1`` if ``v < -negative`` and
    ``n > 0``; ``v <- v - s theta``; ``n <- n + s``.
    ``n`` starts at 0, so the neuron never takes back more than it gave. The answer to
    currents that are negative for a while (the deviation error of converted networks).

    With ``max_spikes`` gamma above 1 a tick may hold several spikes of one sign, as an integer
    amplitude: ``s = +k`` for the largest ``k <= gamma`` with ``v >= k theta``, or ``s = -k``
    for the largest ``k <= min(gamma, n)`` with ``v < -negative - (k - 1) theta``, as if the
    rule for one spike were applied again and again.

    Args:
        threshold: theta > 0; a number or an array that broadcasts to the layer's shape.
        negative: >= 0; how far below 0 takes a spike back (strictly below).
        v0: the potential before tick 0.
        max_spikes: gamma >= 1, most spikes of one tick.
    """

    threshold: Values = 1.0
    negative: Values = 0.0
    v0: Values = 0.0
    max_spikes: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", positive_array(self.threshold, "Signed.threshold"))
        object.__setattr__(self, "v0", frozen_array(self.v0, "Signed.v0"))
        negative = frozen_array(self.negative, "Signed.negative")
        if np.any(negative < 0):
            raise NetworkError(
                f"Signed.negative: expected values >= 0, found {float(negative.min()):g}"
            )
        object.__setattr__(self, "negative", negative)
        object.__setattr__(
            self, "max_spikes", _positive_count(self.max_spikes, "Signed.max_spikes")
        )


@dataclass(frozen=True, eq=False)
class LI(Description):
    """Read-out without threshold: ``v <- lambda v + b + x``; never fires.

    Args:
        v0: the potential before tick 0.
        decay: lambda in [0, 1]; 1 adds up, less than 1 is a leaky integrator (LI), 0 shows
            the sum of the last tick.
    """

    v0: Values = 0.0
    decay: Values = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "v0", frozen_array(self.v0, "LI.v0"))
        object.__setattr__(self, "decay", _decay(self.decay, "LI.decay"))


def _positive_count(value: int, what: str) -> int:
    if not isinstance(value, int | np.integer) or value < 1:
        raise NetworkError(f"{what}: expected an int >= 1, found {value!r}")
    return int(value)


def _decay(values: Values, what: str) -> NDArray[np.float64]:
    array = frozen_array(values, what)
    if not np.all((array >= 0) & (array <= 1)):
        raise NetworkError(
            f"{what}: expected values in [0, 1], found {float(array.min()):g}.."
            f"{float(array.max()):g}; a time constant tau gives exp(-dt / tau)"
        )
    return array


def _check_firing(neuron: IF | LIF | CubaLIF) -> None:
    """Check and freeze the parameters that IF, LIF and CubaLIF share."""
    name = type(neuron).__name__
    object.__setattr__(neuron, "threshold", positive_array(neuron.threshold, f"{name}.threshold"))
    object.__setattr__(neuron, "v0", frozen_array(neuron.v0, f"{name}.v0"))
    refractory = frozen_array(neuron.refractory, f"{name}.refractory")
    if np.any(refractory < 0) or np.any(refractory != np.floor(refractory)):
        raise NetworkError(
            f"{name}.refractory: expected whole ticks >= 0, found {neuron.refractory!r}"
        )
    object.__setattr__(neuron, "refractory", refractory)
    if not isinstance(neuron.reset, Subtract | ToValue | NoReset):
        raise NetworkError(
            f"{name}.reset: expected Subtract(), ToValue(v) or NoReset(), found {neuron.reset!r}"
        )
    if isinstance(neuron, CubaLIF):
        return
    if neuron.v_min is not None:
        object.__setattr__(neuron, "v_min", frozen_array(neuron.v_min, f"{name}.v_min"))
    if neuron.noise is not None and not isinstance(neuron.noise, Noise):
        raise NetworkError(f"{name}.noise: expected Noise(...) or None, found {neuron.noise!r}")


@dataclass(frozen=True, eq=False)
class Relay(Description):
    """Stateless: emits ``s = b + x``, the sum of this tick, as a graded amplitude.

    Carries currents along a trunk without quantizing them again. Its outgoing synaptic
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


#: Never fire; the network's answer is their potential.
ReadOut = LI | PhaseAccumulator

#: Max pooling of spikes: windows instead of weights, no threshold.
Maximum = RunningMaximum | PhaseMaximum

Neuron = (
    IF
    | LIF
    | CubaLIF
    | Burst
    | Signed
    | LI
    | Relay
    | RunningMaximum
    | Bistable
    | Synchronous
    | PhaseAccumulator
    | PhaseIF
    | PhaseMaximum
)
