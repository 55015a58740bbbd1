"""From an ANN to a spiking network: the one place where a node becomes a layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.apply import apply
from converters.ann.graph import INPUT, Ann, Node
from converters.lowering.chain import Place, linear_chain
from converters.lowering.neuron_kinds import NeuronKind, NeuronKinds, neuron_kinds
from converters.passes.max_pool_before_concat import max_pool_before_concat
from converters.passes.relu_before_max_pool import relu_before_max_pool
from eventsnn import (
    IF,
    LI,
    LIF,
    Burst,
    ConversionError,
    Input,
    Layer,
    Link,
    Network,
    Relay,
    RunningMaximum,
    Signed,
    Subtract,
    ToValue,
    UnsupportedLayerError,
)

__all__ = ["lower"]

Array = NDArray[np.float64]

#: What becomes a layer by itself; everything else may be part of a link.
_NOT_LINEAR = ops.ReLU | ops.Spike | ops.MaxPool2d


@dataclass(frozen=True)
class _Path:
    """One of the terms that add up to a node: ``steps`` applied to the layer ``source``."""

    source: str
    steps: tuple[ops.Op | Place, ...] = ()


def lower(
    ann: Ann,
    thresholds: Mapping[str, ArrayLike],
    initial: float | Mapping[str, ArrayLike] = 0.5,
    neuron: NeuronKinds = "if",
    burst: int = 1,
) -> Network:
    """The spiking network of ``ann``: soft-reset IF neurons in place of ReLUs.

    - A **ReLU** becomes an `IF` layer of its name, or a `Signed` or `Burst` one: threshold
      theta, subtracting reset, ``v0 = initial * theta``. A unit spike is worth theta, folded
      into the weights it meets next. A neuron fires ``burst`` times a tick at most, so a
      ceiling of the ReLU is theirs too where ``burst theta`` is not above it.
    - A **Spike** becomes the `IF` or `LIF` layer that it describes, with ``v0 = mean / decay``:
      the potential to which the first tick adds its current is the mean. Its spikes are worth 1.
    - The **linear** operations from one layer to the next become the chain of a link; an
      Add becomes several links into one layer, and so does a Concat, each link with its
      place among the channels. Their constant part, the pre-activation with all sources
      silent, becomes the layer's bias.
    - A **max pooling** of rectified activations becomes a `RunningMaximum` of their spikes
      (a ReLU behind it is first moved before it, see `relu_before_max_pool`; of a Concat,
      each input is pooled, see `max_pool_before_concat`).
    - A convolution, linear node or sum that several layers receive becomes a `Relay` that
      carries its current, so that nothing is computed twice and sums do not multiply. Its
      constant part goes to the biases of those layers.
      Pools, flattening, subsampling, sparse matrices, scales, batch norm and concatenation
      are repeated on each link instead: so spikes stay spikes. A selection of spikes that max
      pooling reads (a border, a crop, every n-th pixel) is a `Relay` too.
    - The output becomes an `LI`.

    Args:
        ann: the network; batch norm that is left becomes a scale and a bias.
        thresholds: theta > 0 of every ReLU by name: a number, (C, 1, 1) or (N,).
        initial: v before the first tick as a fraction of theta, below 1; a number, or by
            name of every ReLU, shaped as thresholds. Below 0, a neuron waits longer.
        neuron: "if", or "signed" for neurons that take back spikes given too early; for all
            ReLUs, or by name or pattern, see `converters.lowering.neuron_kinds.neuron_kinds`.
        burst: most spikes of a neuron in one tick.

    Raises:
        ConversionError: thresholds that are missing, unknown, misshaped or not positive,
            initial potentials that are none, an unknown kind, a pattern that matches nothing,
            or an impossible burst.
        UnsupportedLayerError: an output that is not linear, or a max pooling of anything
            but rectified activations; names the node and what to do.
    """
    if not isinstance(burst, int) or burst < 1:
        raise ConversionError(f"burst: expected an int >= 1, found {burst!r}")
    ann = max_pool_before_concat(relu_before_max_pool(ann))
    kinds = neuron_kinds(ann, neuron)
    theta = _checked(ann, thresholds, burst)
    v0 = {name: _fraction(ann, name, initial) * theta[name] for name in theta}
    _check_supported(ann)
    receivers = _receivers(ann)
    carried = _carried(ann)
    paths: dict[str, tuple[_Path, ...]] = {INPUT: (_Path(INPUT),)}
    silent: dict[str, Array] = {INPUT: np.zeros((1, *ann.input_shape))}
    worth: dict[str, Array] = {INPUT: np.ones(())}  # what a unit spike of a layer stands for
    layers: list[Layer] = []
    for node in ann.nodes:
        arriving = _arriving(ann, node, paths)
        constant = silent[node.inputs[0]]
        if not isinstance(node.op, _NOT_LINEAR):
            constant = apply(node.op, *(silent[name] for name in node.inputs)).astype(np.float64)
        model = _model(ann, node, receivers[node.name], theta, v0, kinds, burst)
        if node.name in carried:
            model = Relay()
        if model is None:
            paths[node.name], silent[node.name] = arriving, constant
            continue
        paths[node.name] = (_Path(node.name),)
        silent[node.name] = np.zeros((1, *ann.shapes[node.name]))
        if isinstance(model, RunningMaximum):
            worth[node.name] = worth[node.inputs[0]]
            links: tuple[Link, ...] = (Link(node.inputs[0]),)
        elif node.name in carried:  # spikes as they are, for a running maximum
            (source,) = node.inputs
            worth[node.name] = _selected_worth(ann, node, worth[source])
            links = (Link(source, linear_chain((node.op,), ann.shapes[source], np.ones(()))),)
        else:
            worth[node.name] = theta.get(node.name, np.ones(()))
            links = tuple(
                Link(
                    path.source,
                    linear_chain(path.steps, ann.shapes[path.source], worth[path.source]),
                )
                for path in arriving
            )
        bias: float | Array = 0.0
        if isinstance(model, Relay):
            silent[node.name] = constant  # a relay would emit its bias in every tick
        else:
            bias = _bias(constant[0])
        layers.append(Layer(node.name, ann.shapes[node.name], model, links, bias=bias))
    return Network((Input(INPUT, ann.input_shape),), tuple(layers), ann.output)


def _arriving(ann: Ann, node: Node, paths: Mapping[str, tuple[_Path, ...]]) -> tuple[_Path, ...]:
    """The terms of a linear ``node``, or those that its layer receives."""
    steps: list[tuple[ops.Op | Place, ...]] = [(node.op,)] * len(node.inputs)
    if isinstance(node.op, ops.Concat):
        sizes = [ann.shapes[name][0] for name in node.inputs]
        before = [sum(sizes[:position]) for position in range(len(sizes))]
        total = sum(sizes)
        steps = [(Place(b, total - b - s),) for b, s in zip(before, sizes, strict=True)]
    elif isinstance(node.op, _NOT_LINEAR):
        steps = [()]
    return tuple(
        _Path(path.source, (*path.steps, *more))
        for name, more in zip(node.inputs, steps, strict=True)
        for path in paths[name]
    )


def _receivers(ann: Ann) -> dict[str, int]:
    """How many layers receive each node, counted through what is repeated on each link."""
    receivers: dict[str, int] = {}
    for node in reversed(ann.nodes):
        receivers[node.name] = sum(
            receivers[reader.name] if _is_repeated(ann, reader) else 1
            for reader in ann.consumers[node.name]
        )
    return receivers


def _is_repeated(ann: Ann, node: Node) -> bool:
    """Whether ``node`` is part of every link that needs it, and never a layer."""
    computed = _NOT_LINEAR | ops.Conv2d | ops.Linear | ops.Add
    return node.name != ann.output and not isinstance(node.op, computed)


def _model(
    ann: Ann,
    node: Node,
    receivers: int,
    theta: Mapping[str, Array],
    v0: Mapping[str, Array],
    kinds: Mapping[str, NeuronKind],
    burst: int,
) -> IF | LIF | Signed | Burst | RunningMaximum | LI | Relay | None:
    """The neuron model of a node that becomes a layer; None for a part of a link."""
    match node.op:
        case ops.ReLU():
            threshold = theta[node.name]
            if kinds[node.name] == "signed":
                return Signed(threshold=threshold, v0=v0[node.name], max_spikes=burst)
            if burst > 1:
                return Burst(threshold=threshold, max_spikes=burst, v0=v0[node.name])
            return IF(threshold=threshold, reset=Subtract(), v0=v0[node.name])
        case ops.Spike():
            return _trained(node.op)
        case ops.MaxPool2d(kernel_size=kernel, stride=stride, padding=padding):
            return RunningMaximum(ops.pair(kernel), ops.pair(stride), ops.pair(padding))
        case _ if node.name == ann.output:
            return LI()
        case _:
            return Relay() if receivers > 1 and not _is_repeated(ann, node) else None


def _carried(ann: Ann) -> set[str]:
    """Selections of spikes that max pooling reads, and what they select from."""
    spiking = ops.ReLU | ops.Spike | ops.MaxPool2d
    carried: set[str] = set()
    for node in reversed(ann.nodes):
        reads = any(
            isinstance(reader.op, ops.MaxPool2d) or reader.name in carried
            for reader in ann.consumers[node.name]
        )
        if reads and _is_selection(node.op):
            carried.add(node.name)
    for node in ann.nodes:  # only where spikes arrive
        source = ann.by_name.get(node.inputs[0])
        if node.name in carried and (
            source is None or not (isinstance(source.op, spiking) or source.name in carried)
        ):
            carried.remove(node.name)
    return carried


def _is_selection(op: ops.Op) -> bool:
    """Whether every output is one input or nothing."""
    if isinstance(op, ops.Sparse):
        return bool(np.all(np.diff(op.indptr) <= 1) and np.all(op.data == 1)) and op.bias is None
    return isinstance(op, ops.Subsample)


def _selected_worth(ann: Ann, node: Node, worth: Array) -> Array:
    """What a spike of each channel stands for behind a selection.

    Raises:
        UnsupportedLayerError: spikes of one channel stand for different values.
    """
    if worth.ndim == 0:
        return worth
    shape = ann.shapes[node.inputs[0]]
    each = apply(node.op, np.broadcast_to(worth, shape)[None].astype(np.float64))[0]
    largest = each.reshape(len(each), -1).max(axis=1).reshape(-1, *(1,) * (each.ndim - 1))
    if np.any((each != largest) & (each != 0)):
        raise UnsupportedLayerError(
            f"node `{node.name}`: brings spikes of several channels together before max pooling, "
            f"which stand for different values; convert with one threshold per layer"
        )
    return np.where(largest > 0, largest, 1.0)


def _trained(spike: ops.Spike) -> IF | LIF:
    reset = Subtract() if spike.reset == "subtract" else ToValue(0.0)
    v0 = spike.mean / spike.decay
    if spike.decay == 1:
        return IF(threshold=spike.threshold, reset=reset, v0=v0)
    return LIF(decay=spike.decay, threshold=spike.threshold, reset=reset, v0=v0)


def _bias(constant: Array) -> float | Array:
    """The smallest array that broadcasts to ``constant``: a number, (C, 1, 1), or itself."""
    if not constant.any():
        return 0.0
    if constant.ndim == 3 and np.all(constant == constant[:, :1, :1]):
        return constant[:, :1, :1]
    return constant


def _checked(ann: Ann, thresholds: Mapping[str, ArrayLike], burst: int) -> dict[str, Array]:
    """The thresholds as float64 arrays, one for each ReLU."""
    relus = ann.names_of(ops.ReLU)
    missing = [name for name in relus if name not in thresholds]
    unknown = [name for name in thresholds if name not in relus]
    if missing or unknown:
        raise ConversionError(
            f"thresholds: expected one for each ReLU; missing are {missing}, no ReLU are {unknown}"
        )
    checked = {}
    for name in relus:
        values = np.asarray(thresholds[name], dtype=np.float64)
        channels, *pixels = ann.shapes[name]
        per_channel = (channels, *(1,) * len(pixels))
        if values.shape not in {(), per_channel}:
            raise ConversionError(
                f"threshold of `{name}`: expected a number or shape {per_channel}, "
                f"found shape {values.shape}"
            )
        if not np.all((values > 0) & np.isfinite(values)):
            raise ConversionError(
                f"threshold of `{name}`: expected positive numbers, found {values.min():g}"
            )
        relu = ann.by_name[name].op
        assert isinstance(relu, ops.ReLU)
        if relu.ceiling is not None and burst * values.max() > relu.ceiling:
            raise ConversionError(
                f"threshold of `{name}`: expected at most the ceiling {relu.ceiling:g} of its "
                f"activation over the {burst} spikes of a tick, found {values.max():g}; the "
                f"neuron would exceed it"
            )
        checked[name] = values
    return checked


def _fraction(ann: Ann, name: str, initial: float | Mapping[str, ArrayLike]) -> Array:
    """The initial potential of one ReLU as a fraction of its threshold."""
    if isinstance(initial, Mapping) and name not in initial:
        raise ConversionError(f"initial: expected one for each ReLU; missing is `{name}`")
    values = np.asarray(initial[name] if isinstance(initial, Mapping) else initial, np.float64)
    channels, *pixels = ann.shapes[name]
    if values.shape not in {(), (channels, *(1,) * len(pixels))} or not np.all(
        (values > -np.inf) & (values < 1)
    ):
        raise ConversionError(
            f"initial of `{name}`: expected fractions below 1, one or one per channel, "
            f"found {initial[name] if isinstance(initial, Mapping) else initial}"
        )
    return values


def _check_supported(ann: Ann) -> None:
    kinds = (ops.ReLU, ops.Spike, ops.MaxPool2d)
    rectified = {name for kind in kinds for name in ann.names_of(kind)} | _carried(ann)
    for name in ann.names_of(ops.MaxPool2d):
        source = ann.by_name[name].inputs[0]
        if source not in rectified:
            raise UnsupportedLayerError(
                f"node `{name}`: max pooling of `{source}`, which no ReLU rectifies, has no "
                f"spiking counterpart; put a ReLU before it (or directly behind it), or "
                f"train with average pooling"
            )
    kind = type(ann.by_name[ann.output].op)
    if kind in kinds:
        raise UnsupportedLayerError(
            f"node `{ann.output}`: the output is read from the sum of its inputs, so it must be "
            f"linear, found {kind.__name__}; make the node before it the output"
        )
