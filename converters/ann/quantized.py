"""The ANN whose activations are words of K bits: what a bistable network computes, dense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from converters.ann import ops
from converters.ann.apply import apply
from converters.ann.graph import INPUT, Ann

__all__ = ["as_words", "quantized_activations"]

Array = NDArray[np.floating[Any]]


def quantized_activations(
    ann: Ann,
    images: ArrayLike,
    thresholds: Mapping[str, float | NDArray[np.float64]],
    names: tuple[str, ...],
    *,
    phases: int,
    rounding: bool = True,
    dtype: DTypeLike = np.float64,
) -> dict[str, Array]:
    """The values of ``names`` where every ReLU gives a word of K bits of its theta.

    ``a = theta 2^-K clip(floor(2^K (z / theta + h)), 0, 2^K - 1)`` with ``h = 2^-(1+K)`` for
    rounding, else 0. With dyadic parameters in float64 nothing is rounded but this, and the
    words of `converters.bsnn` are these, bit for bit.

    Args:
        ann: the network, as rewritten by the conversion: `Conversion.ann`.
        images: (N, *input shape), preprocessed; all at once.
        thresholds: theta of every ReLU, by name.
        names: of the nodes asked for.
        phases, rounding: K, and whether words are the nearest ones.
        dtype: of the computation.
    """
    values: dict[str, Array] = {INPUT: np.asarray(images).astype(dtype)}
    for node in ann.nodes:
        value = apply(node.op, *(values[name] for name in node.inputs))
        if isinstance(node.op, ops.ReLU):
            z = values[node.inputs[0]]
            value = as_words(z, thresholds[node.name], phases=phases, rounding=rounding)
        values[node.name] = value
    return {name: values[name] for name in names}


def as_words(
    z: Array, threshold: float | NDArray[np.float64], *, phases: int, rounding: bool
) -> Array:
    """The words of pre-activations z, as numbers, in the dtype of z.

    ``theta 2^-K clip(floor(2^K (z / theta + h)), 0, 2^K - 1)``.
    """
    theta = np.asarray(threshold, dtype=z.dtype)
    half = np.asarray(2.0 ** -(1 + phases) if rounding else 0.0, dtype=z.dtype)
    levels = np.floor(np.ldexp(z / theta + half, phases))
    # a quotient may be rounded across a level, its product is not
    levels -= np.ldexp(levels, -phases) * theta > z + theta * half
    return np.asarray(np.ldexp(np.clip(levels, 0, 2**phases - 1), -phases) * theta)
