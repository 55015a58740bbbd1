"""What an energy model prices: operations of one inference, and the layers that do them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, assert_never

import numpy as np

from eventsnn.counts.counts import Counts, LinkCount
from eventsnn.description.base import Shape, pair
from eventsnn.description.link import Link
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    Maximum,
    Neuron,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Signed,
)
from eventsnn.description.nonzero_fan_out import weights_and_zeros
from eventsnn.description.synapses import Conv2d, Linear, Sparse, output_shape

__all__ = ["LayerWork", "LinkWork", "Operations"]


@dataclass(frozen=True)
class LinkWork:
    """One link, as models with memory see it; counts are means per inference.

    Attributes:
        source: name of the input or layer.
        kind: ``conv`` or ``dense`` for a chain with that one weighted synapse (pools are
            part of it); ``other`` for all else, such as the identity of a shortcut.
        inputs, outputs: shapes at the weighted synapse; of the link for ``other``.
        kernel, stride: rows and columns; (1, 1) where there are none.
        groups: of the convolution.
        weights: stored.
        spikes: delivered.
        synops: of these spikes.
        image: times that a constant image is multiplied out, times the share of its
            pixels that are not 0; 0 for spikes.
    """

    source: str
    kind: Literal["conv", "dense", "other"]
    inputs: Shape
    outputs: Shape
    kernel: tuple[int, int]
    stride: tuple[int, int]
    groups: int
    weights: int
    spikes: float
    synops: float
    image: float


@dataclass(frozen=True)
class LayerWork:
    """One layer with the links into it.

    Attributes:
        name: of the layer.
        neurons: how many.
        biases: stored.
        leaky: whether potentials decay.
        spikes: emitted per inference.
        links: into the layer.
    """

    name: str
    neurons: int
    biases: int
    leaky: bool
    spikes: float
    links: tuple[LinkWork, ...]


@dataclass(frozen=True)
class Operations:
    """Operations of one inference, means over samples; `eventsnn.run.Counts` defines them.

    ``neuron_updates`` are those of clocked hardware: neurons with a state, times ticks. It
    is None, and ``layers`` is empty, where an older report does not tell.
    """

    ac: float
    mac: float
    input_macs: float
    input_adds: float
    bias_adds: float
    neuron_updates: float | None = None
    ticks: float = 0.0
    layers: tuple[LayerWork, ...] = ()

    @classmethod
    def per_inference(
        cls, counts: Counts, samples: int, network: Network, ticks: int
    ) -> Operations:
        """From counts that are summed over ``samples`` of ``ticks`` each."""
        return cls(
            ac=counts.ac / samples,
            mac=counts.mac / samples,
            input_macs=counts.input_macs / samples,
            input_adds=counts.input_adds / samples,
            bias_adds=counts.bias_adds / samples,
            neuron_updates=float(stateful_neurons(network) * ticks),
            ticks=ticks,
            layers=_layers(counts, samples, network),
        )

    def image_in_every_tick(self) -> Operations:
        """The other convention: the constant image is multiplied out in every tick.

        Instead of once, with an addition per neuron and tick.
        """
        layers = tuple(
            replace(
                layer,
                links=tuple(replace(link, image=link.image * self.ticks) for link in layer.links),
            )
            for layer in self.layers
        )
        return replace(self, input_macs=self.input_macs * self.ticks, input_adds=0.0, layers=layers)


def stateful_neurons(network: Network) -> int:
    """Neurons that hold a potential: all but those of relays."""
    return sum(layer.size for layer in network.layers if not isinstance(layer.neuron, Relay))


def _layers(counts: Counts, samples: int, network: Network) -> tuple[LayerWork, ...]:
    links = iter(counts.links)
    analog = counts.input_macs > 0
    pixels = sum(math.prod(node.shape) for node in network.inputs)
    rate = counts.input_nonzeros / samples / pixels if analog else 0.0
    inputs = {node.name for node in network.inputs}
    return tuple(
        LayerWork(
            name=layer.name,
            neurons=layer.size,
            biases=int(np.size(layer.bias)) if np.any(np.asarray(layer.bias) != 0) else 0,
            leaky=_leaky(layer.neuron),
            spikes=counts.spikes.get(layer.name, 0) / samples,
            links=tuple(
                _link(network, layer, link, next(links), samples, rate * (link.source in inputs))
                for link in layer.links
            ),
        )
        for layer in sorted(network.layers, key=lambda layer: network.positions[layer.name])
    )


def _leaky(neuron: Neuron) -> bool:
    match neuron:
        case LIF(decay=decay) | LI(decay=decay):
            return bool(np.any(np.asarray(decay) != 1))
        case CubaLIF():
            return True
        case IF() | Burst() | Signed() | Relay() | RunningMaximum():
            return False
        case Bistable() | PhaseAccumulator() | PhaseIF() | PhaseMaximum():
            return False
        case _:
            assert_never(neuron)


def _link(
    network: Network, layer: Layer, link: Link, count: LinkCount, samples: int, image: float
) -> LinkWork:
    shape = network.shapes[link.source]
    weighted = [synapse for synapse in link.chain if isinstance(synapse, Conv2d | Linear | Sparse)]
    kind: Literal["conv", "dense", "other"] = "other"
    inputs, outputs = shape, layer.shape
    kernel = stride = (1, 1)
    groups = 1
    only = weighted[0] if len(weighted) == 1 else None
    if isinstance(only, Conv2d | Linear) and not isinstance(layer.neuron, Maximum):
        for synapse in link.chain:
            outputs = output_shape(synapse, shape)
            if synapse is only:
                inputs = shape
                break
            shape = outputs
        kind = "dense"
        if isinstance(only, Conv2d):
            kind, groups, stride = "conv", only.groups, pair(only.stride)
            rows, columns = np.asarray(only.weight).shape[2:]
            kernel = (rows, columns)
    return LinkWork(
        source=link.source,
        kind=kind,
        inputs=inputs,
        outputs=outputs,
        kernel=kernel,
        stride=stride,
        groups=groups,
        weights=sum(weights_and_zeros(synapse)[0] for synapse in link.chain),
        spikes=count.spikes / samples,
        synops=count.synops / samples,
        image=image,
    )
