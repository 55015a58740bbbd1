"""Layers and networks of every neuron and synapse kind, with joins, delays and cycles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from hypothesis import strategies as st

from eventsnn.description.base import Shape
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network, maximum_window
from eventsnn.description.neurons import (
    LI,
    Bistable,
    Maximum,
    Neuron,
    Relay,
    RunningMaximum,
    Synchronous,
)
from eventsnn.description.synapses import Synapse, chain_shape, output_shape
from eventsnn.testing.strategies.delays import delays
from eventsnn.testing.strategies.neurons import decays, neurons
from eventsnn.testing.strategies.numbers import Draw, broadcast_shapes, dyadic, image_shapes
from eventsnn.testing.strategies.synapses import chains, chains_between, pool_windows
from eventsnn.testing.strategies.words import layers_of_words, phase_accumulators

__all__ = ["LayerKind", "layers", "networks"]

Chain = tuple[Synapse, ...]
LayerKind = Literal["firing", "relay", "accumulator", "maximum"]
_KINDS: tuple[LayerKind, ...] = ("firing", "relay", "firing", "accumulator", "maximum")
#: As many, so that shrinking may take out any layer and those behind it mean the same.
_FIRING: tuple[LayerKind, ...] = _KINDS[:1] * len(_KINDS)


@st.composite
def networks(
    draw: Draw,
    *,
    max_inputs: int = 2,
    max_layers: int = 5,
    max_side: int = 4,
    max_channels: int = 3,
    max_delay: int = 3,
) -> Network:
    """Networks of every neuron and synapse kind, with joins, delays and delayed cycles."""
    inputs = []
    for i in range(draw(st.integers(1, max_inputs))):
        images = image_shapes(max_side, max_channels)
        shape = draw(st.one_of(images, images, st.tuples(st.integers(1, 6))))
        inputs.append(Input(f"input{i}", shape))
    shapes = {node.name: node.shape for node in inputs}
    found: list[Layer] = []
    for i in range(max_layers):
        if i > 0 and draw(_endings(i)):
            break
        # two firing layers at least, so that one can drive another
        kind = draw(st.sampled_from(_FIRING if i in (0, 2) else _KINDS))
        words = [layer for layer in found if isinstance(layer.neuron, Bistable)]
        if bool(words) and draw(st.integers(0, 2)) == 2:
            layer = draw(layers_of_words(f"layer{i}", words[-1]))
        else:
            layer = draw(layers(f"layer{i}", shapes, kind=kind, max_delay=max_delay))
        found.append(layer)
        shapes[layer.name] = layer.shape
    found = [_with_feedback(draw, layer, shapes, max_delay) for layer in found]
    return Network(tuple(inputs), tuple(found))


@st.composite
def _endings(draw: Draw, layers: int) -> bool:
    """Whether a network ends after so many layers: mostly three or more, some driving others.

    Asked before each layer, not how many beforehand: so shrinking can take out any of them
    alone. Three times, as hypothesis likes to draw the simplest number; always all of them,
    so that each can be lowered by itself.
    """
    if layers < 3:
        return sum(draw(st.integers(0, 99)) for _ in range(3)) == 0
    return draw(st.integers(0, 3)) == 0


@st.composite
def layers(
    draw: Draw,
    name: str,
    shapes: Mapping[str, Shape],
    *,
    kind: LayerKind | None = None,
    max_delay: int = 3,
) -> Layer:
    """A layer that is fed by some of the inputs and layers whose ``shapes`` are given.

    A kind of None is any; running maxima need an image, and become firing layers without.
    """
    wanted: LayerKind = draw(st.sampled_from(_KINDS)) if kind is None else kind
    # the newest node, mostly: deep networks are harder than wide ones
    source = draw(st.one_of(st.just(list(shapes)[-1]), st.sampled_from(list(shapes))))
    if wanted == "maximum" and len(shapes[source]) == 3:
        return _maximum(draw, name, source, shapes[source], max_delay)
    first = draw(_links(source, shapes, draw(chains(shapes[source])), max_delay))
    shape = chain_shape(first.chain, shapes[source])
    links = [first]
    for _ in range(draw(st.integers(0, 2))):
        other = draw(st.sampled_from(list(shapes)))
        chain = draw(chains_between(shapes[other], shape))
        if chain is not None:
            links.append(draw(_links(other, shapes, chain, max_delay)))
    bias: Any = 0.0
    if draw(st.booleans()):
        # a third of them lean to the negative: floors and leaks must hold over silent ticks
        low, high = draw(st.sampled_from([(-2, 4), (-2, 4), (-6, 1)]))
        bias = dyadic(draw, draw(broadcast_shapes(shape)), low, high, 3)
    return Layer(name, shape, _neuron(draw, wanted, shape), tuple(links), bias)


@st.composite
def _links(
    draw: Draw, source: str, shapes: Mapping[str, Shape], chain: Chain, max_delay: int
) -> Link:
    return Link(source, chain, draw(delays(chain, shapes[source], max_delay=max_delay)))


def _neuron(draw: Draw, kind: LayerKind, shape: Shape) -> Neuron:
    if kind == "relay":
        return Relay()
    if kind == "accumulator":
        if draw(st.booleans()):
            return draw(phase_accumulators())
        decay = draw(decays(shape)) if draw(st.booleans()) else 1.0
        return LI(dyadic(draw, draw(broadcast_shapes(shape)), -2, 2, 2), decay)
    return draw(neurons(shape))


def _maximum(draw: Draw, name: str, source: str, shape: Shape, max_delay: int) -> Layer:
    neuron = RunningMaximum(*pool_windows(draw, shape))
    target = output_shape(maximum_window(neuron), shape)
    delay = draw(delays((), shape, max_delay=max_delay))
    return Layer(name, target, neuron, (Link(source, delay=delay),))


def _with_feedback(draw: Draw, layer: Layer, shapes: Mapping[str, Shape], longest: int) -> Layer:
    """Perhaps one more, delayed link from any layer; firing layers only, see `exact_bits`."""
    if isinstance(layer.neuron, Relay | Maximum | Synchronous) or not draw(st.booleans()):
        return layer
    source = draw(st.sampled_from([name for name in shapes if name.startswith("layer")]))
    chain = draw(chains_between(shapes[source], layer.shape))
    if chain is None:
        return layer
    delay = draw(delays(chain, shapes[source], min_delay=1, max_delay=longest))
    return replace(layer, links=(*layer.links, Link(source, chain, delay)))
