"""The spiking network as currents and spikes over time, many images at once, in plain NumPy.

The dense twin of the event engine for one purpose: to choose a layer's parameters by what
comes out of it, while all layers before it already spike. A **train** is an array
(T, N, *shape), tick by tick; what does not change over time is a train of one tick,
(1, N, *shape), and broadcasts.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.apply import apply
from converters.ann.graph import INPUT, Ann, Node

__all__ = ["Fire", "Train", "at_each_tick", "mean_over", "walk"]

Train = NDArray[np.floating[Any]]

#: Name of a ReLU, train of its input, train held for it (see `walk`) -> train of its output.
Fire = Callable[[str, Train, Train | None], Train]

#: Numbers of a train that pass through an operation at once.
_PART = 2**25


def walk(
    ann: Ann,
    images: NDArray[np.floating[Any]],
    fire: Fire,
    held: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, Train]]:
    """Yield the train of each node in order; ``fire`` makes the trains of the ReLUs.

    Linear operations act tick by tick, with their bias in each, as the links of
    `converters.lower` do; a max pooling is the running maximum of `eventsnn.RunningMaximum`.
    A train is dropped after its last use.

    Args:
        ann: the network; batch norm is best folded first.
        images: (N, *input_shape), a constant current; their dtype is that of all trains.
        fire: called with the name of a ReLU, the train of its input current and the train
            held for it; returns the train of what it emits, a spike worth theta.
        held: by name of a ReLU, the earlier node whose train ``fire`` wants to see.
    """
    held = {} if held is None else held
    trains: dict[str, Train] = {INPUT: images[None]}
    uses = Counter(name for node in ann.nodes for name in node.inputs) + Counter(held.values())
    for node in ann.nodes:
        wanted = [*node.inputs, *([held[node.name]] if node.name in held else [])]
        arriving = [trains[name] for name in wanted]
        for name in wanted:
            uses[name] -= 1
            if uses[name] == 0:
                del trains[name]
        if isinstance(node.op, ops.ReLU):
            train = fire(node.name, arriving[0], arriving[1] if node.name in held else None)
        else:
            train = _linear(node, arriving)
        del arriving
        trains[node.name] = train
        yield node.name, train


def mean_over(train: Train, ticks: int) -> NDArray[np.float64]:
    """Mean over ``ticks`` ticks in float64, (N, *shape)."""
    if len(train) == 1:
        return np.asarray(train[0], dtype=np.float64)
    return np.asarray(train.sum(axis=0, dtype=np.float64) / ticks)


def _linear(node: Node, trains: list[Train]) -> Train:
    match node.op:
        case ops.Add():
            return np.asarray(functools.reduce(np.add, trains))
        case ops.Concat():
            ticks = max(len(train) for train in trains)
            whole = [np.broadcast_to(t, (ticks, *t.shape[1:])) for t in trains]
            return np.concatenate(whole, axis=2)
        case ops.MaxPool2d():
            running = at_each_tick(node.op, np.cumsum(trains[0], axis=0, dtype=trains[0].dtype))
            return np.diff(running, axis=0, prepend=0)
        case _:
            return at_each_tick(node.op, trains[0])


def at_each_tick(op: ops.Op, train: Train) -> Train:
    """``op`` on each tick and image alike; several ticks share one call."""
    ticks, images = train.shape[:2]
    at_once = max(1, _PART // train[0].size)
    parts = []
    for start in range(0, ticks, at_once):
        some = train[start : start + at_once]
        y = apply(op, some.reshape(-1, *some.shape[2:]))
        parts.append(y.reshape(len(some), images, *y.shape[1:]))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
