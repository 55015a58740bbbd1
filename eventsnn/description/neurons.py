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

import numpy as np

from eventsnn.description.base import Description, Pair, Values, described
from eventsnn.description.fields import count, decay_factor, part, pixels, potential, ratio, ticks
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


_RESETS = "Subtract(), ToValue(v) or NoReset()"
_NOISE = "Noise(...) or None"


@described
class Subtract(Description):
    """Soft reset: ``v <- v - amount``; ``None`` subtracts the threshold.

    ``amount`` above the threshold makes a neuron that fires early (threshold
    ``alpha theta``, amount ``theta``): the same train as ``v0 = (1 - alpha) theta``.
    """

    amount: Values | None = potential(default=None)


@described
class ToValue(Description):
    """Hard reset: ``v <- value``."""

    value: Values = potential(default=0.0)


@described
class NoReset(Description):
    """The potential is left as it is: the neuron fires in every tick with ``v >= theta``."""


Reset = Subtract | ToValue | NoReset


@described
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

    standard_deviation: Values = potential(least=0)
    mean: Values = potential(default=0.0)


@described
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

    threshold: Values = potential(default=1.0, positive=True)
    reset: Reset = part(default_factory=Subtract, expected=_RESETS)
    v0: Values = potential(default=0.0)
    v_min: Values | None = potential(default=None)
    refractory: Values = ticks(default=0)
    noise: Noise | None = part(default=None, expected=_NOISE)
    v_max: Values | None = potential(default=None)

    def _check(self) -> None:
        _check_parts(self)


@described
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

    decay: Values = decay_factor()
    threshold: Values = potential(default=1.0, positive=True)
    reset: Reset = part(default_factory=Subtract, expected=_RESETS)
    v0: Values = potential(default=0.0)
    v_min: Values | None = potential(default=None)
    refractory: Values = ticks(default=0)
    noise: Noise | None = part(default=None, expected=_NOISE)

    def _check(self) -> None:
        _check_parts(self)


@described
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

    synaptic_decay: Values = decay_factor()
    decay: Values = decay_factor()
    gain: Values = ratio(default=1.0)
    threshold: Values = potential(default=1.0, positive=True)
    reset: Reset = part(default_factory=Subtract, expected=_RESETS)
    v0: Values = potential(default=0.0)
    refractory: Values = ticks(default=0)

    def _check(self) -> None:
        _check_parts(self)
        if np.any(np.asarray(self.synaptic_decay) == 1):
            raise NetworkError(
                "CubaLIF.synaptic_decay: expected values below 1; a current that never decays "
                "is a Relay with itself, or an integral: use LIF"
            )


@described
class Burst(Description):
    """Several spikes in one tick, as an integer amplitude.

    ``v <- v + b + x``; ``s = clip(floor(v / theta), 0, max_spikes)``; ``v <- v - s theta``.
    The amplitude ``s`` is an integer and counts as that many spikes.

    Args:
        threshold: theta > 0; a number or an array that broadcasts to the layer's shape.
        max_spikes: gamma >= 1, most spikes of one tick.
        v0: the potential before tick 0.
    """

    threshold: Values = potential(default=1.0, positive=True)
    max_spikes: int = count(default=2)
    v0: Values = potential(default=0.0)


@described
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

    threshold: Values = potential(default=1.0, positive=True)
    negative: Values = potential(default=0.0, least=0)
    v0: Values = potential(default=0.0)
    max_spikes: int = count(default=1)


@described
class LI(Description):
    """Read-out without threshold: ``v <- lambda v + b + x``; never fires.

    Args:
        v0: the potential before tick 0.
        decay: lambda in [0, 1]; 1 adds up, less than 1 is a leaky integrator (LI), 0 shows
            the sum of the last tick.
    """

    v0: Values = potential(default=0.0)
    decay: Values = decay_factor(default=1.0)


@described
class Relay(Description):
    """Stateless: emits ``s = b + x``, the sum of this tick, as a graded amplitude.

    Carries currents along a trunk without quantizing them again. Its outgoing synaptic
    operations are multiplications. Its recorded potential is always 0.
    """


@described
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

    kernel_size: int | Pair = pixels(least=1)
    stride: int | Pair | None = pixels(default=None, least=1)
    padding: int | Pair = pixels(default=(0, 0))

    def _check(self) -> None:
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


def _check_parts(neuron: IF | LIF | CubaLIF) -> None:
    """Resets and noise that are none."""
    name = type(neuron).__name__
    if not isinstance(neuron.reset, Reset):
        raise NetworkError(f"{name}.reset: expected {_RESETS}, found {neuron.reset!r}")
    if isinstance(neuron, CubaLIF):
        return
    if neuron.noise is not None and not isinstance(neuron.noise, Noise):
        raise NetworkError(f"{name}.noise: expected {_NOISE}, found {neuron.noise!r}")
