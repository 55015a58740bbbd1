"""How large the activations get: the scale from which thresholds are chosen."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.forward import stream
from converters.ann.graph import Ann
from eventsnn import ConversionError

__all__ = ["Per", "activation_quantiles"]

Per = Literal["layer", "channel"]

_SMALLEST = np.finfo(np.float32).tiny

_Largest = NDArray[np.floating[Any]]  # (rows, k): the k largest values of each row so far


def activation_quantiles(
    ann: Ann,
    images: ArrayLike,
    *,
    quantile: float = 0.999,
    per: Per = "layer",
) -> dict[str, float | NDArray[np.float64]]:
    """A quantile of each ReLU's output over ``images``, zeros included.

    Exact, and equal to `numpy.quantile` of all activations together: as the number of
    activations n is known beforehand, only the ``(1 - quantile) n + 2`` largest are kept
    while the images pass by in batches. So memory grows with ``1 - quantile``, and the
    result does not depend on the batches.

    The same on every machine: the activations are float64, whose last bits differ between
    libraries of linear algebra, their threads and processors, and the quantiles are rounded
    to float32, a grid a hundred million times coarser than these differences.

    A quantile of 0 would make a neuron fire in every tick, so it is replaced by the
    largest activation seen, if that is 0 too by the largest threshold of the layer's other
    channels, and by 1 where the whole layer stayed silent. None is above the ceiling of its
    ReLU.

    Args:
        ann: the network; fold batch norm first, so that nothing is computed twice.
        images: calibration images (N, C, H, W), preprocessed.
        quantile: in (0, 1]; 1 is the maximum (Diehl et al., IJCNN 2015), 0.999 ignores
            outliers (Rueckauer et al., Front. Neurosci. 11:682, 2017).
        per: one number per "layer", or per "channel": then an array (C, 1, 1), or
            (N,) for a vector, as thresholds take it.

    Returns:
        By name of the ReLU; float or array, all positive.

    Raises:
        ConversionError: an impossible quantile or per.
        InputError: images that do not fit the network.
    """
    if not 0 < quantile <= 1:
        raise ConversionError(f"quantile: expected a number in (0, 1], found {quantile}")
    if per not in {"layer", "channel"}:
        raise ConversionError(f'per: expected "layer" or "channel", found {per!r}')
    images = np.asarray(images)
    names = ann.names_of(ops.ReLU)
    rows = {name: ann.shapes[name][0] if per == "channel" else 1 for name in names}
    counts = {name: len(images) * math.prod(ann.shapes[name]) // rows[name] for name in names}
    largest: dict[str, _Largest] = {}
    for chunk in stream(ann, images, names, dtype=np.float64):
        for name, values in chunk.items():
            by_row = values.swapaxes(0, 1) if per == "channel" else values
            seen = by_row.reshape(rows[name], -1)
            if name in largest:
                seen = np.concatenate((largest[name], seen), axis=1)
            kept = counts[name] - math.floor(_position(quantile, counts[name]))
            if kept < seen.shape[1]:
                top = np.partition(seen, seen.shape[1] - kept, axis=1)[:, -kept:]
                seen = top.copy()  # a view would keep the whole batch alive
            largest[name] = seen
    thresholds: dict[str, float | NDArray[np.float64]] = {}
    for name in names:
        values = _alive(_quantiles(largest[name], quantile, counts[name]), largest[name])
        values[:] = np.maximum(values.astype(np.float32), _SMALLEST)
        relu = ann.by_name[name].op
        assert isinstance(relu, ops.ReLU)
        if relu.ceiling is not None:
            values[values > relu.ceiling] = relu.ceiling
        if per == "layer":
            thresholds[name] = float(values[0])
        else:
            thresholds[name] = values.reshape(-1, *(1,) * (len(ann.shapes[name]) - 1))
    return thresholds


def _position(quantile: float, count: int) -> float:
    """Where the quantile lies in the sorted values; between two of them it is interpolated."""
    return quantile * (count - 1)


def _quantiles(largest: _Largest, quantile: float, count: int) -> NDArray[np.float64]:
    """The quantile of each row, whose smallest kept value is the one below the position."""
    ordered = np.sort(largest, axis=1)
    below, above = ordered[:, 0], ordered[:, min(1, ordered.shape[1] - 1)]
    fraction = _position(quantile, count) % 1
    return np.asarray(below + (above - below) * fraction)


def _alive(quantiles: NDArray[np.float64], largest: _Largest) -> NDArray[np.float64]:
    """Positive thresholds, also for rows that never or hardly ever fired."""
    alive = np.where(quantiles > 0, quantiles, largest.max(axis=1))
    spare = alive.max() if alive.max() > 0 else 1.0
    return np.where(alive > 0, alive, spare)
