"""Which layer costs the accuracy: the ANN, with one layer's spikes after another put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.apply import apply
from converters.ann.graph import INPUT, Ann

__all__ = ["divergence", "hybrid_outputs"]

Array = NDArray[np.floating[Any]]


def hybrid_outputs(ann: Ann, images: Array, rates: Mapping[str, Array]) -> Iterator[Array]:
    """Outputs of networks between the ANN and its spiking form, (N, classes) each.

    The first is the ANN's; in the l-th after it the ReLUs 1..l, in the order of the nodes,
    give the ``rates`` of the spiking network and everything behind them is the ANN's. All
    that is linear, and max pooling, acts on rates as on activations. So where the conversion
    kept the ANN's weights, the last is the mean of what the spiking network's read-out
    receives, and from one to the next only layer l's own errors come in: its mean current
    was already made by the rates of 1..l-1. Where it changed them, what the change mends is
    to the credit of the layer before which it was made.

    Args:
        ann: batch norm folded, ReLUs named as the spiking layers.
        images: (N, *input_shape).
        rates: ``theta count / T`` of every ReLU, (N, *shape).
    """
    values: dict[str, Array] = {INPUT: images}
    for node in ann.nodes:
        values[node.name] = apply(node.op, *(values[name] for name in node.inputs))
    yield values[ann.output].reshape(len(images), -1)
    for start, node in enumerate(ann.nodes):
        if not isinstance(node.op, ops.ReLU):
            continue
        values[node.name] = rates[node.name]
        changed = {node.name}
        for later in ann.nodes[start + 1 :]:
            if not changed.isdisjoint(later.inputs):
                values[later.name] = apply(later.op, *(values[name] for name in later.inputs))
                changed.add(later.name)
        yield values[ann.output].reshape(len(images), -1)


def divergence(reference: Array, outputs: Array) -> NDArray[np.float64]:
    """Kullback-Leibler divergence of softmax(outputs) from softmax(reference), nats, (N,)."""
    log_p, log_q = _log_softmax(reference), _log_softmax(outputs)
    return np.asarray((np.exp(log_p) * (log_p - log_q)).sum(axis=1))


def _log_softmax(outputs: Array) -> NDArray[np.float64]:
    shifted = outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
