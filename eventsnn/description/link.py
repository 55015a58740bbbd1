"""Links: which spikes reach a layer, through which synapses, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eventsnn.description.base import Description, Shape
from eventsnn.description.fields import frozen_array, frozen_csr
from eventsnn.description.synapses import Flatten, Scale, Sparse, Synapse, check_broadcast
from eventsnn.errors import NetworkError

__all__ = ["DelayGroup", "Link", "delay_groups"]


@dataclass(frozen=True, eq=False)
class Link(Description):
    """Spikes of ``source`` reach the layer through ``chain``, ``delay`` ticks later.

    Args:
        source: name of a layer or an input.
        chain: linear synapses in order; empty for the identity.
        delay: whole ticks >= 0; 0 arrives in the same tick, at a later position. A number;
            or an array that broadcasts to the source's shape, one per source neuron; or a
            SciPy sparse matrix (targets, sources), one per synapse, with an entry wherever
            the chain's only `Sparse` has one (stored zeros stand for delay 0).

    Raises:
        NetworkError: delays that are negative, broken, or do not match the synapses.
    """

    source: str
    chain: tuple[Synapse, ...] = ()
    delay: int | NDArray[np.integer[Any]] | Any = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "chain", tuple(self.chain))
        where = f"link from `{self.source}`"
        delay: Any
        if sp.issparse(self.delay):
            _refuse_parallel_synapses(self.delay, where)
            delay = frozen_csr(self.delay, f"{where}: delay")
            values = delay.data
            _check_pattern(delay, self.chain, where)
        else:
            if isinstance(self.delay, bool | np.bool_):
                raise NetworkError(f"{where}: delay must be a number of ticks, found {self.delay}")
            delay = values = frozen_array(self.delay, f"{where}: delay")
        if np.any(values < 0) or np.any(values != np.floor(values)):
            raise NetworkError(
                f"{where}: a delay must be an int >= 0, found {_first_bad(values):g}; "
                f"the clock is in ticks"
            )
        if not sp.issparse(delay):
            delay = delay.astype(np.int64)
            delay.flags.writeable = False
            delay = int(delay) if delay.ndim == 0 else delay
        object.__setattr__(self, "delay", delay)

    def delays(self) -> NDArray[np.int64]:
        """The different delays that occur, rising; at least one.

        Where a matrix of delays has no entry, nothing ever arrives; 1 stands for that, so
        that such a link closes no cycle.
        """
        delay: Any = self.delay
        found = np.unique(delay.data if sp.issparse(delay) else np.asarray(delay)).astype(np.int64)
        return found if found.size else np.ones(1, dtype=np.int64)

    def check_delay(self, shape: Shape) -> None:
        """Refuse delays that do not broadcast to the source's ``shape``.

        Raises:
            ShapeError: says what was found and expected.
        """
        if isinstance(self.delay, np.ndarray):
            check_broadcast(self.delay, shape, "delay")


@dataclass(frozen=True)
class DelayGroup:
    """The part of a link that has one delay: what one packet carries.

    Attributes:
        delay: of all its synapses.
        chain: the link's, with the synapses of other delays left out.
        members: which sources have this delay, in their shape; None for all.
    """

    delay: int
    chain: tuple[Synapse, ...]
    members: NDArray[np.bool_] | None = None


def delay_groups(link: Link, shape: Shape) -> tuple[DelayGroup, ...]:
    """A link whose source has ``shape``, by its different delays, rising."""
    if isinstance(link.delay, int):
        return (DelayGroup(link.delay, link.chain),)
    delays = [int(delay) for delay in link.delays()]
    if len(delays) == 1:
        return (DelayGroup(delays[0], link.chain),)
    if sp.issparse(link.delay):
        return tuple(DelayGroup(d, _only(link.chain, link.delay, d)) for d in delays)
    of_source = np.broadcast_to(link.delay, shape)
    return tuple(DelayGroup(d, link.chain, of_source == d) for d in delays)


def _only(chain: tuple[Synapse, ...], delay: Any, wanted: int) -> tuple[Synapse, ...]:
    """The chain with those synapses of its `Sparse` that have the wanted delay."""
    kept = delay.data == wanted
    rows = np.repeat(np.arange(delay.shape[0]), np.diff(delay.indptr))[kept]

    def part(sparse: Sparse) -> Sparse:
        entries = (sparse.weight.data[kept], (rows, delay.indices[kept]))
        return replace(sparse, weight=sp.coo_array(entries, sparse.weight.shape))

    return tuple(part(synapse) if isinstance(synapse, Sparse) else synapse for synapse in chain)


def _refuse_parallel_synapses(delay: Any, where: str) -> None:
    """Two delays of one pair would be added to one that nobody gave."""
    entries = sp.coo_array(delay)
    pairs = np.stack(entries.coords)
    parallel = pairs.shape[1] - np.unique(pairs, axis=1).shape[1]
    if parallel:
        raise NetworkError(
            f"{where}: {parallel} synapses are parallel to another one of the same source and "
            f"target; give them as a link of their own, with one Sparse and its delays each"
        )


def _check_pattern(delay: Any, chain: tuple[Synapse, ...], where: str) -> None:
    sparse = [synapse for synapse in chain if isinstance(synapse, Sparse)]
    others = [synapse for synapse in chain if not isinstance(synapse, Sparse | Flatten | Scale)]
    if len(sparse) != 1 or others:
        kinds = ", ".join(type(synapse).__name__ for synapse in chain) or "nothing"
        raise NetworkError(
            f"{where}: a delay per synapse needs one Sparse in the chain, beside Flatten and "
            f"Scale only, found {kinds}; other links take one delay, or one per source neuron"
        )
    weight = sparse[0].weight
    if delay.shape != weight.shape:
        raise NetworkError(
            f"{where}: the delays have shape {delay.shape}, the weights {weight.shape}"
        )
    if not np.array_equal(delay.indptr, weight.indptr) or not np.array_equal(
        delay.indices, weight.indices
    ):
        raise NetworkError(
            f"{where}: every stored weight needs a stored delay and the other way round, found "
            f"{delay.nnz} delays for {weight.nnz} weights; build both from the same rows and "
            f"columns, and keep delays of 0 as stored zeros"
        )


def _first_bad(values: NDArray[np.float64]) -> float:
    return float(values[(values < 0) | (values != np.floor(values))].flat[0])
