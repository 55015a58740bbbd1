"""A name for a network that depends on nothing but what it means."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from eventsnn.description.network import Network
from eventsnn.hdf5.network_record import network_record

__all__ = ["network_digest"]


def network_digest(network: Network) -> str:
    """SHA-256 of the description, in hexadecimal: equal for equal networks.

    Of the records that `save_network` writes, in their order; the file's compression, dates,
    preprocessing and source do not matter.
    """
    hashed = hashlib.sha256()
    _feed(hashed, network_record(network))
    return hashed.hexdigest()


def _feed(hashed: Any, value: Any) -> None:
    match value:
        case dict():
            hashed.update(b"{%d" % len(value))
            for key, item in value.items():
                hashed.update(f"{len(key)}:{key}".encode())
                _feed(hashed, item)
        case list():
            hashed.update(b"[%d" % len(value))
            for item in value:
                _feed(hashed, item)
        case str():
            encoded = value.encode()
            hashed.update(b"s%d:" % len(encoded) + encoded)
        case _:
            array = np.asarray(value)
            # -0.0 equals 0.0; little-endian on every machine
            numbers = array.astype("<f8") + 0.0
            hashed.update(f"a{array.shape}".encode() + numbers.tobytes())
