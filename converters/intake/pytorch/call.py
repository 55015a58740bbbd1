"""What a handler sees of one operation of the running model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.intake.pytorch.graph import Graph
from converters.intake.pytorch.value import Value, constants

__all__ = ["Call", "array", "as_value", "fixed"]


@dataclass(frozen=True)
class Call:
    """One operation.

    Attributes:
        graph: what it adds nodes to.
        name: of the nodes that it becomes.
        function: PyTorch's own, to be run on other tensors.
        shapes: of its results, the batch axis included.
    """

    graph: Graph
    name: str
    function: Any
    shapes: tuple[tuple[int, ...], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first result."""
        return self.shapes[0]


def as_value(x: Any) -> Value:
    """A number, a constant tensor or a value, as a value."""
    return x if isinstance(x, Value) else constants(array(x))


def array(x: Any) -> NDArray[Any]:
    """A number or a constant tensor."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        x = x.float().numpy() if str(x.dtype) in {"torch.bfloat16", "torch.float16"} else x.numpy()
    return np.asarray(x)


def fixed(*values: Any) -> bool:
    """Whether none of them depends on the image."""
    return not any(isinstance(value, Value) for value in values)
