"""The answer of a model, whatever it is wrapped in."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._pytree import tree_flatten

from eventsnn import UnsupportedLayerError

__all__ = ["only_tensor"]


def only_tensor(output: Any) -> torch.Tensor:
    """The one tensor in what ``forward`` returned.

    Raises:
        UnsupportedLayerError: several, or something else.
    """
    leaves = [leaf for leaf in tree_flatten(output)[0] if leaf is not None]
    if hasattr(output, "items") and not isinstance(output, dict):  # an output class of its own
        leaves = [leaf for _, leaf in output.items() if leaf is not None]
    if len(leaves) != 1 or not isinstance(leaves[0], torch.Tensor):
        kinds = ", ".join(type(leaf).__name__ for leaf in leaves) or "nothing"
        raise UnsupportedLayerError(
            f"forward: expected one tensor as output, found {type(output).__name__} of {kinds}; "
            f"wrap the model in one that returns the logits only"
        )
    return leaves[0]
