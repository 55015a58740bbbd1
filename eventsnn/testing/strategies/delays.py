"""Delays per link, per source neuron and per synapse."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from eventsnn.description.base import Shape
from eventsnn.description.synapses import Flatten, Scale, Sparse, Synapse
from eventsnn.testing.strategies.numbers import Draw, broadcast_shapes, dyadic

__all__ = ["delays"]


@st.composite
def delays(
    draw: Draw,
    chain: tuple[Synapse, ...],
    shape: Shape,
    *,
    min_delay: int = 0,
    max_delay: int = 3,
) -> Any:
    """A delay for a link with ``chain`` from a source of ``shape``; mostly one number."""
    kind = draw(st.sampled_from(["one", "one", "per source", "per synapse"]))
    sparse = [synapse for synapse in chain if isinstance(synapse, Sparse)]
    others = [synapse for synapse in chain if not isinstance(synapse, Sparse | Flatten | Scale)]
    if kind == "per synapse" and len(sparse) == 1 and not others:
        weight = sparse[0].weight
        ticks = dyadic(draw, (weight.nnz,), min_delay, max_delay, 0)
        return sp.csr_array((ticks, weight.indices, weight.indptr), weight.shape)
    if kind == "per source":
        ticks = dyadic(draw, draw(broadcast_shapes(shape)), min_delay, max_delay, 0)
        return np.asarray(ticks, dtype=np.int64)
    return draw(st.one_of(st.just(min_delay), st.integers(min_delay, max_delay)))
