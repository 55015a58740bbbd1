"""Compile a chain of synapses to the stages that the kernels know.

Three kinds: a convolution, a dense matrix, and a sparse matrix that stands for whatever
lies between them (pools, shortcuts, scales, flattening and the user's own), multiplied
out once. No convolution is ever unrolled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, assert_never

import numpy as np
import scipy.sparse as sp
from numpy.typing import DTypeLike, NDArray

from eventsnn.description.base import Shape, pair
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
    Unflatten,
    output_shape,
    pool_window,
)
from eventsnn.engine.layout import public_index, to_plan
from eventsnn.kernels import tables as t
from eventsnn.windows import inside, taps

__all__ = ["StageBuilder"]


@dataclass(frozen=True)
class _Only:
    """Passes on the spikes of some sources; not a synapse, it has no fan-out of its own."""

    members: NDArray[np.bool_]


_Between = _Only | AvgPool2d | SumPool2d | Subsample | Flatten | Unflatten | Scale | Sparse


@dataclass
class _Growing:
    """An array that is appended to piece by piece."""

    dtype: DTypeLike
    pieces: list[NDArray[Any]] = field(default_factory=list)
    size: int = 0

    def add(self, values: NDArray[Any]) -> int:
        """Append and return where the piece starts."""
        start = self.size
        self.pieces.append(np.ascontiguousarray(values, dtype=self.dtype).ravel())
        self.size += self.pieces[-1].size
        return start

    def array(self) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, dtype=self.dtype), *self.pieces])


class StageBuilder:
    """Collects the stages of all links of a plan."""

    def __init__(self, real: DTypeLike) -> None:
        self._rows: list[NDArray[np.int64]] = []
        self._weights = _Growing(real)
        self._taps = _Growing(np.int64)
        self._row_ptr = _Growing(np.int64)
        self._columns = _Growing(np.int64)
        self.largest_intermediate = 1

    @property
    def count(self) -> int:
        """Number of stages so far."""
        return len(self._rows)

    def tables(self) -> t.Stages:
        """The arrays for the kernels."""
        return t.Stages(
            table=np.array(self._rows, dtype=np.int64).reshape(-1, t.STAGE_WIDTH),
            weights=self._weights.array(),
            taps=self._taps.array(),
            row_ptr=self._row_ptr.array(),
            columns=self._columns.array(),
        )

    def add_chain(
        self, chain: tuple[Synapse, ...], shape: Shape, members: NDArray[np.bool_] | None = None
    ) -> None:
        """Append the stages of one link from a source of ``shape``, all of it or ``members``."""
        first = self.count
        waiting: list[tuple[_Between, Shape]] = []
        if members is not None:
            waiting.append((_Only(members), shape))
        for synapse in chain:
            match synapse:
                case Conv2d():
                    self._add_between(waiting)
                    self._add_conv(synapse, shape)
                case Linear():
                    if len(waiting) == 1 and isinstance(waiting[0][0], Flatten):
                        # flattening only renumbers the sources: permute the rows instead
                        order = public_index(waiting[0][1])
                        waiting.clear()
                    else:
                        self._add_between(waiting)
                        order = np.arange(shape[0])
                    self._add_dense(synapse, order)
                case _:
                    waiting.append((synapse, shape))
            shape = output_shape(synapse, shape)
        self._add_between(waiting)
        if self.count == first:
            self._add_sparse(sp.csr_array(sp.eye_array(math.prod(shape))))
        for stage in range(first, self.count - 1):
            targets = int(self._rows[stage][t.STAGE_TARGETS])
            self.largest_intermediate = max(self.largest_intermediate, targets)

    def _add_between(self, waiting: list[tuple[_Between, Shape]]) -> None:
        if not waiting:
            return
        matrix = _matrix(*waiting[0])
        for synapse, shape in waiting[1:]:
            matrix = sp.csr_array(matrix @ _matrix(synapse, shape))
        waiting.clear()
        self._add_sparse(matrix)

    def _row(self, kind: int, weights: NDArray[Any], targets: int) -> NDArray[np.int64]:
        row = np.zeros(t.STAGE_WIDTH, dtype=np.int64)
        row[t.STAGE_KIND] = kind
        row[t.STAGE_WEIGHTS] = self._weights.add(weights)
        row[t.STAGE_TARGETS] = targets
        self._rows.append(row)
        return row

    def _add_sparse(self, matrix: sp.csr_array) -> None:
        matrix.sort_indices()
        row = self._row(t.STAGE_SPARSE, matrix.data, matrix.shape[1])
        row[t.SPARSE_ROWS] = self._row_ptr.add(matrix.indptr)
        row[t.SPARSE_COLUMNS] = self._columns.add(matrix.indices)

    def _add_dense(self, dense: Linear, order: NDArray[np.int64]) -> None:
        weight = np.asarray(dense.weight)
        self._row(t.STAGE_DENSE, weight.T[order], len(weight))

    def _add_conv(self, conv: Conv2d, shape: Shape) -> None:
        weight = np.asarray(conv.weight)
        c_out, per_group, k_y, k_x = weight.shape
        group_out = c_out // conv.groups
        target = output_shape(conv, shape)
        axes = [
            _taps(
                shape[1 + a],
                target[1 + a],
                weight.shape[2 + a],
                pair(conv.stride)[a],
                pair(conv.padding)[a],
                pair(conv.dilation)[a],
            )
            for a in (0, 1)
        ]
        # (groups, c_out/g, c_in/g, ky, kx) -> [group][c_in/g][row][column][c_out/g]
        split = weight.reshape(conv.groups, group_out, per_group, k_y, k_x)
        laid = split.transpose(0, 2, 3, 4, 1)[:, :, axes[0].order][:, :, :, axes[1].order]
        row = self._row(t.STAGE_CONV, laid, math.prod(target))
        row[t.CONV_C_IN], row[t.CONV_WIDTH_IN] = shape[0], shape[2]
        row[t.CONV_C_OUT], row[t.CONV_WIDTH_OUT] = c_out, target[2]
        row[t.CONV_KERNEL_Y], row[t.CONV_KERNEL_X] = k_y, k_x
        row[t.CONV_GROUP_IN], row[t.CONV_GROUP_OUT] = per_group, group_out
        row[t.CONV_TAPS_Y] = self._taps.add(axes[0].table)
        row[t.CONV_TAPS_X] = self._taps.add(axes[1].table)
        row[t.CONV_STEP_Y], row[t.CONV_STEP_X] = axes[0].step, axes[1].step
        row[t.CONV_CONTIGUOUS] = conv.groups == 1 and axes[1].step == 1


@dataclass(frozen=True)
class _Taps:
    """Kernel positions along one axis, in the order of their targets.

    Attributes:
        order: kernel positions by phase, descending within a phase, so that successive
            ones of a pixel reach successive targets.
        table: per source pixel (first valid, end, target of the first), into ``order``.
        step: distance between successive targets.
    """

    order: list[int]
    table: NDArray[np.int64]
    step: int


def _taps(sources: int, targets: int, kernel: int, stride: int, pad: int, dilation: int) -> _Taps:
    order = sorted(range(kernel), key=lambda k: (dilation * k % stride, -k))
    table = np.zeros((sources, 3), dtype=np.int64)
    meets = taps(sources, targets, kernel, stride, pad, dilation)[:, :, order]
    for x in range(sources):
        places, reached = np.nonzero(meets[x].T)
        if places.size:
            table[x] = places[0], places[-1] + 1, reached[0]
    return _Taps(order, table, dilation // math.gcd(stride, dilation))


def _matrix(synapse: _Between, shape: Shape) -> sp.csr_array:
    """Row per source, column per target, both in plan order."""
    match synapse:
        case _Only(members=members):
            passing = sp.csr_array(sp.diags_array(to_plan(members.astype(np.float64), shape)))
            passing.eliminate_zeros()
            return passing
        case Scale(factor=factor):
            return sp.csr_array(sp.diags_array(to_plan(np.asarray(factor), shape)))
        case Flatten():
            order = public_index(shape)
            ones = np.ones(order.size)
            return sp.csr_array((ones, order, np.arange(order.size + 1)), (order.size, order.size))
        case Unflatten(shape=image):
            order = public_index(image)
            ones = np.ones(order.size)
            return sp.csr_array((ones, (order, np.arange(order.size))), (order.size, order.size))
        case Sparse(weight=weight):
            return sp.csr_array(weight.T)
        case AvgPool2d() | SumPool2d():
            kernel, stride, padding = pool_window(synapse)
            target = output_shape(synapse, shape)
            rows, columns = (
                _windows(shape[1 + a], target[1 + a], kernel[a], stride[a], padding[a])
                for a in (0, 1)
            )
            matrix = _image_matrix(rows, columns, sp.eye_array(shape[0]))
            if isinstance(synapse, AvgPool2d):
                matrix.data /= kernel[0] * kernel[1]
            return matrix
        case Subsample():
            target = output_shape(synapse, shape)
            rows, columns = (
                _windows(shape[1 + a], target[1 + a], 1, pair(synapse.stride)[a], 0) for a in (0, 1)
            )
            before, _ = synapse.pad_channels
            channels = sp.eye_array(shape[0], target[0], k=before)
            return _image_matrix(rows, columns, channels)
        case _:
            assert_never(synapse)


def _windows(sources: int, targets: int, kernel: int, stride: int, pad: int) -> sp.csr_array:
    """1 where pixel and window of one axis meet."""
    return sp.csr_array(inside(sources, targets, kernel, stride, pad).astype(np.float64))


def _image_matrix(rows: Any, columns: Any, channels: Any) -> sp.csr_array:
    """The product of what happens along the three axes, channels last."""
    return sp.csr_array(sp.kron(sp.kron(rows, columns), channels))
