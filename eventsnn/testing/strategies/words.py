"""Random neurons that speak in phase words, anywhere in a network: losses are allowed.

Networks in which nothing is lost come from conversions, see ``converters.testing``.
"""

from __future__ import annotations

from hypothesis import strategies as st

from eventsnn.description.base import Shape
from eventsnn.description.link import Link
from eventsnn.description.network import Layer, maximum_window
from eventsnn.description.neurons import (
    Bistable,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Synchronous,
)
from eventsnn.description.synapses import output_shape
from eventsnn.testing.strategies.numbers import Draw, broadcast_shapes, dyadic
from eventsnn.testing.strategies.synapses import pool_windows

__all__ = ["layers_of_words", "phase_accumulators", "phase_neurons"]

_READINGS = st.sampled_from([None, None, 1, 2])


@st.composite
def phase_neurons(draw: Draw, shape: Shape) -> Bistable | PhaseIF:
    """A `Bistable` of any early stage, or a `PhaseIF`."""
    threshold = dyadic(draw, draw(broadcast_shapes(shape)), 1, 2, 2)
    phases = draw(st.sampled_from([1, 1, 2, 3]))
    if draw(st.integers(0, 3)) == 0:
        return PhaseIF(phases, threshold)
    return Bistable(
        draw(st.sampled_from([1, 1, 1, 2])),
        phases,
        threshold,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(_READINGS),
        allow_loss=True,
    )


def phase_accumulators() -> st.SearchStrategy[PhaseAccumulator]:
    """Read-outs of early stages."""
    return st.builds(
        PhaseAccumulator,
        st.integers(1, 3),
        st.integers(1, 3),
        st.booleans(),
        _READINGS,
        allow_loss=st.just(True),
    )


@st.composite
def layers_of_words(draw: Draw, name: str, source: Layer) -> Layer:
    """Max pooling, or one more cycle, of a `Bistable` layer."""
    assert isinstance(source.neuron, Bistable)
    phases = source.neuron.phases
    if len(source.shape) == 3 and draw(st.integers(0, 2)) > 0:
        neuron = PhaseMaximum(phases, *pool_windows(draw, source.shape))
        target = output_shape(maximum_window(neuron), source.shape)
        return Layer(name, target, neuron, (Link(source.name),))
    relay = Synchronous(source.neuron.stage + 1, phases)
    return Layer(name, source.shape, relay, (Link(source.name),))
