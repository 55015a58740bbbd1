"""Exact fan-out: how many synapses a spike of each source neuron reaches.

The fan-out of a chain is the row length of the product of its matrices, where every
stored weight is a synapse, zeros too. Convolutions, pools and their like act on the
axes (C, H, W) one by one, so the pattern of their product is a Kronecker product of
three small boolean matrices, and no convolution is ever unrolled. Only after a
`Sparse` synapse is the pattern kept as a sparse matrix.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

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
from eventsnn.matrix_product import matrix_product
from eventsnn.windows import inside

__all__ = ["Reach", "advance", "fan_out"]

Reach = NDArray[np.bool_]  # (sources, targets) along one axis


def fan_out(chain: tuple[Synapse, ...], shape: Shape) -> NDArray[np.int64]:
    """Number of synapses from each source neuron, in ``shape``.

    Args:
        chain: the link's synapses; an empty chain is the identity, fan-out 1.
        shape: of the source.
    """
    # The targets are the product of the axes in C order, also once they are flattened.
    axes = [np.eye(n, dtype=np.bool_) for n in shape]
    current = shape
    for step, synapse in enumerate(chain):
        if isinstance(synapse, Sparse | Unflatten):
            return _from_matrix(_kronecker(axes), chain[step:], current).reshape(shape)
        axes = advance(axes, synapse, current)
        current = output_shape(synapse, current)
    counts = np.ones((), dtype=np.int64)
    for axis in axes:
        counts = np.multiply.outer(counts, axis.sum(axis=1))
    return np.asarray(counts).reshape(shape)


def advance(axes: list[Reach], synapse: Synapse, shape: Shape) -> list[Reach]:
    """The axes' patterns after one more synapse on a source of ``shape``."""
    match synapse:
        case Linear(weight=weight):
            targets = len(np.asarray(weight))
            any_target = [np.asarray(axis.any(axis=1, keepdims=True)) for axis in axes]
            return [*any_target[:-1], np.repeat(any_target[-1], targets, axis=1)]
        case Conv2d():
            weight = np.asarray(synapse.weight)
            group = np.arange(shape[0]) // weight.shape[1]
            target_group = np.arange(weight.shape[0]) // (weight.shape[0] // synapse.groups)
            target = output_shape(synapse, shape)
            rows, columns = (
                inside(
                    shape[1 + a],
                    target[1 + a],
                    weight.shape[2 + a],
                    pair(synapse.stride)[a],
                    pair(synapse.padding)[a],
                    pair(synapse.dilation)[a],
                )
                for a in (0, 1)
            )
            return _compose(axes, [group[:, None] == target_group, rows, columns])
        case AvgPool2d() | SumPool2d():
            kernel, stride, padding = pool_window(synapse)
            target = output_shape(synapse, shape)
            rows, columns = (
                inside(shape[1 + a], target[1 + a], kernel[a], stride[a], padding[a])
                for a in (0, 1)
            )
            return _compose(axes, [np.eye(shape[0], dtype=np.bool_), rows, columns])
        case Subsample():
            before, _ = synapse.pad_channels
            target = output_shape(synapse, shape)
            channels = np.eye(shape[0], target[0], before, dtype=np.bool_)
            rows, columns = (
                inside(shape[1 + a], target[1 + a], 1, pair(synapse.stride)[a], 0) for a in (0, 1)
            )
            return _compose(axes, [channels, rows, columns])
        case Flatten() | Scale():
            return axes
        case Sparse() | Unflatten():
            raise AssertionError("fan_out keeps the pattern as a matrix from here on")
        case _:
            assert_never(synapse)


def _compose(axes: list[Reach], steps: list[Reach]) -> list[Reach]:
    return [_after(axis, step) for axis, step in zip(axes, steps, strict=True)]


def _after(axis: Reach, step: Reach) -> Reach:
    if len(axis) == axis.shape[1] == axis.sum() and axis.diagonal().all():
        return step  # the first of a chain: a product with the identity
    return np.asarray(matrix_product(axis.astype(np.float32), step.astype(np.float32)) > 0)


def _kronecker(axes: list[Reach]) -> sp.csr_array:
    pattern = sp.csr_array(axes[0].astype(np.int64))
    for axis in axes[1:]:
        pattern = sp.csr_array(sp.kron(pattern, sp.csr_array(axis.astype(np.int64))))
        pattern.eliminate_zeros()  # SciPy stores them where the second factor is small and dense
    return pattern


def _from_matrix(
    pattern: sp.csr_array, chain: tuple[Synapse, ...], shape: Shape
) -> NDArray[np.int64]:
    """Row lengths of a pattern (sources, neurons of ``shape``) and the chain behind it."""
    for step, synapse in enumerate(chain):
        if isinstance(synapse, Sparse):
            stored = synapse.weight.copy()
            stored.data = np.ones(stored.data.size, dtype=np.int64)
            pattern = sp.csr_array(pattern @ stored.T)
        elif isinstance(synapse, Linear):
            reaches_any = np.diff(pattern.indptr) > 0
            weight = np.asarray(synapse.weight)
            pattern = sp.csr_array(np.outer(reaches_any, np.ones(len(weight), dtype=np.int64)))
        elif not isinstance(synapse, Flatten | Unflatten | Scale):
            lengths = np.diff(pattern.indptr)
            if np.all(lengths <= 1):  # a selection: each source reaches what its place does
                counts = np.zeros(len(lengths), dtype=np.int64)
                counts[lengths == 1] = fan_out(chain[step:], shape).ravel()[pattern.indices]
                return counts
            axes = advance([np.eye(n, dtype=np.bool_) for n in shape], synapse, shape)
            pattern = sp.csr_array(pattern @ _kronecker(axes))
        pattern.data[:] = 1
        shape = output_shape(synapse, shape)
    return np.asarray(np.diff(pattern.indptr), dtype=np.int64)
