"""Writes the JSON graph of a named architecture node by node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from converters.intake.graph_json import FORMAT, VERSION

__all__ = ["Arrays", "GraphWriter", "size"]

Arrays = Mapping[str, NDArray[Any]]


class GraphWriter:
    """The nodes so far."""

    def __init__(self) -> None:
        self._nodes: list[dict[str, Any]] = []

    def node(self, name: str, op: str, *inputs: str, **fields: Any) -> str:
        """Add a node; returns its name."""
        self._nodes.append({"name": name, "op": op, "inputs": list(inputs), **fields})
        return name

    def convolution(
        self, name: str, norm: str, source: str, channels: int, kernel: int, stride: int = 1
    ) -> str:
        """A convolution without bias that keeps the size, up to the stride, and its batch norm."""
        fields = {"kernel_size": kernel, "stride": stride, "padding": kernel // 2, "bias": False}
        conv = self.node(name, "Conv2d", source, out_channels=channels, **fields)
        return self.node(norm, "BatchNorm", conv)

    def text(self, input_shape: tuple[int, ...]) -> str:
        """The graph as JSON; the last node is the output."""
        return json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "input_shape": list(input_shape),
                "output": self._nodes[-1]["name"],
                "nodes": self._nodes,
            }
        )


def size(arrays: Arrays, key: str, *, axis: int, default: int) -> int:
    """A size read off an array; one that is missing or misshaped is reported later, by key."""
    values = arrays.get(key)
    return default if values is None or values.ndim <= axis else int(values.shape[axis])
