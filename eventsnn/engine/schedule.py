"""In which order layers run: feed-forward parts layer by layer, cycles tick by tick."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

__all__ = ["components"]


def components(layers: int, edges: list[tuple[int, int]]) -> tuple[int, NDArray[np.int64]]:
    """Strongly connected components of *all* links, numbered so that links go upwards.

    A layer without a path back to itself runs all its ticks before the next one starts,
    while its weights stay in cache; layers on a (delayed) cycle run together, tick by tick.

    Args:
        layers: how many, numbered by position.
        edges: (source layer, target layer) of each link between layers.

    Returns:
        The number of components and the component of each layer.
    """
    sources, targets = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = sp.coo_array((np.ones(sources.size), (sources, targets)), (layers, layers))
    count, label = connected_components(graph, directed=True, connection="strong")
    waiting = {c: set[int]() for c in range(count)}
    for source, target in zip(label[sources], label[targets], strict=True):
        if source != target:
            waiting[int(target)].add(int(source))
    number: dict[int, int] = {}
    while waiting:
        ready = next(c for c in waiting if waiting[c] <= number.keys())
        number[ready] = len(number)
        del waiting[ready]
    return count, np.array([number[int(c)] for c in label], dtype=np.int64)
