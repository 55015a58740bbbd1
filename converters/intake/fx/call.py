"""What a handler sees of one call of the traced model, and how it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from converters.ann import ops
from converters.ann.graph import INPUT, Node
from converters.ann.shapes import Shape, output_shape

__all__ = ["Builder", "Call", "Ref", "Refusal", "Sides", "Tensor", "as_image"]

#: Zeros before and after, along rows and along columns.
Sides = tuple[ops.Pair, ops.Pair]

_NONE: Sides = ((0, 0), (0, 0))


class Refusal(Exception):  # noqa: N818 - caught within the package, never shown by this name
    """This call cannot become part of an ANN.

    Args:
        why: continues "node `x` (operator)".
        remedy: what to do about it.
    """

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why, remedy)
        self.why, self.remedy = why, remedy


@dataclass(frozen=True)
class Ref:
    """The result of an earlier call, as an argument."""

    name: str


@dataclass(frozen=True)
class Tensor:
    """A value that depends on the image.

    Args:
        node: of the ANN that holds it.
        shape: PyTorch's, without the batch axis.
        padding: zeros around it that only a convolution can take over.
    """

    node: str
    shape: Shape
    padding: Sides = _NONE


@dataclass(frozen=True)
class Call:
    """One call of the traced model.

    Args:
        key: what `Ref` calls the result.
        name: of the nodes that it becomes.
        operator: as the user knows it, for messages.
        function: which handler.
        args, kwargs: constants as NumPy and Python have them, other results as `Ref`.
        shape: of the result in PyTorch, without the batch axis.
    """

    key: str
    name: str
    operator: str
    function: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    shape: Shape


@dataclass
class Builder:
    """The nodes so far; handlers add theirs by `add`, named after the present call."""

    input_shape: Shape
    call: Call | None = None
    nodes: dict[str, Node] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shapes[INPUT] = as_image(self.input_shape)

    @property
    def result_shape(self) -> Shape:
        """What PyTorch makes of the present call, without the batch axis."""
        assert self.call is not None
        return self.call.shape

    def add(self, op: ops.Op, *inputs: Tensor) -> Tensor:
        """A new node.

        Raises:
            Refusal: an input is padded.
            ShapeError: the inputs do not fit.
        """
        assert self.call is not None
        if any(x.padding != _NONE for x in inputs):
            raise Refusal(
                "reads an image with zeros added around it, which only a convolution can",
                "give the padding to the operation itself",
            )
        name = self._unused(self.call.name)
        sources = tuple(x.node for x in inputs)
        self.shapes[name] = output_shape(op, tuple(self.shapes[source] for source in sources))
        self.nodes[name] = Node(name, op, sources)
        return Tensor(name, self.shapes[name])

    def shape_of(self, x: Tensor) -> Shape:
        """The ANN's shape of a value, its padding included."""
        shape = self.shapes[x.node]
        if x.padding == _NONE:
            return shape
        return shape[0], *(n + sum(p) for n, p in zip(shape[1:], x.padding, strict=True))

    def _unused(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self.shapes:
            candidate, count = f"{name}_{count}", count + 1
        return candidate


def as_image(shape: Shape) -> Shape:
    """An ANN's shape for PyTorch's: 1-d signals (C, L) are images of height 1.

    Raises:
        Refusal: more axes than channels, rows and columns, or none.
    """
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    if len(shape) not in {1, 3}:
        raise Refusal(
            f"has the shape {shape} beside the batch axis; expected (N,), (C, L) or (C, H, W)",
            "rebuild this part on images or vectors",
        )
    return shape
