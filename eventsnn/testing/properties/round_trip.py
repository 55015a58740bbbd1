"""A network on disk is the same network."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from eventsnn.hdf5 import NetworkFile, load_network, save_network
from eventsnn.testing.properties.agreement import agree
from eventsnn.testing.properties.observation import observe
from eventsnn.testing.properties.outcome import Held, Outcome
from eventsnn.testing.strategies import Case

__all__ = ["hdf5_round_trip"]


def hdf5_round_trip(case: Case) -> Outcome:
    """``load(save(network)) = network``, and it runs the same.

    Raises:
        AssertionError: the layer that came back as another, or the first difference.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.h5"
        save_network(path, NetworkFile(case.network))
        loaded = load_network(path).network
    for layer, again in zip(case.network.layers, loaded.layers, strict=True):
        assert layer == again, f"layer `{layer.name}` came back as another"
    assert loaded == case.network, "inputs or output came back as others"
    expected = observe(case)
    outcome = agree(case, expected, observe(replace(case, network=loaded)), "from the file")
    assert outcome == Held("equal to the bit", expected.count()), outcome
    return outcome
