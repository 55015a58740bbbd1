"""From rate-coded spikes to phase words: the same graph, with other neurons."""

from __future__ import annotations

import dataclasses

import numpy as np

from eventsnn import (
    IF,
    LI,
    Bistable,
    Layer,
    Link,
    Network,
    Neuron,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Scale,
    Synchronous,
    UnsupportedLayerError,
)

__all__ = ["bistable", "phase_coding"]

#: Linear operations that branch and join so often before any neuron are not a real network.
_MOST_IMAGE_LINKS = 64


def bistable(
    network: Network,
    phases: int,
    *,
    rounding: bool = True,
    carry: bool = False,
    readings: int | None = 1,
    synchronous: bool = True,
    image: bool = True,
) -> Network:
    """`eventsnn.Bistable` neurons in place of IF, and all that follows from them.

    The stage of a layer is the length of the longest path to it. Wherever a shorter one joins,
    `eventsnn.Synchronous` layers delay it, found from the graph alone. Running maxima become
    `eventsnn.PhaseMaximum`, the read-out a `eventsnn.PhaseAccumulator`: one reading each
    ``2 K`` ticks. Thresholds, weights and biases stay what they are.

    Args:
        network: made by `converters.lower`.
        phases: K, bits of a word.
        rounding: to the nearest word.
        carry: keep what a word could not tell for the next reading.
        readings: how many; None for a stream without end.
        synchronous: delay short paths. Without it their spikes are lost.
        image: the input is a constant image; else it is phase-coded spikes.

    Raises:
        UnsupportedLayerError: linear operations that branch and join many times between the
            image and the first neurons.
    """
    pipeline = _Pipeline(network, phases, readings, synchronous=synchronous, image=image)
    for name in sorted(network.positions, key=network.positions.__getitem__):
        layer = network.layer(name)
        links, images = pipeline.links(layer)
        if isinstance(layer.neuron, Relay):
            pipeline.relay(layer, links, images)
            continue
        stage = pipeline.latest(links)
        loss = not synchronous
        neuron: Neuron
        match layer.neuron:
            case IF(threshold=threshold):
                stage += 1
                neuron = Bistable(stage, phases, threshold, carry, rounding, readings, loss)
            case LI():
                neuron = PhaseAccumulator(stage + 1, phases, carry, readings, loss)
            case RunningMaximum(kernel_size=kernel, stride=stride, padding=padding):
                neuron = PhaseMaximum(phases, kernel, stride, padding)
            case other:
                raise UnsupportedLayerError(
                    f"layer `{name}`: {type(other).__name__} has no counterpart in phase words"
                )
        pipeline.add(dataclasses.replace(layer, neuron=neuron), links, images, stage)
    return Network(network.inputs, tuple(pipeline.layers.values()), network.output)


class _Pipeline:
    """The new layers so far, and the stage of the words that each of them speaks."""

    def __init__(
        self,
        network: Network,
        phases: int,
        readings: int | None,
        *,
        synchronous: bool,
        image: bool,
    ) -> None:
        self._phases = phases
        self._readings = readings
        self._synchronous = synchronous
        self._shapes = dict(network.shapes)
        self._stages = {} if image else {node.name: 0 for node in network.inputs}
        # What relays would have added of a constant image, which reaches their readers itself.
        self._images: dict[str, list[Link]] = {
            node.name: [Link(node.name)] for node in network.inputs if image
        }
        self.layers: dict[str, Layer] = {}

    def links(self, layer: Layer) -> tuple[list[Link], list[Link]]:
        """Links of a layer that carry words, and those that carry a constant image."""
        words = [link for link in layer.links if link.source in self._stages]
        images = [
            Link(image.source, (*image.chain, *link.chain))
            for link in layer.links
            for image in self._images.get(link.source, [])
        ]
        if len(images) > _MOST_IMAGE_LINKS:
            raise UnsupportedLayerError(
                f"layer `{layer.name}`: the image reaches it on {len(images)} linear paths; "
                f"use phase-coded input"
            )
        return words, images

    def latest(self, links: list[Link]) -> int:
        """The largest stage among the words of ``links``."""
        return max((self._stages[link.source] for link in links), default=0)

    def relay(self, layer: Layer, links: list[Link], images: list[Link]) -> None:
        """A relay hands on words only: it would add a constant image once per tick."""
        if images:
            self._images[layer.name] = images
        if links:
            self.add(layer, links, [], self.latest(links))

    def add(self, layer: Layer, links: list[Link], images: list[Link], stage: int) -> None:
        """Add a layer whose words are of ``stage``, all its links in step."""
        arriving = self.latest(links)
        aligned = [self._aligned(link, arriving) for link in links]
        self.layers[layer.name] = dataclasses.replace(layer, links=(*aligned, *images))
        self._stages[layer.name] = stage

    def _aligned(self, link: Link, stage: int) -> Link:
        """The link, so that it delivers words of ``stage``.

        Each missing stage is a `Synchronous` layer, shared by all that need it; behind a
        relay, whose sums are no words, it is a delay of K ticks, which comes to the same.
        """
        missing = stage - self._stages[link.source]
        if not self._synchronous or missing == 0:
            return link
        source = self.layers.get(link.source)
        if source is not None and isinstance(source.neuron, Relay):
            return Link(link.source, link.chain, missing * self._phases)
        name = link.source
        for _ in range(missing):
            name = self._once_more(name)
        return Link(name, link.chain)

    def _once_more(self, source: str) -> str:
        """The layer that says the words of ``source`` one stage later."""
        name = f"{source}.sync"
        while name in self._shapes and name not in self._stages:
            name += "_"  # taken by a layer of the network that is still to come
        if name not in self._stages:
            stage = self._stages[source] + 1
            neuron = Synchronous(stage, self._phases, readings=self._readings)
            self._shapes[name] = self._shapes[source]
            self.layers[name] = Layer(name, self._shapes[name], neuron, (Link(source),))
            self._stages[name] = neuron.stage
        return name


def phase_coding(network: Network, phases: int) -> Network:
    """`eventsnn.PhaseIF` neurons in place of IF: ordinary phase coding, all layers at once.

    A constant image and the biases are spread over the K ticks of a cycle, so that a cycle
    brings as much of them as of a word.

    Args:
        network: made by `converters.lower`.
        phases: K, the period.
    """
    share = 1 / phases
    inputs = {node.name for node in network.inputs}
    layers = []
    for layer in network.layers:
        links = tuple(
            dataclasses.replace(link, chain=(*link.chain, Scale(share)))
            if link.source in inputs
            else link
            for link in layer.links
        )
        neuron = layer.neuron
        if isinstance(neuron, IF):
            neuron = PhaseIF(phases, neuron.threshold)
        bias = np.asarray(layer.bias) * share
        layers.append(dataclasses.replace(layer, links=links, neuron=neuron, bias=bias))
    return Network(network.inputs, tuple(layers), network.output)
