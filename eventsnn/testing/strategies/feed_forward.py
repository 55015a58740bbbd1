"""Plain feed-forward networks, of the kinds that another simulator knows."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from eventsnn.description.base import Shape
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.neurons import Neuron
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    SumPool2d,
    Synapse,
    output_shape,
)
from eventsnn.testing.strategies.numbers import Draw, dyadic, weights
from eventsnn.testing.strategies.synapses import pool_windows

__all__ = ["feed_forward_networks"]

Kind = type[Conv2d] | type[AvgPool2d] | type[SumPool2d]


@st.composite
def feed_forward_networks(
    draw: Draw,
    *,
    neurons: st.SearchStrategy[Neuron],
    synapses: Sequence[Kind] = (Conv2d,),
    biases: bool = False,
    max_layers: int = 3,
) -> Network:
    """One layer behind the other, no delays, no joins: what nearly every simulator has.

    The layers that read an image go through one of ``synapses``, those that read a vector, and
    the last one, through `Linear`. Weights are quarters from -1/4 to 1, so that sums are exact.
    Shrinks towards one neuron behind one input.

    Args:
        neurons: models with parameters that fit any shape; a strategy such as
            ``st.builds(LIF, st.sampled_from([0.5, 0.75]))``.
        synapses: of images; none for vectors only.
        biases: draw a bias for each layer too, eighths from -2/8 to 4/8.
        max_layers: at most so many.
    """
    shape: Shape = (draw(st.integers(1, 3)),)
    if bool(synapses) and draw(st.booleans()):
        shape = (draw(st.integers(1, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    node = Input("input", shape)
    source, found = node.name, list[Layer]()
    for i in range(max_layers):
        layer = draw(_next_layers(f"layer{i}", source, shape, neurons, synapses, biases=biases))
        if layer is None:
            break
        found.append(layer)
        source, shape = layer.name, layer.shape
    return Network((node,), tuple(found))


@st.composite
def _next_layers(
    draw: Draw,
    name: str,
    source: str,
    shape: Shape,
    neurons: st.SearchStrategy[Neuron],
    synapses: Sequence[Kind],
    *,
    biases: bool,
) -> Layer | None:
    """A layer, or the end of the network: one draw, which shrinking can take out alone."""
    if source != "input" and draw(st.integers(0, 3)) == 0:
        return None
    chain = _chain(draw, shape, synapses)
    for synapse in chain:
        shape = output_shape(synapse, shape)
    bias = dyadic(draw, (), -2, 4, 3) if biases else 0.0
    return Layer(name, shape, draw(neurons), (Link(source, chain),), bias)


def _chain(draw: Draw, shape: Shape, synapses: Sequence[Kind]) -> tuple[Synapse, ...]:
    if len(shape) == 1:
        return (_dense(draw, shape[0]),)
    if not draw(st.booleans()):
        return (Flatten(), _dense(draw, shape[0] * shape[1] * shape[2]))
    kind = draw(st.sampled_from(list(synapses)))
    if kind is Conv2d:
        kernel = tuple(draw(st.integers(1, min(3, side))) for side in shape[1:])
        weight = weights(draw, (draw(st.integers(1, 2)), shape[0], *kernel))
        return (Conv2d(weight, draw(st.integers(1, 2)), draw(st.integers(0, 1))),)
    assert issubclass(kind, AvgPool2d | SumPool2d)
    return (kind(*pool_windows(draw, shape)),)


def _dense(draw: Draw, sources: int) -> Linear:
    return Linear(weights(draw, (draw(st.integers(1, 3)), sources)))
