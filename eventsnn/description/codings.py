"""How a network is fed: what becomes of an array that a user hands to an input.

A network was made for one way of feeding it; each of these says which. `eventsnn.simulate`,
`eventsnn.evaluate` and all that build on them obey it: an array in the units of the source
network is coded as the input says. What is coded already, `eventsnn.Spikes` or
`eventsnn.Currents`, is checked and goes in as it is.

`Coding` is a closed union, see `eventsnn.description.neurons`.
"""

from __future__ import annotations

import numpy as np

from eventsnn.description.base import Description, Values, described
from eventsnn.description.fields import count, number, potential
from eventsnn.description.word_neurons import MOST_PHASES
from eventsnn.errors import NetworkError

__all__ = ["Analog", "Coding", "Events", "Integers", "Words"]


@described
class Analog(Description):
    """A constant current: the array reaches the first synapses in every tick, ``x(t) = x``.

    Args:
        low, high: the range of the images that the network was made with, where known; data of
            another scale then draw an `eventsnn.ScaleWarning`.
    """

    low: float | None = number(default=None)
    high: float | None = number(default=None)

    def _check(self) -> None:
        if (self.low is None) != (self.high is None):
            raise NetworkError("Analog: give both low and high, or neither")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise NetworkError(f"Analog: expected low <= high, found {self.low:g} > {self.high:g}")


@described
class Words(Description):
    """Phase words of K bits: ``u = (x - low) / width`` of [0, 1) as spikes worth ``2^-(1+k)``.

    ``u`` is rounded to the nearest word, values outside [0, 1) to the first or last one. The
    word is told in the cycles 0, 2, 4, ..., ``readings`` times; see `eventsnn.phase_coded`.

    Args:
        phases: K, bits of a word, 1 to 16.
        low: what the word 0 stands for; one number or one per channel.
        width: > 0, of the range that the words divide; as ``low``.
        readings: >= 1, how often an image is told.
    """

    phases: int = count(most=MOST_PHASES)
    low: Values = potential(default=0.0)
    width: Values = potential(default=1.0, positive=True)
    readings: int = count(default=1)

    def _check(self) -> None:
        for what in ("low", "width"):
            if np.ndim(getattr(self, what)) > 1:
                raise NetworkError(
                    f"Words.{what}: expected one number or one per channel, found shape "
                    f"{np.shape(getattr(self, what))}"
                )


@described
class Integers(Description):
    """A constant current in whole steps: ``round(x / step)``, at most ``2^(bits-1) - 1``.

    Values beyond that are refused, never clipped: the network was proven for this range.

    Args:
        step: > 0, what an integer of 1 stands for.
        bits: 2 to 16, sign included.
    """

    step: float = number(positive=True)
    bits: int = count(least=2, most=16)

    @property
    def largest(self) -> int:
        """The largest magnitude of an integer."""
        return int(2 ** (self.bits - 1) - 1)


@described
class Events(Description):
    """Spikes with times; an array is no input.

    Args:
        tick: seconds that a tick stands for, > 0; None where ticks are steps without a length.
        most_spikes: the largest magnitude of the whole amplitudes that a neuron may receive in
            one tick; None for any amplitude.
    """

    tick: float | None = number(default=None, positive=True)
    most_spikes: int | None = count(default=None)


#: What an input may say of itself.
Coding = Analog | Words | Integers | Events
