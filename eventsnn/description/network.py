"""Networks: inputs, layers and links, checked on construction.

A description knows nothing of execution: `eventsnn.simulate` lowers it to flat arrays,
`eventsnn.oracle.simulate` runs it step by step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from eventsnn.description.base import Description, Shape, Values
from eventsnn.description.codings import Analog, Coding, Words
from eventsnn.description.fields import PER_NEURON, Role, frozen_array, role_of
from eventsnn.description.link import Link
from eventsnn.description.neurons import (
    IF,
    LIF,
    Maximum,
    Neuron,
    Synchronous,
)
from eventsnn.description.summary import network_table
from eventsnn.description.synapses import (
    SumPool2d,
    chain_shape,
    check_broadcast,
    output_shape,
)
from eventsnn.description.word_stages import Arrival, check_pipeline
from eventsnn.errors import CycleError, EventsnnError, NetworkError, ShapeError

__all__ = ["Input", "Layer", "Network", "refuse_what_is_no_network"]


def _shape(shape: Iterable[int], owner: str) -> Shape:
    checked = tuple(int(n) for n in shape)
    if not checked or any(n < 1 for n in checked):
        raise ShapeError(f"{owner}: expected a shape of positive sizes, found {checked}")
    return checked


@dataclass(frozen=True, eq=False)
class Input(Description):
    """Where spikes or a constant image enter.

    Args:
        name: unique in the network.
        shape: (C, H, W) or (N,).
        coding: what becomes of an array, see `eventsnn.description.codings`.

    Raises:
        NetworkError: a coding that does not fit the shape, or is none.
    """

    name: str
    shape: Shape
    coding: Coding = field(default_factory=Analog)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _shape(self.shape, f"input `{self.name}`"))
        if not isinstance(self.coding, Coding):
            raise NetworkError(
                f"input `{self.name}`: expected a coding, Analog(), Words(...), Integers(...) or "
                f"Events(...), found {self.coding!r}"
            )
        if isinstance(self.coding, Words):
            for what in ("low", "width"):
                found = np.asarray(getattr(self.coding, what))
                if found.size not in (1, self.shape[0]):
                    raise NetworkError(
                        f"input `{self.name}`: Words.{what} has {found.size} values, expected 1 "
                        f"or {self.shape[0]}, one per channel of {self.shape}"
                    )


@dataclass(frozen=True, eq=False)
class Layer(Description):
    """An array of neurons of one model and the links that feed it.

    Args:
        name: unique in the network.
        shape: (C, H, W) or (N,).
        neuron: the model; array parameters broadcast to ``shape``.
        links: they add; a residual join is two links.
        bias: current per tick, broadcasts to ``shape``.
    """

    name: str
    shape: Shape
    neuron: Neuron
    links: tuple[Link, ...]
    bias: Values = 0.0

    def __post_init__(self) -> None:
        owner = f"layer `{self.name}`"
        object.__setattr__(self, "shape", _shape(self.shape, owner))
        object.__setattr__(self, "links", tuple(self.links))
        object.__setattr__(self, "bias", frozen_array(self.bias, f"{owner}: bias"))
        if not isinstance(self.neuron, Neuron):
            raise NetworkError(f"{owner}: {self.neuron!r} is not a neuron model")
        for what, values in _parameters(self.neuron):
            check_broadcast(np.asarray(values), self.shape, f"{owner}: {what}")
        check_broadcast(np.asarray(self.bias), self.shape, f"{owner}: bias")
        if isinstance(self.neuron, IF | LIF) and self.neuron.v_min is not None:
            floor = np.broadcast_to(self.neuron.v_min, self.shape)
            if np.any(floor >= np.broadcast_to(self.neuron.threshold, self.shape)):
                raise NetworkError(f"{owner}: v_min must lie below the threshold")
        if isinstance(self.neuron, IF) and self.neuron.v_max is not None:
            ceiling = np.broadcast_to(self.neuron.v_max, self.shape)
            if np.any(ceiling < np.broadcast_to(self.neuron.threshold, self.shape)):
                raise NetworkError(f"{owner}: v_max must not lie below the threshold")
        if isinstance(self.neuron, Maximum | Synchronous):
            name = type(self.neuron).__name__
            if len(self.links) != 1 or self.links[0].chain:
                raise NetworkError(
                    f"{owner}: a {name} has exactly one link, with an empty chain; "
                    f"put scales and convolutions on the links that leave it"
                )
            if np.any(np.asarray(self.bias) != 0):
                raise NetworkError(f"{owner}: a {name} has no bias")

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)


def _parameters(model: Description, owner: str = "") -> Iterator[tuple[str, Values]]:
    """The values per neuron of a model and of its parts, by name."""
    for each in fields(model):  # type: ignore[arg-type]  # every description is a dataclass
        value, role = getattr(model, each.name), role_of(each)
        if role is Role.PART and value is not None:
            yield from _parameters(value, f"{each.name} ")
        elif role in PER_NEURON and value is not None:
            yield f"{owner}{each.name}".replace("_", " "), value


@dataclass(frozen=True, eq=False, repr=False)
class Network(Description):
    """Inputs, layers in any order, and the layer that is read out.

    Args:
        inputs: where spikes or images enter.
        layers: names are unique over inputs and layers.
        output: name of the layer read out; the last one by default.

    Raises:
        NetworkError: unknown or repeated names.
        ShapeError: a link that does not fit its layer.
        CycleError: a cycle without delay.
    """

    inputs: tuple[Input, ...]
    layers: tuple[Layer, ...]
    output: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.inputs or not self.layers:
            raise NetworkError("a network needs at least one input and one layer")
        if not self.output:
            object.__setattr__(self, "output", self.layers[-1].name)
        names = [node.name for node in self.inputs] + [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise NetworkError(f"the name `{name}` is used {names.count(name)} times")
        if self.output not in {layer.name for layer in self.layers}:
            raise NetworkError(f"output `{self.output}` is not a layer of the network")
        for layer in self.layers:
            for link in layer.links:
                self._check_link(layer, link)
        self._check_cycles()
        check_pipeline(self.timings)

    def _check_link(self, layer: Layer, link: Link) -> None:
        if link.source not in self.shapes:
            known = ", ".join(f"`{name}`" for name in self.shapes)
            raise NetworkError(
                f"layer `{layer.name}`: link from `{link.source}`, which does not exist; "
                f"known are {known}"
            )
        source_shape = self.shapes[link.source]
        try:
            if isinstance(layer.neuron, Maximum):
                arrives = output_shape(maximum_window(layer.neuron), source_shape)
            else:
                arrives = chain_shape(link.chain, source_shape)
            link.check_delay(source_shape)
        except EventsnnError as error:
            raise type(error)(
                f"layer `{layer.name}`: link from `{link.source}` {source_shape}: {error}"
            ) from None
        if arrives != layer.shape:
            raise ShapeError(
                f"layer `{layer.name}` has shape {layer.shape}, the link from "
                f"`{link.source}` {source_shape} delivers {arrives}"
            )

    def _check_cycles(self) -> None:
        ordered = set(self.positions)
        stuck = [layer.name for layer in self.layers if layer.name not in ordered]
        if stuck:
            cycle = ", ".join(f"`{name}`" for name in stuck)
            raise CycleError(
                f"layers {cycle}: they form or follow a cycle of links without delay; "
                f"give at least one link of the cycle delay >= 1"
            )

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shape of each input and layer, by name."""
        shapes = {node.name: node.shape for node in self.inputs}
        return shapes | {layer.name: layer.shape for layer in self.layers}

    @cached_property
    def timings(self) -> dict[str, tuple[Neuron, list[Arrival]]]:
        """What `eventsnn.description.word_stages` asks of each layer, by name."""
        return {
            layer.name: (
                layer.neuron,
                [Arrival(k.source, int(delay)) for k in layer.links for delay in k.delays()],
            )
            for layer in self.layers
        }

    @cached_property
    def positions(self) -> dict[str, int]:
        """Each layer's index in the fixed topological order of the zero-delay links.

        A link counts among them if any of its delays is 0. Ties go to the layer declared
        first. Layers on a zero-delay cycle are absent.
        """
        waiting = {
            layer.name: {link.source for link in layer.links if link.delays()[0] == 0}
            - {node.name for node in self.inputs}
            for layer in self.layers
        }
        order: dict[str, int] = {}
        while True:
            ready = next((name for name, needs in waiting.items() if not needs), None)
            if ready is None:
                return order
            order[ready] = len(order)
            del waiting[ready]
            for needs in waiting.values():
                needs.discard(ready)

    def layer(self, name: str) -> Layer:
        """The layer called ``name``.

        Raises:
            NetworkError: there is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = ", ".join(f"`{layer.name}`" for layer in self.layers)
        raise NetworkError(f"no layer `{name}`; the network has {known}")

    def __str__(self) -> str:
        return network_table(self)

    __repr__ = __str__


def maximum_window(neuron: Maximum) -> SumPool2d:
    """The windows of max pooling, as the pool that covers the same pixels."""
    return SumPool2d(neuron.kernel_size, neuron.stride, neuron.padding)


def refuse_what_is_no_network(network: object) -> None:
    """Refuse what is not a network before an attribute of one is missed.

    Raises:
        NetworkError: says what was found.
    """
    if not isinstance(network, Network):
        raise NetworkError(
            "network: expected a Network (a Conversion has one as .network, and an .evaluate), "
            f"found an object of type {type(network).__name__}"
        )
