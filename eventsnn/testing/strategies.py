"""Random networks and inputs, drawn so that tests can demand equality.

All numbers are dyadic (multiples of a power of two), so that sums are exact within the
budget of `eventsnn.testing.exact_bits`. Weights lean to the positive and thresholds are
low, so that most drawn networks spike in several layers. Everything shrinks towards few
layers, one neuron and zero weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventsnn.description import Shape
from eventsnn.engine.plan import Precision
from eventsnn.network import Input, Layer, Link, Network, maximum_window
from eventsnn.neurons import (
    IF,
    LIF,
    Accumulator,
    Burst,
    Neuron,
    Noise,
    NoReset,
    Relay,
    Reset,
    RunningMaximum,
    Signed,
    Subtract,
    ToValue,
)
from eventsnn.spikes import Spikes
from eventsnn.synapses import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
    chain_shape,
    output_shape,
    window_count,
)
from eventsnn.testing.budget import exact_bits

__all__ = [
    "Case",
    "analog_inputs",
    "cases",
    "chains",
    "networks",
    "neurons",
    "spike_trains",
    "synapses",
]

Draw = st.DrawFn
_FLOAT32_BITS, _FLOAT64_BITS = 24, 53


@dataclass(frozen=True)
class Case:
    """A network, one sample, a run length within the exactness budget, a seed of the noise."""

    network: Network
    inputs: dict[str, Any]
    ticks: int
    precision: Precision
    seed: int = 0


def _dyadic(draw: Draw, shape: Shape, low: int, high: int, places: int) -> NDArray[np.float64]:
    """An array of multiples of 2^-places between low and high, in those units."""
    size = math.prod(shape)
    units = draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
    return np.ldexp(np.array(units, dtype=np.float64), -places).reshape(shape)


def _weights(draw: Draw, shape: Shape) -> NDArray[np.float64]:
    return _dyadic(draw, shape, -1, 4, 2)


def _broadcast_shapes(shape: Shape) -> st.SearchStrategy[Shape]:
    """A number, one value per channel, or one per neuron."""
    shapes: list[Shape] = [(), shape]
    if len(shape) == 3:
        shapes.insert(1, (shape[0], 1, 1))
    return st.sampled_from(shapes)


@st.composite
def _image_shapes(draw: Draw, max_side: int, max_channels: int) -> Shape:
    return (
        draw(st.integers(1, max_channels)),
        draw(st.integers(1, max_side)),
        draw(st.integers(1, max_side)),
    )


@st.composite
def neurons(draw: Draw, shape: Shape) -> Neuron:
    """A firing neuron model of any kind for a layer of ``shape``."""
    threshold = _dyadic(draw, draw(_broadcast_shapes(shape)), 1, 4, 2)
    v0 = _dyadic(draw, draw(_broadcast_shapes(shape)), -1, 6, 2)
    kind = draw(st.sampled_from(["if", "if", "lif", "signed", "burst"]))
    if kind == "signed":
        return Signed(threshold, _dyadic(draw, (), 0, 2, 2), v0)
    if kind == "burst":
        return Burst(threshold, draw(st.integers(1, 4)), v0)
    reset = draw(_resets(shape))
    v_min = _dyadic(draw, (), -4, 0, 2) if draw(st.booleans()) else None
    refractory = draw(st.sampled_from([0, 0, 1, 3]))
    noise = draw(_noises(shape)) if draw(st.integers(0, 3)) == 3 else None
    if kind == "lif":
        decay = draw(_decays(shape))
        return LIF(decay, threshold, reset, v0, v_min, refractory, noise)
    return IF(threshold, reset, v0, v_min, refractory, noise)


@st.composite
def _noises(draw: Draw, shape: Shape) -> Noise:
    deviation = _dyadic(draw, draw(_broadcast_shapes(shape)), 0, 4, 2)
    return Noise(deviation, _dyadic(draw, draw(_broadcast_shapes(shape)), -1, 2, 2))


@st.composite
def _decays(draw: Draw, shape: Shape) -> Any:
    """Quarters, whose powers and geometric sums are exact; 0 and 1 among them."""
    quarters = _dyadic(draw, draw(_broadcast_shapes(shape)), 0, 4, 2)
    return quarters if quarters.shape else float(quarters)


@st.composite
def _resets(draw: Draw, shape: Shape) -> Reset:
    kind = draw(st.sampled_from(["subtract", "amount", "value", "none"]))
    if kind == "subtract":
        return Subtract()
    if kind == "amount":
        return Subtract(_dyadic(draw, draw(_broadcast_shapes(shape)), 1, 6, 2))
    if kind == "value":
        return ToValue(_dyadic(draw, draw(_broadcast_shapes(shape)), -2, 2, 2))
    return NoReset()


@st.composite
def synapses(draw: Draw, shape: Shape, *, max_channels: int = 3) -> Synapse:
    """One synapse of any kind that fits a source of ``shape``."""
    if len(shape) == 1:
        kind = draw(st.sampled_from(["dense", "sparse", "scale", "flatten"]))
        if kind == "dense":
            return Dense(_weights(draw, (draw(st.integers(1, 4)), shape[0])))
        if kind == "sparse":
            return _sparse(draw, shape[0], draw(st.integers(1, 4)))
        if kind == "flatten":
            return Flatten()
    else:
        kind = draw(
            st.sampled_from(["conv", "conv", "avgpool", "sumpool", "subsample", "flatten", "scale"])
        )
        if kind == "conv":
            return _conv(draw, shape, max_channels)
        if kind in ("avgpool", "sumpool"):
            return _pool(draw, shape, kind)
        if kind == "subsample":
            stride = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
            return Subsample(stride, (draw(st.integers(0, 1)), draw(st.integers(0, 1))))
        if kind == "flatten":
            return Flatten()
    return Scale(_dyadic(draw, draw(_broadcast_shapes(shape)), 1, 4, 1))


def _sparse(draw: Draw, sources: int, targets: int) -> Sparse:
    weight = _weights(draw, (targets, sources))
    present = _dyadic(draw, (targets, sources), 0, 1, 0) > 0
    rows, columns = np.nonzero(present)
    return Sparse(sp.coo_array((weight[rows, columns], (rows, columns)), weight.shape))


def _conv(draw: Draw, shape: Shape, max_channels: int) -> Conv2d:
    channels = shape[0]
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
    c_out = groups * draw(st.integers(1, max(1, max_channels // groups)))
    axes = [_conv_axis(draw, size) for size in shape[1:]]
    kernel, stride, padding, dilation = zip(*axes, strict=True)
    weight = _weights(draw, (c_out, channels // groups, *kernel))
    return Conv2d(weight, stride, padding, dilation, groups)


def _conv_axis(draw: Draw, size: int) -> tuple[int, int, int, int]:
    """(kernel, stride, padding, dilation) that leave at least one window."""
    kernel = draw(st.integers(1, 3))
    stride, padding, dilation = (
        draw(st.integers(1, 3)),
        draw(st.integers(0, 2)),
        draw(st.integers(1, 3)),
    )
    if window_count(size, kernel, stride, padding, dilation) < 1:
        return 1, stride, 0, 1
    return kernel, stride, padding, dilation


def _pool(draw: Draw, shape: Shape, kind: str) -> AvgPool2d | SumPool2d:
    kernel, stride, padding = _pool_windows(draw, shape)
    if kind == "sumpool":
        return SumPool2d(kernel, stride, padding)
    return AvgPool2d(kernel, stride, padding)


def _pool_windows(
    draw: Draw, shape: Shape
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Kernel sides 1, 2 or 4: their mean is dyadic."""
    kernel = tuple(draw(st.sampled_from([k for k in (1, 2, 4) if k <= n])) for n in shape[1:])
    stride = tuple(draw(st.integers(1, 3)) for _ in kernel)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    return (kernel[0], kernel[1]), (stride[0], stride[1]), (padding[0], padding[1])


@st.composite
def chains(draw: Draw, shape: Shape, *, max_synapses: int = 3) -> tuple[Synapse, ...]:
    """A chain of synapses for a source of ``shape``; may be empty."""
    chain: list[Synapse] = []
    for _ in range(draw(st.integers(0, max_synapses))):
        synapse = draw(synapses(shape))
        chain.append(synapse)
        shape = output_shape(synapse, shape)
    return tuple(chain)


@st.composite
def _chains_between(draw: Draw, source: Shape, target: Shape) -> tuple[Synapse, ...] | None:
    """A chain from one shape to another; None for vector to image, which has none."""
    if source == target and draw(st.booleans()):
        return ()
    if len(target) == 1:
        flat = (Flatten(),) if len(source) > 1 else ()
        size = math.prod(source)
        if draw(st.booleans()):
            return (*flat, _sparse(draw, size, target[0]))
        return (*flat, Dense(_weights(draw, (target[0], size))))
    if len(source) == 1:
        return None
    padding = [max(0, -(-(b - a) // 2)) for a, b in zip(source[1:], target[1:], strict=True)]
    kernel = [a + 2 * p - b + 1 for a, b, p in zip(source[1:], target[1:], padding, strict=True)]
    weight = _weights(draw, (target[0], source[0], *kernel))
    return (Conv2d(weight, padding=(padding[0], padding[1])),)


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
        images = _image_shapes(max_side, max_channels)
        shape = draw(st.one_of(images, images, st.tuples(st.integers(1, 6))))
        inputs.append(Input(f"input{i}", shape))
    shapes = {node.name: node.shape for node in inputs}
    layers: list[Layer] = []
    for i in range(draw(st.integers(3, max_layers))):
        # the newest node, mostly: deep networks are harder than wide ones
        source = draw(st.one_of(st.just(list(shapes)[-1]), st.sampled_from(list(shapes))))
        # two firing layers at least, so that one can drive another
        kind = (
            "if"
            if i in (0, 2)
            else draw(st.sampled_from(["maximum", "if", "relay", "accumulator"]))
        )
        if kind == "maximum" and len(shapes[source]) == 3:
            layer = _maximum(draw, f"layer{i}", source, shapes[source], max_delay)
        else:
            layer = _layer(draw, f"layer{i}", kind, source, shapes, max_delay)
        layers.append(layer)
        shapes[layer.name] = layer.shape
    layers = [_with_feedback(draw, layer, shapes, max_delay) for layer in layers]
    return Network(tuple(inputs), tuple(layers))


def _maximum(draw: Draw, name: str, source: str, shape: Shape, max_delay: int) -> Layer:
    neuron = RunningMaximum(*_pool_windows(draw, shape))
    target = output_shape(maximum_window(neuron), shape)
    return Layer(name, target, neuron, (Link(source, delay=_delay(draw, max_delay)),))


def _delay(draw: Draw, max_delay: int) -> int:
    return draw(st.one_of(st.just(0), st.integers(0, max_delay)))


def _layer(
    draw: Draw, name: str, kind: str, source: str, shapes: dict[str, Shape], max_delay: int
) -> Layer:
    first = Link(source, draw(chains(shapes[source])), _delay(draw, max_delay))
    shape = chain_shape(first.chain, shapes[source])
    links = [first]
    for _ in range(draw(st.integers(0, 2))):
        other = draw(st.sampled_from(list(shapes)))
        chain = draw(_chains_between(shapes[other], shape))
        if chain is not None:
            links.append(Link(other, chain, _delay(draw, max_delay)))
    neuron: Neuron
    if kind == "relay":
        neuron = Relay()
    elif kind == "accumulator":
        decay = draw(_decays(shape)) if draw(st.booleans()) else 1.0
        neuron = Accumulator(_dyadic(draw, draw(_broadcast_shapes(shape)), -2, 2, 2), decay)
    else:
        neuron = draw(neurons(shape))
    bias: Any = 0.0
    if draw(st.booleans()):
        bias = _dyadic(draw, draw(_broadcast_shapes(shape)), -2, 4, 3)
    return Layer(name, shape, neuron, tuple(links), bias)


def _with_feedback(draw: Draw, layer: Layer, shapes: dict[str, Shape], max_delay: int) -> Layer:
    """Perhaps one more, delayed link from any layer; firing layers only, see `exact_bits`."""
    if isinstance(layer.neuron, Relay | RunningMaximum) or not draw(st.booleans()):
        return layer
    source = draw(st.sampled_from([name for name in shapes if name.startswith("layer")]))
    chain = draw(_chains_between(shapes[source], layer.shape))
    if chain is None:
        return layer
    link = Link(source, chain, draw(st.integers(1, max_delay)))
    return Layer(layer.name, layer.shape, layer.neuron, (*layer.links, link), layer.bias)


@st.composite
def spike_trains(draw: Draw, shape: Shape, *, ticks: int, max_spikes: int = 24) -> Spikes:
    """Events with unit amplitudes, or with small integers and halves."""
    events = draw(
        st.lists(
            st.tuples(st.integers(0, ticks - 1), st.integers(0, math.prod(shape) - 1)),
            min_size=min(2 * ticks, 8),
            max_size=max_spikes,
        )
    )
    amplitude = np.ones(len(events))
    if draw(st.booleans()):
        size = len(events)
        steps = st.sampled_from([-2.0, -1.0, 0.5, 1.0, 1.5, 2.0])
        amplitude = np.array(draw(st.lists(steps, min_size=size, max_size=size)))
    tick, index = np.array(events, dtype=np.int64).reshape(-1, 2).T
    return Spikes(shape, tick, index, amplitude)


@st.composite
def analog_inputs(draw: Draw, shape: Shape) -> NDArray[np.float64]:
    """A constant image of multiples of 1/4."""
    return _dyadic(draw, shape, -1, 6, 2)


def _must_spike(network: Network, name: str) -> bool:
    """Whether an input may not be a constant image: it is delayed or feeds a maximum."""
    return any(
        link.source == name and (link.delay or isinstance(layer.neuron, RunningMaximum))
        for layer in network.layers
        for link in layer.links
    )


@st.composite
def cases(draw: Draw, *, max_ticks: int = 12) -> Case:
    """A network with inputs and as many ticks as the exactness budget allows."""
    network = draw(networks())
    ticks = draw(st.integers(min(4, max_ticks), max_ticks))
    inputs: dict[str, Any] = {}
    for node in network.inputs:
        if _must_spike(network, node.name) or draw(st.booleans()):
            inputs[node.name] = draw(spike_trains(node.shape, ticks=ticks))
        else:
            inputs[node.name] = draw(analog_inputs(node.shape))
    while exact_bits(network, inputs, ticks) > _FLOAT64_BITS and ticks > 1:
        ticks //= 2
    needed = exact_bits(network, inputs, ticks)
    precision: Precision = "float32" if needed <= _FLOAT32_BITS else "float64"
    return Case(network, inputs, ticks, precision, draw(st.integers(0, 3)))
