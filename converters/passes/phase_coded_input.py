"""The image as phase words: an input that is a number of [0, 1) per pixel."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.graph import INPUT, Ann, Node
from eventsnn import ConversionError, InputError

__all__ = ["phase_coded_input", "pixel_range"]

_NAME = "pixels"


def pixel_range(images: ArrayLike, phases: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, width) per channel: the largest word stands for the largest value, 0 for ``low``.

    A value is ``x = low + width u`` with a word u of K bits. Eight phases tell pixels of eight
    bits exactly.

    Raises:
        InputError: no images.
    """
    x = np.asarray(images, dtype=np.float64)
    if x.ndim < 2 or len(x) == 0:
        raise InputError(f"images: expected (N, C, ...) with N >= 1, found shape {x.shape}")
    axes = (0, *range(2, x.ndim))
    low, high = x.min(axis=axes), x.max(axis=axes)
    width = (high - low) * 2**phases / (2**phases - 1)
    return low, np.where(width > 0, width, 1.0)


def phase_coded_input(ann: Ann, low: NDArray[np.float64], width: NDArray[np.float64]) -> Ann:
    """An ANN of words: the first thing it does is ``x = low + width u``, per channel.

    Raises:
        ConversionError: a node already has the name that the new one needs.
    """
    if _NAME in ann.by_name:
        raise ConversionError(f"node `{_NAME}`: the name is needed for the phase-coded input")
    ones = np.ones(ann.input_shape[0])
    scale = ops.BatchNorm(width, low, 0 * ones, ones, eps=0.0)
    nodes = [Node(_NAME, scale)]
    for node in ann.nodes:
        inputs = tuple(_NAME if name == INPUT else name for name in node.inputs)
        nodes.append(dataclasses.replace(node, inputs=inputs))
    return Ann(ann.input_shape, tuple(nodes), ann.output)
