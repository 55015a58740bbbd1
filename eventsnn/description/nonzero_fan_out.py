"""Fan-out without zero weights: how many targets a spike can move at all.

The pattern of a chain is the product of the patterns of its synapses, each without its
zero weights: a target counts where some path leads to it whose weights are all nonzero.
(Weights that cancel in the sum over paths still count: hardware would add both.)

Zeros lie anywhere in a kernel, so rows and columns no longer separate. Yet one kernel sees
them only through *which of its rows and columns* lead from a source to a target: pixels in
the middle of an image all share the same few sets. Counting is done once per pair of such
sets, so a convolution is not unrolled here either. Only chains with zeros in several
synapses are followed source by source, in blocks of bounded memory.
"""

from __future__ import annotations

import math
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape, pair
from eventsnn.description.fan_out import Reach, advance, fan_out
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
from eventsnn.windows import taps

__all__ = ["effective_fan_out", "weights_and_zeros"]

Mask = NDArray[np.bool_]

#: Entries of a block of sources that are followed together.
_BLOCK = 1 << 22


def weights_and_zeros(synapse: Synapse) -> tuple[int, int]:
    """Stored weights and how many of them are 0; pools and subsampling store none."""
    match synapse:
        case Linear(weight=stored) | Conv2d(weight=stored):
            values = np.asarray(stored)
        case Sparse(weight=matrix):
            values = np.asarray(matrix.data)
        case Scale(factor=factor):
            values = np.asarray(factor)
        case AvgPool2d() | SumPool2d() | Subsample() | Flatten() | Unflatten():
            return 0, 0
        case _:
            assert_never(synapse)
    return values.size, values.size - int(np.count_nonzero(values))


def effective_fan_out(chain: tuple[Synapse, ...], shape: Shape) -> NDArray[np.int64]:
    """Number of targets that each source neuron reaches over nonzero weights, in ``shape``.

    Args:
        chain: the link's synapses.
        shape: of the source.
    """
    pruned = [step for step, synapse in enumerate(chain) if weights_and_zeros(synapse)[1]]
    if not pruned:
        return fan_out(chain, shape)
    separable = not any(isinstance(synapse, Sparse | Unflatten) for synapse in chain)
    if separable and len(pruned) == 1 and isinstance(chain[pruned[0]], Conv2d | Linear):
        return _around_one_kernel(chain, pruned[0], shape)
    return _block_by_block(chain, shape)


def _around_one_kernel(chain: tuple[Synapse, ...], at: int, shape: Shape) -> NDArray[np.int64]:
    """All synapses but ``chain[at]`` have patterns that separate into axes."""
    before = [np.eye(n, dtype=np.bool_) for n in shape]
    current = shape
    for synapse in chain[:at]:
        before = advance(before, synapse, current)
        current = output_shape(synapse, current)
    before += [np.ones((1, 1), dtype=np.bool_)] * (3 - len(before))
    kernel, rows, columns = _kernel(chain[at], tuple(axis.shape[1] for axis in before), current)
    after = [np.eye(n, dtype=np.bool_) for n in (len(kernel), rows.shape[1], columns.shape[1])]
    current = output_shape(chain[at], current)
    for synapse in chain[at + 1 :]:
        after = advance(after, synapse, current)
        current = output_shape(synapse, current)

    # which kernel rows (columns) lead from each source row to each target row
    row_sets, row_targets = _sets(_through(before[1], rows, after[1]))
    column_sets, column_targets = _sets(_through(before[2], columns, after[2]))
    reached = _any(kernel, row_sets, 2)
    reached = _any(reached, column_sets, 3)
    reached = _any(reached, before[0], 1)
    reached = _any(reached, np.ascontiguousarray(after[0].T), 0)
    targets = reached.sum(axis=0)  # (source channels, row sets, column sets)
    counts = np.einsum("cab,ya,xb->cyx", targets, row_targets, column_targets, optimize=True)
    return np.asarray(counts, dtype=np.int64).reshape(shape)


def _kernel(synapse: Synapse, sizes: tuple[int, ...], shape: Shape) -> tuple[Mask, Mask, Mask]:
    """Nonzero weights (out, in, rows, columns), and per axis (source, target, kernel index).

    A dense synapse is a kernel as large as the image that was flattened before it.
    """
    if isinstance(synapse, Linear):
        weight = np.asarray(synapse.weight)
        rows, columns = (np.eye(n, dtype=np.bool_)[:, None, :] for n in sizes[1:])
        return (weight != 0).reshape(len(weight), *sizes), rows, columns
    assert isinstance(synapse, Conv2d)
    nonzero = np.asarray(synapse.weight) != 0
    outputs, per_group = nonzero.shape[:2]
    kernel = np.zeros((outputs, shape[0], *nonzero.shape[2:]), dtype=np.bool_)
    for group in range(synapse.groups):
        targets = slice(group * outputs // synapse.groups, (group + 1) * outputs // synapse.groups)
        sources = slice(group * per_group, (group + 1) * per_group)
        kernel[targets, sources] = nonzero[targets]
    rows, columns = (
        taps(
            shape[1 + axis],
            output_shape(synapse, shape)[1 + axis],
            nonzero.shape[2 + axis],
            pair(synapse.stride)[axis],
            pair(synapse.padding)[axis],
            pair(synapse.dilation)[axis],
        )
        for axis in (0, 1)
    )
    return kernel, rows, columns


def _through(before: Reach, meets: Mask, after: Reach) -> Mask:
    """(source, target, kernel index) with what stands before and after the kernel."""
    found = [
        matrix_product(matrix_product(before.astype(np.float32), meets[:, :, k]), after)
        for k in range(meets.shape[2])
    ]
    return np.asarray(np.stack(found, axis=2) > 0)


def _sets(reach: Mask) -> tuple[Mask, NDArray[np.int64]]:
    """The distinct sets of kernel indices, and each source's number of targets by set."""
    sources, targets, kernel = reach.shape
    sets, which = np.unique(reach.reshape(-1, kernel), axis=0, return_inverse=True)
    counts = np.zeros((sources, len(sets)), dtype=np.int64)
    np.add.at(counts, (np.repeat(np.arange(sources), targets), which.ravel()), 1)
    return sets, counts


def _any(kernel: Mask, sets: Mask, axis: int) -> Mask:
    """Whether any index of each set is there: replaces an axis by one of sets."""
    if np.all(sets.sum(axis=1) == 1):
        return np.asarray(np.take(kernel, sets.argmax(axis=1), axis=axis))
    found = np.tensordot(sets.astype(np.float32), kernel.astype(np.float32), (1, axis))
    return np.asarray(np.moveaxis(found, 0, axis) > 0)


def _block_by_block(chain: tuple[Synapse, ...], shape: Shape) -> NDArray[np.int64]:
    sizes = [math.prod(shape)]
    current = shape
    for synapse in chain:
        current = output_shape(synapse, current)
        sizes.append(math.prod(current))
    counts = np.zeros(sizes[0], dtype=np.int64)
    block = max(1, _BLOCK // max(sizes))
    for start in range(0, sizes[0], block):
        sources = np.arange(start, min(start + block, sizes[0]))
        reached = np.zeros((sources.size, sizes[0]), dtype=np.bool_)
        reached[np.arange(sources.size), sources] = True
        reached = reached.reshape(-1, *shape)
        for synapse in chain:
            reached = _follow(reached, synapse)
        counts[sources] = reached.reshape(sources.size, -1).sum(axis=1)
    return counts.reshape(shape)


def _follow(reached: Mask, synapse: Synapse) -> Mask:
    """Which targets any of the reached neurons leads to; the first axis are sources."""
    shape = reached.shape[1:]
    match synapse:
        case Linear(weight=weight):
            return np.asarray(
                matrix_product(reached.astype(np.float32), (np.asarray(weight) != 0).T) > 0
            )
        case Sparse(weight=weight):
            nonzero: Any = weight.copy()
            nonzero.data = (nonzero.data != 0).astype(np.float32)
            return np.asarray(matrix_product(nonzero, reached.T.astype(np.float32)).T > 0)
        case Conv2d():
            return _windows(reached, *_kernel(synapse, shape, shape))
        case AvgPool2d() | SumPool2d():
            kernel, stride, padding = pool_window(synapse)
            targets = output_shape(synapse, shape)
            rows, columns = (
                taps(shape[1 + a], targets[1 + a], kernel[a], stride[a], padding[a]) for a in (0, 1)
            )
            same = np.eye(shape[0], dtype=np.bool_)[:, :, None, None]
            return _windows(
                reached, np.broadcast_to(same, (*same.shape[:2], *kernel)), rows, columns
            )
        case Subsample():
            step_y, step_x = pair(synapse.stride)
            channels = [(0, 0), synapse.pad_channels, (0, 0), (0, 0)]
            return np.asarray(np.pad(reached[:, :, ::step_y, ::step_x], channels))
        case Flatten():
            return reached.reshape(len(reached), -1)
        case Unflatten(shape=image):
            return reached.reshape(len(reached), *image)
        case Scale(factor=factor):
            return np.asarray(reached & (np.asarray(factor) != 0))
        case _:
            assert_never(synapse)


def _windows(reached: Mask, kernel: Mask, rows: Mask, columns: Mask) -> Mask:
    sources, channels, height, width = reached.shape
    flat = reached.astype(np.float32).reshape(sources, channels, -1)
    found: Any = 0.0
    for row in range(kernel.shape[2]):
        for column in range(kernel.shape[3]):
            images = matrix_product(kernel[:, :, row, column], flat)
            images = images.reshape(sources, len(kernel), height, width)
            image_rows = matrix_product(rows[:, :, row].T, images)
            found = found + matrix_product(image_rows, columns[:, :, column])
    return np.asarray(found > 0)
