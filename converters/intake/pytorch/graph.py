"""The ANN as it grows: values become nodes when an operation with weights or windows reads them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.shapes import Shape
from converters.intake.pytorch.nodes import Nodes, as_image, is_all, per_channel
from converters.intake.pytorch.piecewise import IDENTITY
from converters.intake.pytorch.rectifier import Rectifier, rectifier
from converters.intake.pytorch.refusal import Refusal
from converters.intake.pytorch.value import CONSTANT, Forms, Value

__all__ = ["Graph", "Sides"]

#: Zeros before and after, along rows and along columns.
Sides = tuple[ops.Pair, ops.Pair]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Elements:
    """The elements of one image: node, index within the node's image, scale, shift, form."""

    node: Ints
    index: Ints
    scale: Floats
    shift: Floats
    form: Ints

    def moving(self) -> NDArray[np.bool_]:
        """Which depend on the image."""
        return np.asarray((self.node >= 0) & (self.scale != 0))


@dataclass
class Graph(Nodes):
    """Nodes, and the values of tensors that become some."""

    forms: Forms = field(default_factory=Forms)
    _made: dict[int, tuple[Value, int]] = field(default_factory=dict)

    def value(self, number: int, shape: Sequence[int], name: str = "") -> Value:
        """All of a node, as a tensor of ``shape``."""
        return Value(tuple(shape), number, name=name)

    def node(self, value: Value) -> int:
        """The node that holds ``value``, in the ANN's shape of it.

        Raises:
            Refusal: images are mixed, or a function is no activation.
        """
        found = self._made.get(id(value))
        if found is not None:
            return found[1]
        if not value.shape or value.shape[0] != self.batch:
            raise Refusal(
                f"reads {value.shape}, made of a batch of {self.batch}; every image has an answer "
                f"of its own",
                "keep the batch as the first axis",
            )
        shape = as_image(value.shape[1:])
        number = self.whole(value)
        if number is None:
            number = self._gathered(self._of_an_image(value), shape, value.name)
        else:
            number = self.reshaped(number, shape)
        self._made[id(value)] = value, number
        return number

    def concatenated(self, value: Value) -> list[Value]:
        """The values that were joined along channels to make this one, itself for none."""
        number = self.whole(value)
        if not number or not isinstance(self.nodes[number - 1].op, ops.Concat):
            return [value]
        inputs = [self.names.index(name) for name in self.nodes[number - 1].inputs]
        return [self.value(i, (self.batch, *self.shapes[i])) for i in inputs]

    def is_rectified(self, value: Value) -> bool:
        """Whether no element is ever negative."""
        node, _, scale, shift, form = value.columns()
        kinds = np.unique(np.stack((node, scale, shift, form)).T.astype(np.float64), axis=0)
        for number, factor, offset, f in kinds:
            if number < 0 or factor == 0:
                lowest = 0.0
            elif f == 0:
                rectified = self._never_negative(int(number)) and factor > 0
                lowest = 0.0 if rectified else -np.inf
            else:
                low, high = self.forms[int(f)].bounds()
                lowest = min(factor * low, factor * high)
            if not lowest + offset >= 0:
                return False
        return True

    def _never_negative(self, number: int) -> bool:
        if number == 0:
            return False
        node = self.nodes[number - 1]
        inputs = [self.names.index(name) for name in node.inputs]
        match node.op:
            case ops.ReLU() | ops.Spike():
                return True
            case ops.Scale(factor=factor):
                return factor >= 0 and self._never_negative(inputs[0])
            case ops.Sparse():
                bias = node.op.bias
                positive = np.all(node.op.data >= 0) and (bias is None or np.all(bias >= 0))
                return bool(positive) and self._never_negative(inputs[0])
            case ops.Conv2d() | ops.Linear() | ops.BatchNorm():
                return False
            case _:
                return all(self._never_negative(source) for source in inputs)

    def bordered(self, value: Value) -> tuple[Value, Sides] | None:
        """An image inside a border of zeros; None where it is something else."""
        if len(value.shape) != 4 or not isinstance(value.node, np.ndarray):
            return None
        elements = self._of_an_image(value)
        moving = elements.moving()
        if np.any(elements.shift[~moving] != 0):
            return None
        inside = moving.reshape(value.shape[1:])
        sides = []
        for axis in (1, 2):
            where = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
            if not where.size:
                return None
            sides.append((int(where[0]), int(inside.shape[axis] - 1 - where[-1])))
        (top, bottom), (left, right) = sides
        if not any((top, bottom, left, right)):
            return None
        rows, columns = inside.shape[1:]
        core = np.arange(value.size).reshape(value.shape)[
            :, :, top : rows - bottom, left : columns - right
        ]
        cut = self._in_order(value.taken(core))
        if cut.index is not None or isinstance(cut.node, np.ndarray):
            return None
        return cut, (sides[0], sides[1])

    def whole(self, value: Value) -> int | None:
        """The node of a value that is all of one, or a function of it; None for any other.

        In the node's own shape, which may differ.
        """
        value = self._in_order(value)
        if value.index is not None or isinstance(value.node, np.ndarray) or value.node < 0:
            return None
        number = value.node
        if not is_all(value.form, 0):  # what follows the function is part of it
            value = self.forms.mapped([value], lambda f: f, value.name)
        form = self._per_image(value.form, number)
        if form is None:
            return None
        if not is_all(form, 0):
            channels = per_channel(form, self.shapes[number])
            if channels is None or not self._alike(channels):
                return None
            number = self._activation(number, channels, value.name)
        scale, shift = self._per_image(value.scale, number), self._per_image(value.shift, number)
        if scale is None or shift is None:
            return None
        return self.affine(number, scale, shift, value.name)

    def _in_order(self, value: Value) -> Value:
        """With no index where the elements are all of one node in order."""
        if value.index is None:
            return value
        node = value.node
        if isinstance(node, np.ndarray):
            if not np.all(node == node[0]):
                return value
            node = int(node[0])
        if node < 0 or value.size != self.batch * self.size(node):
            return value
        if not np.array_equal(value.index, np.arange(value.size)):
            return value
        return replace(value, node=node, index=None)

    def _per_image(self, values: Any, number: int) -> Any:
        """What is the same for every image, of one; None where it differs."""
        if not isinstance(values, np.ndarray):
            return values
        by_image = values.reshape(self.batch, self.size(number))
        return by_image[0] if np.all(by_image == by_image[0]) else None

    def _of_an_image(self, value: Value) -> _Elements:
        """The elements of one image, which are those of every other.

        Raises:
            Refusal: they are not.
        """
        node, index, scale, shift, form = (
            column.reshape(self.batch, -1) for column in value.columns()
        )
        sizes = np.array([self.size(number) for number in range(len(self.names))] or [0])
        moving = (node >= 0) & (scale != 0)
        own = np.where(moving, sizes[np.maximum(node, 0)], 0) * np.arange(self.batch)[:, None]
        within = np.where(moving, index - own, 0)
        node, form = np.where(moving, node, CONSTANT), np.where(moving, form, 0)
        if not all(np.all(c == c[0]) for c in (node, within, scale, shift, form)):
            raise Refusal(
                "reads a value that mixes the images of a batch, or their number",
                "keep the batch as the first axis, and every image apart",
            )
        return _Elements(node[0], within[0], scale[0], shift[0], form[0])

    def _activation(self, number: int, form: Any, name: str) -> int:
        """The function called ``form``, or one per channel, of all values of a node."""
        key = ("activation", number, np.asarray(form).tobytes())
        if key not in self._cached:
            kinds = {int(f): self._neuron(int(f)) for f in np.unique(form)}
            each = [kinds[int(f)] for f in np.atleast_1d(form)]
            made = self._rectified(number, [r for _, r in each], name)
            slopes = np.array([slope for slope, _ in each])
            if slopes.any():  # a function beside the value itself, as relu(x) + x
                beside = self.affine(number, slopes, np.zeros(1), ".scale")
                made = self.add(ops.Add(), beside, made, name=self.named(".sum", number))
            self._cached[key] = made
        return self._cached[key]

    def _rectified(self, number: int, each: list[Rectifier], name: str) -> int:
        """One layer of neurons, with one function or one per channel."""
        name = self.named(name or ".relu", number)
        ceilings = {r.ceiling for r in each}
        norm = 1.0 if len(ceilings) == 1 else np.array([r.ceiling for r in each])
        scale = np.array([r.scale for r in each]) / norm
        shift = np.array([r.shift for r in each]) / norm
        ceiling, levels = each[0].ceiling if len(ceilings) == 1 else 1.0, each[0].levels
        source = self.affine(number, scale, shift, f"{name}_input")
        key = ("relu", source, ceiling, levels)
        if key not in self._cached:
            self._cached[key] = self.add(ops.ReLU(ceiling, levels), source, name=name)
        made = self._cached[key]
        factor = np.array([r.factor for r in each]) * norm
        offset = np.array([r.offset for r in each])
        return self.affine(made, factor, offset, f"{self.names[made]}_output")

    def _alike(self, forms: Any) -> bool:
        """Whether one layer of neurons can compute these functions, one for each channel."""
        each = [self._neuron(int(form))[1] for form in np.unique(forms)]
        return len({(r.levels, r.ceiling is None) for r in each}) == 1

    def _neuron(self, form: int) -> tuple[float, Rectifier]:
        """A function as ``slope z`` and a rectifier."""
        function = self.forms[form]
        for slope in (0.0, *function.slopes[[0, -1]]):
            found = rectifier(function.plus(IDENTITY.affine(-float(slope), 0.0)))
            if found is not None:
                return float(slope), found
        raise Refusal(
            "is not a rectifier: the rate of a spiking neuron is min(max(x, 0), maximum), "
            "perhaps in steps",
            "replace it by ReLU, ReLU6 or a clamp and train again",
        )

    def _gathered(self, elements: _Elements, shape: Shape, name: str) -> int:
        """Any choice of elements of any nodes."""
        columns = (elements.node, elements.index, elements.scale, elements.shift, elements.form)
        digest = hashlib.blake2b(b"".join(c.tobytes() for c in columns)).digest()
        key = ("gathered", digest, shape)
        if key not in self._cached:
            self._cached[key] = self._chosen(elements, shape, name)
        return self._cached[key]

    def _chosen(self, elements: _Elements, shape: Shape, name: str) -> int:
        elements = self._activated(elements, name)
        moving = elements.moving()
        if not moving.any():
            raise Refusal(
                "reads a value that is the same for every image", "leave this part of the model out"
            )
        sub = self._subsampled(elements, shape, name)
        if sub is not None:
            return sub
        matrices = {}
        for number in np.unique(elements.node[moving]):
            rows = np.flatnonzero(moving & (elements.node == number))
            entries = (elements.scale[rows], (rows, elements.index[rows]))
            size = (len(elements.node), self.size(int(number)))
            matrices[int(number)] = sp.csr_array(sp.coo_array(entries, size))
        return self.sparse(matrices, elements.shift, shape, name or ".select")

    def _subsampled(self, elements: _Elements, shape: Shape, name: str) -> int | None:
        """Every n-th pixel from the first on, among silent channels; None for anything else."""
        moving = elements.moving()
        numbers = np.unique(elements.node[moving])
        if len(numbers) != 1 or len(shape) != 3 or np.any(elements.shift != 0):
            return None
        number = int(numbers[0])
        source = self.shapes[number]
        if len(source) != 3 or np.any(elements.scale[moving] != 1):
            return None
        channels = moving.reshape(shape[0], -1)
        alive = np.flatnonzero(channels.any(axis=1))
        if len(alive) != source[0] or not channels[alive].all() or np.any(np.diff(alive) != 1):
            return None
        first = int(alive[0])
        index = elements.index.reshape(shape)[first : first + source[0]]
        step_y = int(index[0, 1, 0] // source[2]) if shape[1] > 1 else source[1]
        step_x = int(index[0, 0, 1]) if shape[2] > 1 else source[2]
        if step_y < 1 or step_x < 1:
            return None
        lattice = np.arange(math.prod(source)).reshape(source)[:, ::step_y, ::step_x]
        if lattice.shape != index.shape or not np.array_equal(lattice, index):
            return None
        op = ops.Subsample((step_y, step_x), (first, shape[0] - first - source[0]))
        return self.add(op, number, name=self.named(name, number, "subsample"))

    def _activated(self, elements: _Elements, name: str) -> _Elements:
        """With every function of an element computed by a node."""
        node, index, form = elements.node.copy(), elements.index.copy(), elements.form.copy()
        pending = elements.moving() & (form != 0)
        for number in np.unique(node[pending]):
            here = np.flatnonzero(pending & (node == number))
            for some in self._in_groups(int(number), here, index, form):
                chosen = np.unique(index[some])
                size = self.size(int(number))
                if len(chosen) == size:
                    forms = np.zeros(size, dtype=np.int64)
                    forms[index[some]] = form[some]
                    source, places = int(number), index[some]
                else:
                    entries = (np.ones(len(chosen)), (np.arange(len(chosen)), chosen))
                    part = sp.csr_array(sp.coo_array(entries, (len(chosen), size)))
                    source = self.sparse(
                        {int(number): part}, np.zeros(1), (len(chosen),), ".select"
                    )
                    places = np.searchsorted(chosen, index[some])
                    forms = np.zeros(len(chosen), dtype=np.int64)
                    forms[places] = form[some]
                channels = per_channel(forms, self.shapes[source])
                if channels is None:
                    raise Refusal(
                        "applies another function to every pixel",
                        "use one activation for a layer or a channel",
                    )
                node[some] = self._activation(source, channels, name)
                index[some] = places
        return _Elements(node, index, elements.scale, elements.shift, np.zeros_like(form))

    def _in_groups(self, number: int, here: Ints, index: Ints, form: Ints) -> list[Ints]:
        """Elements that one layer of neurons computes: no input with two functions."""
        pairs = np.unique(np.stack((index[here], form[here])), axis=1)
        if len(np.unique(pairs[0])) == pairs.shape[1]:
            forms = np.zeros(self.size(number), dtype=np.int64)
            forms[pairs[0]] = pairs[1]
            full = pairs.shape[1] == self.size(number)
            channels = per_channel(forms, self.shapes[number]) if full else pairs[1]
            if channels is not None and self._alike(channels):
                return [here]
        return [here[form[here] == f] for f in np.unique(form[here])]
