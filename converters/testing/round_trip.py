"""An ANN on disk is the same ANN."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from converters.ann.forward import forward
from converters.ann.graph import Ann
from converters.intake.load import load_ann, save_ann
from eventsnn.testing.properties import Held

__all__ = ["npz_round_trip"]


def npz_round_trip(ann: Ann, image: ArrayLike) -> Held:
    """``load_ann(save_ann(ann)) = ann``, and it answers the same to the bit.

    Args:
        ann: the network.
        image: one, preprocessed.

    Raises:
        AssertionError: the node that came back as another, or both answers.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ann.npz"
        save_ann(path, ann)
        loaded = load_ann(path)
    for node, again in zip(ann.nodes, loaded.nodes, strict=True):
        assert node == again, f"node `{node.name}` came back as another"
    assert loaded == ann, "input shape or output came back as others"
    batch = np.asarray(image, dtype=np.float64)[None]
    before, after = (forward(net, batch, dtype=np.float64)[0] for net in (ann, loaded))
    assert np.array_equal(before, after), f"answered {before}, from the file {after}"
    return Held(f"{len(ann.nodes)} nodes", 0)
