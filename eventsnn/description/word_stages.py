"""Which cycle phase words travel in: the stages of a network, and whether its paths agree.

What a layer of stage l says is heard by those of stage l + 1, and a delay of K ticks makes it
one stage older. Inputs are of stage 0. Relays and max pooling hand words on in the same tick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventsnn.description.neurons import (
    Bistable,
    Maximum,
    Neuron,
    PhaseAccumulator,
    PhaseMaximum,
    Relay,
)
from eventsnn.errors import NetworkError

__all__ = ["Arrival", "check_pipeline", "relayed_into_words"]


@dataclass(frozen=True)
class Arrival:
    """A link, as far as time matters: spikes of ``source`` arrive ``delay`` ticks later."""

    source: str
    delay: int


@dataclass(frozen=True)
class _Words:
    """How a node speaks: in the cycles ``stage``, ``stage + 2``, ..., K ticks each.

    ``phases`` is None for what comes from inputs alone, whose spikes nobody knows yet.
    """

    stage: int
    phases: int | None


#: Neurons and arrivals of all layers, by name.
_Graph = Mapping[str, tuple[Neuron, Sequence[Arrival]]]


def check_pipeline(layers: _Graph) -> None:
    """Refuse links whose spikes arrive while nobody listens, unless that is allowed.

    Links from an input without delay are left alone: a constant image has no arrival.

    Args:
        layers: neuron and arrivals of each layer, by name; other names are inputs.

    Raises:
        NetworkError: names the layer and the source, what was found and what to do.
    """
    spoken: dict[str, _Words | None] = {}
    for name, (neuron, arrivals) in layers.items():
        for arrival in arrivals:
            if isinstance(neuron, PhaseMaximum):
                _check_maximum(name, neuron, arrival, _spoken(layers, arrival.source, spoken))
            elif (
                isinstance(neuron, Bistable | PhaseAccumulator)
                and not neuron.allow_loss
                and (arrival.source in layers or arrival.delay)
            ):
                _check_stage(name, neuron, arrival, _spoken(layers, arrival.source, spoken))


def _check_maximum(name: str, neuron: PhaseMaximum, arrival: Arrival, words: _Words | None) -> None:
    """Arrivals must keep their phase, or the words would be others."""
    known = words is not None and words.phases in (None, neuron.phases)
    if not known or arrival.delay % neuron.phases:
        raise NetworkError(
            f"layer `{name}`: a PhaseMaximum of {neuron.phases} phases needs a source that "
            f"speaks in words of as many, over a delay of whole words; found "
            f"{_described(words, arrival)}"
        )


def _check_stage(
    name: str, neuron: Bistable | PhaseAccumulator, arrival: Arrival, words: _Words | None
) -> None:
    heard = None if words is None else _later(words, arrival.delay, neuron.phases)
    if heard is None or heard.stage != neuron.stage - 1:
        raise NetworkError(
            f"layer `{name}` of stage {neuron.stage} hears words of {neuron.phases} phases and "
            f"stage {neuron.stage - 1} only, found {_described(words, arrival)}; put Synchronous "
            f"layers on the shorter path (or a delay of {neuron.phases} ticks per stage), or set "
            f"allow_loss=True"
        )


def _described(words: _Words | None, arrival: Arrival) -> str:
    delay = f" over a delay of {arrival.delay} ticks" if arrival.delay else ""
    if words is None:
        return f"`{arrival.source}`{delay}, which may spike at any time"
    phases = "" if words.phases is None else f" of {words.phases} phases"
    return f"`{arrival.source}`{delay}, words{phases} of stage {words.stage}"


def _later(words: _Words, delay: int, phases: int) -> _Words | None:
    """Words after a delay, as a layer of ``phases`` hears them; None where they do not fit."""
    if words.phases not in (None, phases) or delay % phases:
        return None
    return _Words(words.stage + delay // phases, phases)


def _spoken(layers: _Graph, name: str, spoken: dict[str, _Words | None]) -> _Words | None:
    """How a node speaks; None for layers that may spike in any cycle, or on cycles of links.

    ``spoken`` keeps what was found.
    """
    if name not in spoken:
        spoken[name] = None  # for those that hear themselves
        spoken[name] = _found(layers, name, spoken)
    return spoken[name]


def _found(layers: _Graph, name: str, spoken: dict[str, _Words | None]) -> _Words | None:
    if name not in layers:
        return _Words(0, None)
    neuron, arrivals = layers[name]
    if isinstance(neuron, Bistable):
        return _Words(neuron.stage, neuron.phases)
    if not isinstance(neuron, Relay | Maximum):
        return None
    arrived = [(_spoken(layers, arrival.source, spoken), arrival.delay) for arrival in arrivals]
    known = [words.phases for words, _ in arrived if words is not None and words.phases]
    heard: _Words | None = None
    for spoke, delay in arrived:
        words = spoke
        if spoke is not None and known:
            words = _later(spoke, delay, known[0])
        elif delay:
            return None  # of how many phases, only a layer of words could tell
        if words is None or (heard is not None and words != heard):
            return None
        heard = words
    return heard


def relayed_into_words(layers: _Graph, source: str) -> str | None:
    """A layer of words that hears ``source`` through relays alone; None where there is none.

    A relay hands a constant image on in every tick, so a cycle would add it K times.
    """
    reached = {source}
    while True:
        more = {
            name
            for name, (neuron, arrivals) in layers.items()
            if isinstance(neuron, Relay) and any(a.source in reached for a in arrivals)
        }
        if more <= reached:
            break
        reached |= more
    for name, (neuron, arrivals) in layers.items():
        through = any(a.source in reached - {source} for a in arrivals)
        if isinstance(neuron, Bistable | PhaseAccumulator) and through:
            return name
    return None
