"""Lower a network to the flat arrays of `eventsnn.kernels.tables`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape
from eventsnn.description.codings import Coding, Events, Integers
from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    Maximum,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Signed,
)
from eventsnn.engine.choices import Granularity, Order, Precision
from eventsnn.engine.fused_layers import FusedLayers, fuse
from eventsnn.engine.fused_layout import FusedLayout, Request
from eventsnn.engine.layer_tables import is_noisy, layer_tables
from eventsnn.engine.link_tables import LinkPlan, link_tables, with_stages
from eventsnn.engine.schedule import components
from eventsnn.errors import InputError, NetworkError
from eventsnn.kernels import tables as t

__all__ = ["Plan", "make_plan"]

#: Nothing of these could be advanced neuron by neuron.
_SWEPT = Relay | Maximum | Bistable | PhaseAccumulator | PhaseIF


@dataclass(frozen=True)
class Columns:
    """Columns of the tables as lists: a field of a record array takes some microseconds to read.

    Attributes:
        source, target, delay: by plan link.
        neurons, kind, noisy: by layer.
        words: by layer: stage, phases, readings.
    """

    source: list[int]
    target: list[int]
    delay: list[int]
    neurons: list[int]
    kind: list[int]
    noisy: list[bool]
    words: list[tuple[int, int, int]]


@dataclass(frozen=True)
class Plan:
    """A network, ready to run; read-only, shared by all workers.

    Attributes:
        network: the description.
        precision: of potentials, weights and amplitudes.
        layers: see `eventsnn.kernels.tables`.
        wiring: links and stages.
        components: how many are run one after the other.
        nodes: names, inputs first, then layers by position.
        v_initial: potentials before tick 0.
        maxima: number of running outputs.
        lazy: number of neurons that are advanced one by one.
        graded: per node, whether spikes of one tick may differ in amplitude; for inputs that
            is known only with the sample.
        biased: number of neurons with a bias, of each layer.
        seed: of the noise.
        fused: the layers that can run all ticks in one pass.
        layouts: their tables, as far as they were asked for.
    """

    network: Network
    precision: Precision
    layers: t.Layers
    wiring: LinkPlan
    components: int
    nodes: tuple[str, ...]
    v_initial: NDArray[Any]
    maxima: int
    lazy: int
    graded: NDArray[np.bool_]
    biased: tuple[int, ...]
    seed: int = 0
    fused: FusedLayers = field(default_factory=lambda: FusedLayers({}, ()))
    layouts: dict[Request, FusedLayout] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def queued(self) -> Plan:
        """The same with every layer in the queue."""
        if not self.fused.layers:
            return self
        by_layer = {
            self.nodes[self.inputs + p]: "touched" if touched else "swept"
            for p, touched in enumerate(self.layers.table.touched.tolist())
        }
        return make_plan(
            self.network,
            precision=self.precision,
            granularity=by_layer,  # type: ignore[arg-type]  # of literals
            seed=self.seed,
            fused=False,
        )

    @cached_property
    def columns(self) -> Columns:
        """What Python reads of the tables, once for all samples."""
        links, layers = self.wiring.links.table, self.layers.table
        return Columns(
            source=links.source.tolist(),
            target=links.target.tolist(),
            delay=links.delay.tolist(),
            neurons=layers.neurons.tolist(),
            kind=layers.kind.tolist(),
            noisy=layers.noisy.tolist(),
            words=list(
                zip(
                    layers.stage.tolist(),
                    layers.phases.tolist(),
                    layers.readings.tolist(),
                    strict=True,
                )
            ),
        )

    @property
    def links(self) -> t.Links:
        """Plan links, see `eventsnn.kernels.tables`."""
        return self.wiring.links

    @property
    def inputs(self) -> int:
        """Number of input nodes."""
        return len(self.network.inputs)

    def shape(self, node: int) -> Shape:
        """Shape of a node."""
        return self.network.shapes[self.nodes[node]]


def make_plan(
    network: Network,
    *,
    precision: Precision | None = None,
    order: Order = "by_layer",
    granularity: Granularity = "swept",
    seed: int = 0,
    fused: bool = True,
) -> Plan:
    """Plan a run.

    Args:
        network: the description.
        precision: float32 is exact within a budget of 24 bits, float64 of 53; see
            docs/semantics.md. None is float32, unless a layer leaks or is touched, or the
            network is one of integers, whose proof may need more.
        order: ``by_layer`` runs feed-forward parts layer by layer over all ticks,
            ``by_tick`` everything tick by tick. Same spikes, same counts.
        granularity: ``swept`` layers are advanced as a whole when anything reaches them,
            of ``touched`` ones only the neurons that are reached. Same spikes, same counts.
        seed: >= 0, of the noise.
        fused: whether layers that can run fused do, see `eventsnn.engine.fused_layers`.

    Raises:
        NetworkError: an unknown precision, order, granularity or layer.
        InputError: an impossible seed.
    """
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 1 << 63:
        raise InputError(f"seed must be an int from 0 to 2^63 - 1, found {seed!r}")
    touched = _touched_layers(network, granularity)
    if precision is None:
        long = (
            bool(touched)
            or any(_leaks(layer) for layer in network.layers)
            or any(_is_whole(node.coding) for node in network.inputs)
        )
        precision = "float64" if long else "float32"
    if precision not in ("float32", "float64"):
        raise NetworkError(f"precision must be 'float32' or 'float64', found {precision!r}")
    if order not in ("by_layer", "by_tick"):
        raise NetworkError(f"order must be 'by_layer' or 'by_tick', found {order!r}")
    real = np.dtype(precision)
    by_position = sorted(network.layers, key=lambda layer: network.positions[layer.name])
    nodes = (*(node.name for node in network.inputs), *(layer.name for layer in by_position))
    number = {name: node for node, name in enumerate(nodes)}
    wiring = link_tables(network, by_position, number, real)
    links = wiring.links
    inputs = len(network.inputs)
    if order == "by_tick":
        count, component = 1, np.zeros(len(by_position), dtype=np.int64)
    else:
        inner = links.table.source >= inputs
        edges = np.stack([links.table.source[inner] - inputs, links.table.target[inner]], axis=1)
        count, component = components(len(by_position), [(int(a), int(b)) for a, b in edges])
    found = FusedLayers({}, ())
    if fused and order == "by_layer":
        found = fuse(network, by_position, wiring, component, touched, precision)
    # a layer behind an input is queued where a sample of that input asks for it
    into_fused = {
        link.link
        for layer in found.layers.values()
        if all(link.source >= inputs for link in layer.links)
        for link in layer.links
    }
    wiring = with_stages(wiring, real, into_fused)
    layers, v_initial, maxima, lazy = layer_tables(
        network, by_position, wiring.links, component, touched, real
    )
    return Plan(
        network=network,
        precision=precision,
        layers=layers,
        wiring=wiring,
        components=count,
        nodes=nodes,
        v_initial=v_initial,
        maxima=maxima,
        lazy=lazy,
        graded=np.array([False] * inputs + [_is_graded(layer) for layer in by_position]),
        biased=tuple(
            int(np.count_nonzero(np.broadcast_to(layer.bias, layer.shape))) for layer in by_position
        ),
        seed=int(seed),
        fused=found,
    )


def _is_whole(coding: Coding) -> bool:
    """Whether an input feeds a network of integers."""
    return isinstance(coding, Integers) or (
        isinstance(coding, Events) and coding.most_spikes is not None
    )


def _touched_layers(network: Network, granularity: Granularity) -> set[str]:
    """Names of the layers of which only the reached neurons are visited."""
    if isinstance(granularity, str):
        granularity = {layer.name: granularity for layer in network.layers}
    for name, value in granularity.items():
        network.layer(name)
        if value not in ("swept", "touched"):
            raise NetworkError(f"granularity must be 'swept' or 'touched', found {value!r}")
    return {
        name
        for name, value in granularity.items()
        # noise reaches every neuron in every tick
        if value == "touched"
        and not isinstance(network.layer(name).neuron, _SWEPT)
        and not is_noisy(network.layer(name))
    }


def _leaks(layer: Layer) -> bool:
    match layer.neuron:
        case LIF(decay=decay) | LI(decay=decay):
            return bool(np.any(np.asarray(decay) != 1))
        case CubaLIF():
            return True
        case IF() | Burst() | Signed() | Relay() | RunningMaximum():
            return False
        case Bistable() | PhaseAccumulator() | PhaseIF() | PhaseMaximum():
            return False
        case _:
            assert_never(layer.neuron)


def _is_graded(layer: Layer) -> bool:
    """Whether the spikes of one tick may differ in amplitude."""
    match layer.neuron:
        case IF() | LIF() | CubaLIF() | LI():
            return False
        case Bistable() | PhaseAccumulator() | PhaseIF() | PhaseMaximum():
            return False
        case Burst() | Signed() | Relay() | RunningMaximum():
            return True
        case _:
            assert_never(layer.neuron)
