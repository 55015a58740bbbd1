"""The oracle's synapses: what a chain makes of one array, dense, in plain NumPy."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsnn.description.base import Shape
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
    chain_shape,
    output_shape,
)
from eventsnn.matrix_product import matrix_product

__all__ = ["apply_chain", "unroll"]

Array = NDArray[np.float64]


def apply_chain(chain: tuple[Synapse, ...], x: ArrayLike) -> Array:
    """The dense product of a chain with one array of the source's shape."""
    y = np.asarray(x, dtype=np.float64)
    for synapse in chain:
        y = _apply(synapse, y)
    return y


def _apply(synapse: Synapse, x: Array) -> Array:
    match synapse:
        case Linear(weight=weight) | Sparse(weight=weight):
            return np.asarray(matrix_product(weight, x))
        case Conv2d():
            return _convolve(synapse, x)
        case AvgPool2d() | SumPool2d():
            (k_y, k_x) = synapse.kernel_size  # type: ignore[misc]  # normalized to a pair
            weight = np.ones((x.shape[0], 1, k_y, k_x))
            if isinstance(synapse, AvgPool2d):
                weight /= k_y * k_x
            assert synapse.stride is not None
            pool = Conv2d(weight, synapse.stride, synapse.padding, groups=x.shape[0])
            return _convolve(pool, x)
        case Subsample():
            (s_y, s_x) = synapse.stride  # type: ignore[misc]  # normalized to a pair
            return np.pad(x[:, ::s_y, ::s_x], (synapse.pad_channels, (0, 0), (0, 0)))
        case Flatten():
            return x.ravel()
        case Unflatten(shape=image):
            return x.reshape(image)
        case Scale(factor=factor):
            return x * factor
        case _:
            assert_never(synapse)


def _convolve(conv: Conv2d, x: Array) -> Array:
    """Sum over kernel positions of weight times the shifted image."""
    weight = np.asarray(conv.weight)
    (s_y, s_x), (p_y, p_x), (d_y, d_x) = conv.stride, conv.padding, conv.dilation  # type: ignore[misc]  # normalized to pairs
    _, rows, columns = output_shape(conv, x.shape)
    padded = np.pad(x, ((0, 0), (p_y, p_y), (p_x, p_x)))
    per_group = weight.shape[1]
    groups = []
    for g, kernel in enumerate(np.split(weight, conv.groups)):
        channels = padded[g * per_group : (g + 1) * per_group]
        total = np.zeros((len(kernel), rows, columns))
        for k_y in range(weight.shape[2]):
            for k_x in range(weight.shape[3]):
                y0, x0 = k_y * d_y, k_x * d_x
                shifted = channels[
                    :,
                    y0 : y0 + s_y * (rows - 1) + 1 : s_y,
                    x0 : x0 + s_x * (columns - 1) + 1 : s_x,
                ]
                total += np.tensordot(kernel[:, :, k_y, k_x], shifted, axes=1)
        groups.append(total)
    return np.concatenate(groups)


def unroll(chain: tuple[Synapse, ...], shape: Shape) -> Array:
    """The chain's matrix, row per source neuron, column per target, C order.

    One column of the identity at a time, so for small layers only.
    """
    size = int(np.prod(shape))
    rows = np.zeros((size, int(np.prod(chain_shape(chain, shape)))))
    for source in range(size):
        rows[source] = apply_chain(chain, np.eye(1, size, source).reshape(shape)).ravel()
    return rows
