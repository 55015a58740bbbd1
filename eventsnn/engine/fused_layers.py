"""Which layers run fused, and all that does not depend on the number of ticks.

A layer is *fused* where its kind, its links and the spikes of its sources allow it, and
*queued* otherwise; nothing is measured and no data is looked at. What is carried:

- IF and LIF neurons with every reset, clamps and any parameters, and read-outs; without noise
  and refractory ticks;
- over links with one delay of at most `LONGEST_DELAY` ticks, whose chain is one window or
  one set of taps (`eventsnn.engine.composed`);
- from sources that spike at most once in a tick, with amplitude 1: IF, LIF and CubaLIF layers,
  running maxima of them, and inputs whose sample is so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.network import Layer, Network
from eventsnn.description.neurons import IF, LI, LIF, CubaLIF, RunningMaximum
from eventsnn.engine.composed import Composed, as_image, compose
from eventsnn.engine.integers import number_type
from eventsnn.engine.link_tables import LinkPlan
from eventsnn.engine.masks import Border, border_of
from eventsnn.engine.parameters import LayerParameters, layer_parameters, parameters_of
from eventsnn.engine.segments import Numbers, Rows, Segments, Tiling, as_window, link_segments

__all__ = [
    "LONGEST_DELAY",
    "LONGEST_RUN",
    "Family",
    "FusedLayer",
    "FusedLayers",
    "FusedLink",
    "fuse",
]

#: Ticks of delay that are kept from one part of a run to the next.
LONGEST_DELAY = 64
#: Every tick of a fused layer costs time, silent or not: longer runs are left to the queue.
LONGEST_RUN = 8192
#: Numbers of a link's rows: wider ones would be read from memory in every tick.
_MOST_WEIGHTS = 1 << 24


@dataclass(frozen=True)
class FusedLink:
    """A link into a fused layer.

    Attributes:
        link: number of the plan link.
        source: node.
        delay: in ticks.
        op: what it does.
        segments: of the layer's blocks.
        border: what it sees of the source's outside.
    """

    link: int
    source: int
    delay: int
    op: Composed
    segments: Segments
    border: Border


@dataclass(frozen=True)
class FusedLayer:
    """A layer that can run fused.

    Attributes:
        position: of the layer; its node is ``inputs + position``.
        family: number of its `Family`.
        tiling: how it is cut.
        parameters: where its rows are.
        links: in declared order.
        read_out: whether it never fires.
    """

    position: int
    family: int
    tiling: Tiling
    parameters: LayerParameters
    links: tuple[FusedLink, ...]
    read_out: bool


@dataclass(frozen=True)
class Family:
    """The rows of all layers with the same types of numbers."""

    numbers: Numbers
    weights: NDArray[Any]
    amplitudes: NDArray[Any]
    parameters: NDArray[Any]


@dataclass(frozen=True)
class FusedLayers:
    """All layers of a plan that can run fused.

    Attributes:
        layers: by position.
        families: see `FusedLayer.family`.
    """

    layers: Mapping[int, FusedLayer]
    families: tuple[Family, ...]


class _Growing:
    """The rows of a family, while layers are added."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.weights = Rows(numbers.weight, numbers.lanes)
        self.amplitudes = Rows(numbers.potential, numbers.lanes)
        self.parameters = Rows(numbers.potential, numbers.lanes)

    def done(self) -> Family:
        return Family(
            self.numbers,
            self.weights.array(),
            self.amplitudes.array(),
            self.parameters.array(),
        )


def fuse(
    network: Network,
    by_position: Sequence[Layer],
    wiring: LinkPlan,
    component: NDArray[np.int64],
    touched: set[str],
    precision: str,
) -> FusedLayers:
    """Find the layers that can run fused and lay out their rows."""
    inputs = len(network.inputs)
    families: dict[Numbers, _Growing] = {}
    layers: dict[int, FusedLayer] = {}
    sizes = np.bincount(component, minlength=len(by_position))
    single = [bool(sizes[component[p]] == 1) for p in range(len(by_position))]
    unit = _units(by_position, wiring, inputs)
    for position, layer in enumerate(by_position):
        if not single[position] or layer.name in touched or not _is_carried(layer):
            continue
        found = _composed(layer, position, inputs, wiring, unit, network)
        if found is None:
            continue
        image = as_image(layer.shape)
        parameters = parameters_of(layer, image)
        fed = any(source < inputs for _, source, _, _ in found)
        numbers = number_type(parameters, [op for _, _, _, op in found], LONGEST_RUN)
        if numbers is None or fed:  # analog values and their products are real numbers
            numbers = Numbers(precision, precision)
        family = families.setdefault(numbers, _Growing(numbers))
        tiling = Tiling.of(image, numbers.lanes)
        links = []
        for link, source, delay, op in found:
            shape = as_image(wiring.source_shape(link))
            used = as_window(op, shape) if source < inputs else op
            segments = link_segments(used, shape, tiling, family.weights, family.amplitudes)
            border = border_of(op, shape, image)
            links.append(FusedLink(link, source, delay, used, segments, border))
        layers[position] = FusedLayer(
            position,
            list(families).index(numbers),
            tiling,
            layer_parameters(parameters, tiling, numbers, family.parameters),
            tuple(links),
            isinstance(layer.neuron, LI),
        )
    return FusedLayers(layers, tuple(family.done() for family in families.values()))


def _units(by_position: Sequence[Layer], wiring: LinkPlan, inputs: int) -> list[bool]:
    """Of each node, whether it emits at most one spike of amplitude 1 in a tick.

    A running maximum of such layers does: each count grows by at most one in a tick, and so
    does the largest. What an input brings is known with the sample.
    """
    unit = [True] * inputs + [isinstance(layer.neuron, IF | LIF | CubaLIF) for layer in by_position]
    table = wiring.links.table
    maxima = [p for p, layer in enumerate(by_position) if isinstance(layer.neuron, RunningMaximum)]
    for _ in maxima:  # one may feed the other
        for position in maxima:
            sources = table.source[table.target == position].tolist()
            unit[inputs + position] = all(s >= inputs and unit[s] for s in sources)
    return unit


def _is_carried(layer: Layer) -> bool:
    neuron = layer.neuron
    if isinstance(neuron, LI):
        return True
    if not isinstance(neuron, IF | LIF):
        return False
    return neuron.noise is None and not np.any(np.asarray(neuron.refractory))


def _composed(
    layer: Layer,
    position: int,
    inputs: int,
    wiring: LinkPlan,
    unit: list[bool],
    network: Network,
) -> list[tuple[int, int, int, Composed]] | None:
    """Plan link, source, delay and product of each link; None where one is not carried."""
    found = []
    for described in wiring.described:
        if described.target != layer.name:
            continue
        if len(described.parts) != 1:
            return None
        (link,) = described.parts
        row = wiring.links.table[link]
        source, delay = int(row["source"]), int(row["delay"])
        if source == inputs + position or not unit[source] or delay > LONGEST_DELAY:
            return None
        if wiring.groups[link].members is not None:
            return None
        op = compose(wiring.groups[link].chain, network.shapes[described.link.source])
        if op is None or op.weight.size > _MOST_WEIGHTS:
            return None
        found.append((link, source, delay, op))
    return found
