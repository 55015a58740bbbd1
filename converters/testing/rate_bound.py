"""How far the rates of a converted network may be from the activations of its ANN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.apply import apply
from converters.ann.graph import INPUT, Ann
from converters.lowering.lower import lower
from converters.lowering.neuron_kinds import NeuronKind
from converters.testing.origin import Origin, origin_of
from eventsnn import IF, Burst, Network, Record, Run, Signed, simulate
from eventsnn.testing import rounding_bounds
from eventsnn.testing.properties import DoesNotApply, Held, Outcome

__all__ = ["rates_within_bound"]

Array = NDArray[np.floating[Any]]


def rates_within_bound(network: Network, ann: Ann, image: ArrayLike, *, ticks: int) -> Outcome:
    """``|theta n / T - a| <= E`` for every neuron and activation, and ``|v / T - a| <= E``.

    The bound is that of what each neuron keeps: ``theta n / T`` differs from its mean input m
    by ``(V0 - V) / T``, and as it lies in [0, theta], it differs from clip(m, 0, theta) by no
    more. What layers before are wrong by is passed on through the magnitudes of the weights::

        E_l = |W_l| E_(l-1) + |a - clip(a, 0, max_spikes theta)| + |V0 - V| / T

    So E is known after the run, and holds for any image and T. It grows with the depth. A
    maximum, a mean or a sum passes errors on as they are.

    Args:
        network: made of ``ann`` by `converters.lower`, with IF, signed or burst neurons.
        ann: where it came from.
        image: constant input of one sample.
        ticks: T.

    Raises:
        AssertionError: layer, neuron, rate, activation and bound.
    """
    models = {layer.name: layer.neuron for layer in network.layers}
    burst = max(m.max_spikes if isinstance(m, Signed | Burst) else 1 for m in models.values())

    def lowered(source: Ann, theta: Mapping[str, Array]) -> Network:
        kinds: dict[str, NeuronKind] = {
            name: "signed" if isinstance(models[name], Signed) else "if" for name in theta
        }
        return lower(source, theta, neuron=kinds, burst=burst)

    origin = origin_of(network, ann, (IF, Signed, Burst), lowered)
    if isinstance(origin, DoesNotApply):
        return origin
    x = np.asarray(image, dtype=np.float64)
    names = tuple(layer.name for layer in network.layers)
    run: Run = simulate(
        network,
        x,
        ticks=ticks,
        precision="float64",
        record=Record(spikes=names, potentials=names),
    )
    rounding = rounding_bounds(network, {network.inputs[0].name: x}, ticks, 2.0**-53)
    values: dict[str, Array] = {INPUT: x[None]}
    errors: dict[str, Array] = {INPUT: np.zeros((1, *x.shape))}
    for node in origin.ann.nodes:
        sources = node.inputs
        values[node.name] = apply(node.op, *(values[name] for name in sources))
        errors[node.name] = apply(_magnitude(node.op), *(errors[name] for name in sources))
        if isinstance(node.op, ops.ReLU):
            z = values[sources[0]]
            _, own = _rate(network, origin, run, node.name, z[0])
            errors[node.name] = errors[sources[0]] + own + 2 * rounding[node.name] / ticks
        elif node.name == origin.ann.output:
            errors[node.name] = errors[node.name] + 2 * rounding[node.name] / ticks
        if isinstance(node.op, ops.ReLU) or node.name == origin.ann.output:
            rate, _ = _rate(network, origin, run, node.name, values[node.name][0])
            _check(node.name, rate, values[node.name][0], errors[node.name][0])
    spikes = sum(map(len, run.spikes.values()))
    return Held(f"{len(origin.thresholds)} layers and the read-out", spikes)


def _rate(network: Network, origin: Origin, run: Run, name: str, z: Array) -> tuple[Array, Array]:
    """What a layer says per tick, and by how much it may be wrong by itself."""
    if name not in origin.thresholds:
        return run.output / run.ticks, np.zeros(run.output.shape)
    theta, neuron = origin.thresholds[name], network.layer(name).neuron
    assert isinstance(neuron, IF | Signed | Burst)
    most = theta if isinstance(neuron, IF) else theta * neuron.max_spikes
    a = np.maximum(z, 0)
    kept = np.abs(np.asarray(neuron.v0) - run.potentials[name][-1]) / run.ticks
    return theta * run.spikes[name].counts() / run.ticks, np.abs(a - np.minimum(a, most)) + kept


def _magnitude(op: ops.Op) -> ops.Op:
    """The operation that passes errors on: without its constant, by the size of its weights."""
    match op:
        case ops.Conv2d() | ops.Linear():
            return replace(op, weight=np.abs(op.weight), bias=None)
        case ops.Sparse():
            return replace(op, data=np.abs(op.data), bias=None)
        case ops.Scale(factor=factor):
            return ops.Scale(abs(factor))
        case ops.BatchNorm():
            scale, _ = op.affine()
            nothing: Any = np.zeros(scale.shape)
            return ops.BatchNorm(np.abs(scale), nothing, nothing, nothing + 1, eps=0.0)
        case _:
            return op


def _check(name: str, rate: Array, a: Array, bound: Array) -> None:
    wrong = np.argwhere(np.abs(rate - a) > bound)
    if wrong.size:
        at = tuple(int(i) for i in wrong[0])
        raise AssertionError(
            f"layer `{name}`, neuron {at}: rate {rate[at]:.9g}, activation {a[at]:.9g}, "
            f"off by {abs(rate[at] - a[at]):.3g}; the bound is {bound[at]:.3g}"
        )
