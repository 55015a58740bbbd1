"""The ANN to convert: an immutable graph of operations, checked on construction."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from converters.ann import ops
from converters.ann.shapes import Shape, output_shape
from eventsnn import ConversionError, NetworkError, ShapeError

__all__ = ["INPUT", "Ann", "Node", "refuse_what_is_no_ann"]

#: Values of one node beyond which a network is refused: a misread size, not a real one.
_LARGEST = 2**31

#: The name by which nodes refer to the image.
INPUT = "input"


@dataclass(frozen=True)
class Node:
    """One operation.

    Args:
        name: unique in the graph; spiking layers are named after it.
        op: see `converters.ops`.
        inputs: names of earlier nodes, or "input".
    """

    name: str
    op: ops.Op
    inputs: tuple[str, ...] = (INPUT,)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise NetworkError(f"a node's name must be a non-empty str, found {self.name!r}")
        if not isinstance(self.op, ops.Op):
            raise NetworkError(f"node `{self.name}`: {self.op!r} is not one of converters.ops")
        if isinstance(self.inputs, str):
            raise NetworkError(
                f"node `{self.name}`: inputs must be a tuple of names, found {self.inputs!r}"
            )
        object.__setattr__(self, "inputs", tuple(self.inputs))


@dataclass(frozen=True)
class Ann:
    """A feed-forward network in inference mode, as a graph.

    Args:
        input_shape: (C, H, W) or (N,), without the batch axis.
        nodes: in an order in which every node follows its inputs.
        output: name of the node that is the answer; the last one by default.

    Raises:
        NetworkError: unknown or repeated names, a node that the output does not need, or
            a weight that is NaN or infinite; the node is named.
        ShapeError: a node whose input does not fit; names node, found and expected.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]
    output: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_shape", tuple(int(n) for n in self.input_shape))
        object.__setattr__(self, "nodes", tuple(self.nodes))
        if len(self.input_shape) not in {1, 3} or min(self.input_shape) < 1:
            raise ShapeError(
                f"input_shape: expected positive sizes (C, H, W) or (N,), found {self.input_shape}"
            )
        if not self.nodes:
            raise NetworkError("an Ann needs at least one node")
        if not self.output:
            object.__setattr__(self, "output", self.nodes[-1].name)
        self._check_names()
        for node in self.nodes:
            _check_finite(node)
        assert self.shapes  # infers all of them, and raises where one does not fit

    def _check_names(self) -> None:
        known = {INPUT}
        for node in self.nodes:
            if node.name in known:
                raise NetworkError(f"node `{node.name}`: the name is used twice")
            for name in node.inputs:
                if name not in known:
                    raise NetworkError(
                        f"node `{node.name}`: its input `{name}` is not an earlier node; "
                        f"list nodes after their inputs, and call the image `{INPUT}`"
                    )
            known.add(node.name)
        if self.output not in known - {INPUT}:
            raise NetworkError(f"output `{self.output}` is not a node of the graph")
        needed = self.ancestors((self.output,))
        unused = [node.name for node in self.nodes if node.name not in needed]
        if unused:
            raise NetworkError(
                f"the output `{self.output}` does not depend on {_quoted(unused)}; "
                f"leave these nodes out"
            )

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shape of the input and of every node, without the batch axis."""
        shapes: dict[str, Shape] = {INPUT: self.input_shape}
        for node in self.nodes:
            try:
                shapes[node.name] = output_shape(
                    node.op, tuple(shapes[name] for name in node.inputs)
                )
            except ShapeError as error:
                raise ShapeError(f"node `{node.name}`: {error}") from None
        for name, shape in shapes.items():
            if math.prod(shape) > _LARGEST:
                raise ShapeError(f"node `{name}`: shape {shape} has more than {_LARGEST} values")
        return shapes

    @cached_property
    def consumers(self) -> dict[str, tuple[Node, ...]]:
        """The nodes that read each node and the input; one that reads twice is there twice."""
        readers: dict[str, list[Node]] = {name: [] for name in (INPUT, *self.by_name)}
        for node in self.nodes:
            for name in node.inputs:
                readers[name].append(node)
        return {name: tuple(nodes) for name, nodes in readers.items()}

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes, by name."""
        return {node.name: node for node in self.nodes}

    def ancestors(self, names: tuple[str, ...]) -> set[str]:
        """``names`` and everything they are computed from."""
        needed = set(names)
        for node in reversed(self.nodes):
            if node.name in needed:
                needed.update(node.inputs)
        return needed

    def names_of(self, kind: type[ops.Op]) -> tuple[str, ...]:
        """Names of the nodes whose operation is a ``kind``, in order."""
        return tuple(node.name for node in self.nodes if isinstance(node.op, kind))

    def __str__(self) -> str:
        kinds = Counter(type(node.op).__name__ for node in self.nodes)
        content = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        return f"Ann {self.input_shape} -> {self.shapes[self.output]}: {content}"


def _check_finite(node: Node) -> None:
    for field in dataclasses.fields(node.op):
        values = getattr(node.op, field.name)
        if isinstance(values, np.ndarray):
            bad = values.size - int(np.count_nonzero(np.isfinite(values)))
            if bad:
                raise NetworkError(
                    f"node `{node.name}`: {bad} of {values.size} values of {field.name} are NaN "
                    f"or infinite; expected finite numbers, so check the training or the export"
                )


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def refuse_what_is_no_ann(ann: object) -> None:
    """Refuse what is not an `Ann`, a PyTorch module above all.

    Raises:
        ConversionError: says what was found, and how a module becomes an `Ann`.
    """
    if not isinstance(ann, Ann):
        raise ConversionError(
            "ann: expected an Ann, as converters.load_ann reads it (for a PyTorch module, "
            "converters.intake.export_torch.export writes the file and returns it), "
            f"found an object of type {type(ann).__name__}"
        )
