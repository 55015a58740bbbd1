"""Files of format 1: how a network is fed stood among the parameters of its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eventsnn.description.codings import Coding, Events, Integers, Words
from eventsnn.description.network import Network
from eventsnn.hdf5.integer_format import IntegerFormat

__all__ = ["fed_as_format_1", "integers_of_format_1"]


def fed_as_format_1(network: Network, parameters: Mapping[str, Any]) -> Network:
    """The network with the coding that its parameters meant.

    Raises:
        KeyError, TypeError, ValueError: parameters that mean nothing.
    """
    coding: Coding | None = None
    if parameters.get("coding") == "phase":
        coding = Words(
            parameters["phases"],
            parameters["input_low"],
            parameters["input_width"],
            parameters["readings"] or 1,
        )
    elif "weight_bits" in parameters:
        largest = parameters["input_largest"]
        if parameters["input_step"] is None:
            coding = Events(most_spikes=largest)
        else:
            coding = Integers(parameters["input_step"], int(largest).bit_length() + 1)
    if coding is None:
        return network
    return replace(network, inputs=tuple(replace(node, coding=coding) for node in network.inputs))


def integers_of_format_1(parameters: Mapping[str, Any]) -> IntegerFormat | None:
    """The proof that stood among the parameters.

    Raises:
        KeyError, TypeError, ValueError: parameters that mean nothing.
    """
    if "weight_bits" not in parameters:
        return None
    return IntegerFormat(
        int(parameters["weight_bits"]),
        16 if parameters["potential_bits"] == 16 else 32,
        int(parameters["proven_ticks"]),
        "float64" if parameters["precision"] == "float64" else "float32",
    )
