"""Export a PyTorch model, importing PyTorch only then."""

from __future__ import annotations

import os
from typing import Any

from converters.ann.graph import Ann

__all__ = ["export"]


def export(model: Any, example: Any, path: str | os.PathLike[str]) -> Ann:
    """Write a PyTorch ``model`` as a self-describing NPZ, and return the `Ann` that it is.

    Args:
        model: a ``torch.nn.Module`` with one image as input and one value as output; it is not
            changed. See `converters.intake.export_torch.export`.
        example: preprocessed images (N, C, H, W), (N, C, L) or (N, D); one is enough.
        path: where to.

    Raises:
        MissingExtraError: PyTorch is not installed.
        UnsupportedLayerError: operations that cannot become spikes, all of them named.
        ConversionError: the network does not answer as the model does.
        OSError: the file cannot be written.
    """
    from converters.intake import export_torch

    return export_torch.export(model, example, path)
