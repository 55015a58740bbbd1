"""Weights of one layer moved a little, so that spiking inputs give the ANN's pre-activation."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import INPUT, Ann
from eventsnn.matrix_product import matrix_product

__all__ = ["change_of_weights", "refittable"]

Array = NDArray[np.floating[Any]]

#: Windows (of a linear layer: images) from which weights are fitted, per weight of a neuron.
_ROWS_PER_WEIGHT = 40
_LEAST_ROWS = 4000


def refittable(ann: Ann, relu: str) -> str | None:
    """The convolution or linear node whose weights can make up for errors before ``relu``.

    It feeds the ReLU, alone or through a sum, nothing else reads it, it does not read the
    image (which is exact), and a convolution has one group.
    """

    def found(name: str) -> str | None:
        node = ann.by_name.get(name)
        if node is None or len(ann.consumers[name]) != 1:
            return None
        match node.op:
            case ops.Add():
                return next((n for n in map(found, node.inputs) if n is not None), None)
            case ops.Conv2d(groups=1) | ops.Linear() if node.inputs[0] != INPUT:
                return name
            case _:
                return None

    return found(ann.by_name[relu].inputs[0])


def change_of_weights(
    op: ops.Conv2d | ops.Linear,
    inputs: Array,
    missing: Array,
    ridge: float,
    rng: np.random.Generator,
) -> ops.Conv2d | ops.Linear:
    """An operation D such that ``op + D`` gives what is missing, as well as weights can.

    With x the inputs that one output sees and m what is missing from it, D minimizes
    ``mean |D x + d - m|^2 + ridge mean |x|^2 |D|^2``, its constant d free: so the weights
    stay near the trained ones unless many outputs agree on a change.

    Args:
        op: the operation; a convolution of one group.
        inputs: rates that arrive, (N, *shape).
        missing: wanted minus present outputs of ``op``, (N, *shape of its output).
        ridge: > 0.
        rng: draws the windows of a convolution.
    """
    if isinstance(op, ops.Linear):
        rows, wanted = inputs, missing
    else:
        rows, wanted = _windows(op, inputs, missing, rng)
    x = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    moments = matrix_product(x.T, x)
    scale = np.trace(moments[:-1, :-1]) / (len(moments) - 1)
    penalty = np.full(len(moments), ridge * scale + np.finfo(np.float64).tiny)
    penalty[-1] = 1e-9 * len(rows)  # the constant is free, whatever the inputs are
    change = np.linalg.solve(moments + np.diag(penalty), matrix_product(x.T, wanted))
    weight = change[:-1].T.reshape(op.weight.shape)
    return dataclasses.replace(op, weight=weight, bias=np.ascontiguousarray(change[-1]))


def _windows(
    conv: ops.Conv2d, inputs: Array, missing: Array, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Some windows of the inputs, (rows, weights), and what is missing there, (rows, C)."""
    (p_y, p_x), (d_y, d_x) = ops.pair(conv.padding), ops.pair(conv.dilation)
    (s_y, s_x), (k_y, k_x) = ops.pair(conv.stride), conv.weight.shape[2:]
    padded = np.pad(inputs, ((0, 0), (0, 0), (p_y, p_y), (p_x, p_x)))
    spans = (d_y * (k_y - 1) + 1, d_x * (k_x - 1) + 1)
    windows = sliding_window_view(padded, spans, axis=(2, 3))
    windows = windows[:, :, ::s_y, ::s_x, ::d_y, ::d_x]
    images, _, height, width = missing.shape
    outputs = images * height * width
    rows = max(_LEAST_ROWS, _ROWS_PER_WEIGHT * conv.weight[0].size)
    chosen = np.arange(outputs)
    if outputs > rows:
        chosen = np.sort(rng.choice(outputs, rows, replace=False))
    image, pixel = np.divmod(chosen, height * width)
    y, x = np.divmod(pixel, width)
    seen = windows[image, :, y, x].reshape(len(chosen), -1)
    return seen.astype(np.float64), missing[image, :, y, x].astype(np.float64)
