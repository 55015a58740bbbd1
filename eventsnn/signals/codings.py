"""Arrays, coded as an input says: `eventsnn.description.codings` put to work."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.codings import Analog, Events, Integers, Words
from eventsnn.description.network import Input
from eventsnn.errors import InputError, ScaleWarning
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes
from eventsnn.signals.words import phase_coded

__all__ = ["check_words", "code", "settled_value", "warn_of_another_scale"]

#: How far beyond the known range, in halves of it, data are of another scale: bytes where
#: floats of 0..1 were, never a bright image.
_FAR_BEYOND = 4.0
#: Smaller than this share of the known range is another scale too: floats where bytes were.
_FAR_WITHIN = 1 / 16
#: So many images fill their range; fewer may be dark ones.
_MANY = 8
#: Many images that leave so much of the range empty at an end have another one.
_EMPTY_END = 0.4


def code(node: Input, values: NDArray[np.float64], begin: int = 0) -> Spikes | Currents:
    """One sample, an array of the input's shape, as what flows into the network.

    Args:
        node: the input; its coding says how.
        values: in the units of the source network.
        begin: tick from which it flows.

    Raises:
        InputError: what the coding cannot tell: values beyond a proven range, an array for an
            input of events, words that begin within a cycle.
    """
    where = f"input `{node.name}`"
    match node.coding:
        case Analog():
            return Currents((begin,), values[None])
        case Integers() as integers:
            return Currents((begin,), _whole(where, integers, values)[None])
        case Words() as words:
            if begin % (2 * words.phases):
                raise InputError(
                    f"{where}: words of {words.phases} phases begin at multiples of "
                    f"{2 * words.phases} ticks, found tick {begin}"
                )
            each = (-1, *(1,) * (values.ndim - 1))
            low, width = (np.reshape(v, each) for v in (words.low, words.width))
            u = np.repeat(((values - low) / width)[None], words.readings, axis=0)
            spikes = phase_coded(u, words.phases, rounding=True)
            return Spikes(spikes.shape, spikes.tick + begin, spikes.index, spikes.amplitude)
        case Events():
            raise InputError(
                f"{where} takes events, found an array of shape {values.shape}; give Spikes: "
                f"Spikes.from_dense(train) of an array (ticks, *shape), or "
                f"Spikes(shape, tick, index)"
            )
        case _:
            assert_never(node.coding)


def settled_value(node: Input, value: Spikes | Currents) -> Spikes | Currents:
    """Spikes and changing currents as what flows into the network.

    Spikes are coded already, and checked; currents are images that change, coded value by value.

    Raises:
        InputError: says what the input takes and what was found.
    """
    where = f"input `{node.name}`"
    match node.coding:
        case Analog():
            return value
        case Words(phases=phases):
            if isinstance(value, Currents):
                raise InputError(
                    f"{where} takes words of {phases} phases, found Currents; give the image as "
                    f"an array, or Spikes made by eventsnn.phase_coded"
                )
            check_words(node, value, phases)
            return value
        case Integers() as integers:
            if isinstance(value, Spikes):
                raise InputError(
                    f"{where}: the network was put into integers for analog values, found "
                    f"spikes; leave it out of quantize(..., analog=...)"
                )
            return Currents(value.start, _whole(where, integers, value.values))
        case Events(most_spikes=most):
            if isinstance(value, Currents):
                raise InputError(f"{where} takes events, found Currents; give Spikes")
            if most is not None:
                _check_amplitudes(where, value, most)
            return value
        case _:
            assert_never(node.coding)


def _whole(where: str, integers: Integers, values: NDArray[Any]) -> NDArray[np.float64]:
    """The nearest whole numbers of steps, within the proven range."""
    whole = np.rint(values / integers.step) + 0.0
    largest = float(np.abs(whole).max(initial=0))
    if largest > integers.largest:
        raise InputError(
            f"{where}: a value of magnitude {largest * integers.step:.4g}, the range that was "
            f"proven ends at {integers.largest * integers.step:.4g}; quantize again with the "
            f"larger range, or check the scale"
        )
    return np.asarray(whole)


def check_words(node: Input, spikes: Spikes, phases: int) -> None:
    """One spike per neuron and tick at most, of the amplitude of its phase.

    Raises:
        InputError: spikes that are no words.
    """
    places = spikes.tick * math.prod(spikes.shape) + spikes.index
    worth = np.ldexp(1.0, -1 - (spikes.tick % phases))
    if np.any(spikes.amplitude != worth) or np.any(np.diff(places) == 0):
        raise InputError(
            f"input `{node.name}`: its spikes must be words of {phases} phases, a spike in tick "
            f"t worth 2^-(1 + t % {phases}); eventsnn.phase_coded makes them"
        )


def _check_amplitudes(where: str, spikes: Spikes, most: int) -> None:
    if np.any(spikes.amplitude != np.rint(spikes.amplitude)):
        raise InputError(f"{where}: expected spikes with whole amplitudes")
    if not len(spikes):
        return
    at = np.stack([spikes.tick, spikes.index])
    _, which = np.unique(at, axis=1, return_inverse=True)
    found = int(np.bincount(which.ravel(), np.abs(spikes.amplitude)).max())
    if found > most:
        raise InputError(
            f"{where}: a neuron receives amplitudes of {found} in one tick, proven is {most}; "
            f"quantize again with most_spikes={found} (--most-spikes {found})"
        )


def warn_of_another_scale(node: Input, images: Sequence[Any] | NDArray[Any]) -> None:
    """Warn where images do not have the scale of those that the network was made with.

    A `ScaleWarning` names both ranges. One dark image says nothing; many that leave an end of
    the known range empty do.
    """
    coding = node.coding
    if not isinstance(coding, Analog) or coding.low is None or coding.high is None:
        return
    try:
        values = np.asarray(images, dtype=np.float64)
    except (TypeError, ValueError):
        return  # refused where it is coded
    if not values.size or not np.all(np.isfinite(values)):
        return
    low, high = float(values.min()), float(values.max())
    known = coding.high - coding.low
    middle = (coding.high + coding.low) / 2
    beyond = max(high - middle, middle - low) > _FAR_BEYOND * max(known, 1e-12) / 2
    within = 0 < high - low < _FAR_WITHIN * known
    many = values.ndim > len(node.shape) and len(values) >= _MANY
    negative = coding.low >= 0 and low < -_EMPTY_END * known
    emptied = many and (
        low > coding.low + _EMPTY_END * known or high < coding.high - _EMPTY_END * known
    )
    if beyond or within or negative or emptied:
        warnings.warn(
            f"input `{node.name}`: the values lie in {low:.4g}..{high:.4g}, those that the network "
            f"was made with in {coding.low:.4g}..{coding.high:.4g}: check the scale (pixels 0..255 "
            f"or 0..1) and the preprocessing of the data",
            ScaleWarning,
            stacklevel=4,
        )
