"""Which samples are run together, which of these chunks are somebody's, and in what order."""

from __future__ import annotations

import numpy as np

from eventsnn.errors import InputError

__all__ = ["CHUNK", "chunks"]

#: Samples of a task: long enough to hide its overhead, short enough to share fairly. Journals
#: are written in these, so another number makes old journals useless.
CHUNK = 8


def chunks(
    samples: int, shard: tuple[int, int] = (1, 1), order_seed: int | None = None
) -> list[range]:
    """The samples of each chunk.

    Args:
        samples: how many there are.
        shard: (i, n): chunks i, i + n, i + 2 n, ... counted from 1, so that n shards have about
            equally many of every part of the data.
        order_seed: draws the order; None is the order of the data.

    Raises:
        InputError: no such shard, or one without any samples.
    """
    number, of = shard
    if not 1 <= number <= of:
        raise InputError(f"shard: expected i of n with 1 <= i <= n, found {number} of {of}")
    every = [range(first, min(first + CHUNK, samples)) for first in range(0, samples, CHUNK)]
    mine = every[number - 1 :: of]
    if not mine:
        raise InputError(
            f"shard {number} of {of}: {samples} samples are {len(every)} chunks of {CHUNK}, so "
            f"nothing is left for it"
        )
    if order_seed is None:
        return mine
    return [mine[at] for at in np.random.default_rng(order_seed).permutation(len(mine))]
