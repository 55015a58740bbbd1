"""Neurons that speak in phase words: K spikes at most stand for one number of K bits.

A **cycle** is K ticks; tick t lies in cycle ``c = t // K`` at phase ``k = t % K``. A spike at
phase k is worth ``2^-(1+k)``, the most significant bit first, so a cycle spells a number of
``[0, 1 - 2^-K]``. In units of its threshold theta that is what a neuron tells in a cycle.

`Bistable`, `Synchronous` and `PhaseAccumulator` listen in every second cycle only, those of
odd **stages** while those of even stages speak. A reconstruction after Li, Zhao and Zeng,
Frontiers in Neuroscience 16:991851 (2022); ``docs/methods/bsnn.md`` says what is theirs.
"""

from __future__ import annotations

import numpy as np

from eventsnn.description.base import Description, Pair, Values, described
from eventsnn.description.fields import count, flag, pixels, potential
from eventsnn.errors import NetworkError

__all__ = ["Bistable", "PhaseAccumulator", "PhaseIF", "PhaseMaximum", "Synchronous"]

#: Words are exact in float32, with 23 bits, and their sums still have some room.
MOST_PHASES = 16


@described
class Bistable(Description):
    """Listens for one cycle, then spells what it heard, then listens again.

    With ``c = t // K`` and ``k = t % K``; the layer listens in the cycles ``stage - 1``,
    ``stage + 1``, ... and speaks in the cycles ``stage``, ``stage + 2``, ..., from v = 0 on::

        listening : v <- v + x; at k = K - 1 also v <- v + b
        speaking  : s = [v >= theta (2^-(1+k) - h)]; v <- v - theta 2^-(1+k) s; emits 2^-(1+k) s
                    after k = K - 1 v <- 0, unless ``carry``

    with ``h = 2^-(1+K)`` for ``rounding``, else 0. So a reading is the word
    ``clip(floor(2^K (v / theta + h)), 0, 2^K - 1)``. ``b`` is the bias plus the analog current
    of that tick: once per cycle, unlike in other models. Arrivals in any other cycle are lost;
    their synaptic operations count.

    Args:
        stage: l >= 1, the number of bistable layers on every path to this one, itself
            included; a delay of K ticks counts as one. Paths of unequal length are refused.
        phases: K, bits of a word, 1 to 16.
        threshold: theta > 0, what the word's one stands for; a number or an array that
            broadcasts to the layer's shape.
        carry: keep what the word could not tell for the next reading.
        rounding: to the nearest word instead of the one below.
        readings: after so many words the layer does nothing any more; None for no end.
        allow_loss: accept links whose spikes arrive, or may arrive, while nobody listens.
    """

    stage: int = count()
    phases: int = count(most=MOST_PHASES)
    threshold: Values = potential(default=1.0, positive=True)
    carry: bool = flag(default=False)
    rounding: bool = flag(default=False)
    readings: int | None = count(default=None)
    allow_loss: bool = flag(default=False)


@described
class Synchronous(Bistable):
    """Says again, one cycle later, what it heard: the identity, for paths that are too short.

    A `Bistable` layer with threshold 1 and one link with an empty chain; the same spikes as
    a link delay of K ticks.
    """

    def _check(self) -> None:
        if np.any(np.asarray(self.threshold) != 1) or self.carry or self.rounding:
            raise NetworkError(
                "Synchronous: threshold, carry and rounding are fixed, because it says what it "
                "heard; use Bistable for anything else"
            )


@described
class PhaseAccumulator(Description):
    """Read-out of bistable layers: listens as a `Bistable` of its stage, never speaks.

    ``v <- v + x`` while listening, ``v <- v + b`` once at the last phase. The reading stands in
    ``v`` after ``stage K`` ticks, and a new one every ``2 K`` ticks. v is set to 0 when the
    next reading begins; with ``carry`` never, so that readings add up.

    Args:
        stage, phases, readings, allow_loss: as for `Bistable`; ``stage`` counts this layer.
        carry: add the readings up.
    """

    stage: int = count()
    phases: int = count(most=MOST_PHASES)
    carry: bool = flag(default=False)
    readings: int | None = count(default=None)
    allow_loss: bool = flag(default=False)


@described
class PhaseMaximum(Description):
    """Max pooling of phase words, bit by bit, without delay and without threshold.

    At phase 0 all inputs of a window are alive. At each phase the window spikes if an alive
    input does; then only those that spiked stay alive. So its word is the largest of its
    inputs' words. The layer has one link, with an empty chain, from a source that speaks in
    words of as many phases. Windows may overlap, padding never wins.

    Args:
        phases: K of the source.
        kernel_size, stride, padding: rows and columns, as in ``torch.nn.MaxPool2d``.
    """

    phases: int = count(most=MOST_PHASES)
    kernel_size: int | Pair = pixels(least=1)
    stride: int | Pair | None = pixels(default=None, least=1)
    padding: int | Pair = pixels(default=(0, 0))

    def _check(self) -> None:
        if self.stride is None:
            object.__setattr__(self, "stride", self.kernel_size)


@described
class PhaseIF(Description):
    """Ordinary phase coding: all layers listen and speak at once, in every tick.

    ``v <- v + b + x``; ``s = [v >= theta 2^-(1+k)]``; ``v <- v - theta 2^-(1+k) s``; emits
    ``2^-(1+k) s`` (Kim, Kim, Huh, Lee and Choi, Neurocomputing 311:373-386, 2018). A bit that
    comes late is told at a phase that is worth less: the loss that `Bistable` removes.

    Args:
        phases: K >= 1, the period of the weights.
        threshold: theta > 0; a number or an array that broadcasts to the layer's shape.
    """

    phases: int = count(most=MOST_PHASES)
    threshold: Values = potential(default=1.0, positive=True)
