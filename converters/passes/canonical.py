"""The form in which every recipe takes an ANN."""

from __future__ import annotations

from converters.ann.graph import Ann
from converters.passes.fold_batch_norm import fold_batch_norm
from converters.passes.max_pool_before_concat import max_pool_before_concat
from converters.passes.relu_before_max_pool import relu_before_max_pool

__all__ = ["canonical"]


def canonical(ann: Ann) -> Ann:
    """The same function with batch norm folded and max pools behind ReLUs, none of a Concat.

    `relu_before_max_pool`, `fold_batch_norm`, `relu_before_max_pool` again and
    `max_pool_before_concat` in this order; on its own result it changes nothing.
    """
    folded = fold_batch_norm(relu_before_max_pool(ann))
    return max_pool_before_concat(relu_before_max_pool(folded))
