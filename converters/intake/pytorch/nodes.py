"""The nodes of an ANN as it grows, under names that the user knows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import INPUT, Ann, Node
from converters.ann.shapes import Shape, output_shape
from converters.intake.pytorch.refusal import Refusal

__all__ = ["Nodes", "as_image", "is_all", "per_channel"]

#: Synapses of one sparse matrix beyond which a model is refused.
_MOST_SYNAPSES = 2**25

Floats = NDArray[np.float64]


def as_image(shape: Sequence[int]) -> Shape:
    """An ANN's shape for PyTorch's: 1-d signals (C, L) are images of height 1.

    Raises:
        Refusal: more axes than channels, rows and columns, or none.
    """
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    if len(shape) not in {1, 3}:
        raise Refusal(
            f"reads a value of shape {tuple(shape)} beside the batch axis; expected (N,), (C, L) "
            f"or (C, H, W)",
            "rebuild this part on images or vectors",
        )
    return tuple(shape)


@dataclass
class Nodes:
    """Nodes by number; 0 is the image.

    Args:
        batch: images that run through the model.
        image: PyTorch's shape of one.
    """

    batch: int
    image: Shape
    names: list[str] = field(default_factory=lambda: [INPUT])
    shapes: list[Shape] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    _cached: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shapes.append(as_image(self.image))

    def ann(self, output: int) -> Ann:
        """What computes node ``output``."""
        needed = {self.names[output]}
        for node in reversed(self.nodes):
            if node.name in needed:
                needed.update(node.inputs)
        nodes = tuple(node for node in self.nodes if node.name in needed)
        return Ann(self.shapes[0], nodes, self.names[output])

    def add(self, op: ops.Op, *inputs: int, name: str) -> int:
        """A new node.

        Raises:
            ShapeError: the inputs do not fit.
        """
        unique = self._unused(name, inputs)
        shape = output_shape(op, tuple(self.shapes[source] for source in inputs))
        self.nodes.append(Node(unique, op, tuple(self.names[source] for source in inputs)))
        self.names.append(unique)
        self.shapes.append(shape)
        return len(self.names) - 1

    def size(self, number: int) -> int:
        """Numbers of a node in one image."""
        return math.prod(self.shapes[number])

    def affine(self, number: int, scale: Any, shift: Any, name: str) -> int:
        """``scale x + shift`` of a node, by numbers or arrays of one image."""
        shape = self.shapes[number]
        by_channel = [per_channel(np.asarray(v, dtype=np.float64), shape) for v in (scale, shift)]
        factor, offset = by_channel
        if factor is not None and offset is not None:
            if is_all(factor, 1) and is_all(offset, 0):
                return number
            key = ("affine", number, np.asarray(factor).tobytes(), np.asarray(offset).tobytes())
            if key not in self._cached:
                if np.size(factor) == 1 and is_all(offset, 0):
                    op: ops.Op = ops.Scale(float(np.ravel(factor)[0]))
                else:
                    weight, bias = (np.broadcast_to(v, shape[:1]) for v in (factor, offset))
                    zeros = np.zeros(shape[0])
                    op = ops.BatchNorm(weight, bias, zeros, zeros + 1, eps=0.0)
                self._cached[key] = self.add(op, number, name=self.named(name, number, "scale"))
            return self._cached[key]
        size = math.prod(shape)
        diagonal = sp.diags_array(np.broadcast_to(scale, size).astype(np.float64))
        return self.sparse(
            {number: sp.csr_array(diagonal)}, np.broadcast_to(shift, size), shape, name
        )

    def reshaped(self, number: int, shape: Shape) -> int:
        """In another shape, the values in the same order."""
        if self.shapes[number] == shape:
            return number
        key = ("shape", number, shape)
        if key not in self._cached:
            if len(shape) == 1:
                made = self.add(ops.Flatten(), number, name=f"{self.origin(number)}.flatten")
            else:
                same = sp.csr_array(sp.eye_array(self.size(number)))
                made = self.sparse({number: same}, np.zeros(1), shape, ".reshape")
            self._cached[key] = made
        return self._cached[key]

    def sparse(
        self, matrices: dict[int, sp.csr_array], shift: Floats, shape: Shape, name: str
    ) -> int:
        """The sum of sparse matrices times nodes, and a constant."""
        size = math.prod(shape)
        parts = []
        for place, (number, matrix) in enumerate(matrices.items()):
            if matrix.nnz > _MOST_SYNAPSES:
                raise Refusal(
                    f"is a matrix of {matrix.nnz} synapses, more than {_MOST_SYNAPSES}",
                    "use smaller images, or convolutions and pooling",
                )
            bias = np.broadcast_to(shift, size) if place == 0 and np.any(shift) else None
            matrix.sort_indices()
            op = ops.Sparse(
                matrix.data, matrix.indices, matrix.indptr, self.size(number), shape, bias
            )
            parts.append(self.add(op, number, name=self.named(name, number)))
        if len(parts) == 1:
            return parts[0]
        return self.add(ops.Add(), *parts, name=f"{self.named(name, parts[0])}.sum")

    def origin(self, number: int) -> str:
        """The layer with weights that a node comes from, by name."""
        by_name = {node.name: node for node in self.nodes}
        name = self.names[number]
        while name in by_name and not isinstance(by_name[name].op, ops.Conv2d | ops.Linear):
            name = max(by_name[name].inputs, key=self.names.index)
        return name

    def named(self, name: str, number: int, default: str = "node") -> str:
        """A name that begins with a dot follows the layer with weights that it comes from."""
        if not name:
            name = f".{default}"
        return f"{self.origin(number)}{name}" if name.startswith(".") else name

    def _unused(self, name: str, inputs: tuple[int, ...]) -> str:
        """The name, or another where it is taken."""
        if name in self.names and inputs:
            last = name.rpartition(".")[2]
            named = f"{self.origin(inputs[0])}.{last}"
            name = named if self.origin(inputs[0]) != INPUT else name
        candidate, count = name, 1
        while candidate in self.names:
            candidate, count = f"{name}_{count}", count + 1
        return candidate


def is_all(values: Any, number: float) -> bool:
    """Whether each of ``values`` is ``number``."""
    return bool(np.all(np.asarray(values) == number))


def per_channel(values: Any, shape: Shape) -> Any:
    """A number, or (C,), where nothing else differs; None otherwise."""
    array = np.asarray(values)
    if array.size == 1:
        return array.ravel()[0]
    if array.size == shape[0]:
        return array.ravel()
    by_channel = array.reshape(shape[0], -1)
    if not np.all(by_channel == by_channel[:, :1]):
        return None
    return by_channel[:, 0]
