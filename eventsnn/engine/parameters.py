"""What a fused layer's neurons need, as rows of lanes: one for each block, or for each tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Values
from eventsnn.description.network import Layer
from eventsnn.description.neurons import IF, LI, LIF, NoReset, Subtract, ToValue
from eventsnn.engine.composed import Image
from eventsnn.engine.segments import Numbers, Rows, Tiling
from eventsnn.kernels import fused_tables as f

__all__ = ["LayerParameters", "Parameters", "layer_parameters", "parameters_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Parameters:
    """Of a layer, each (C, 1, 1) or (C, H, W); None where there is none.

    Attributes:
        bias, v0, amount: the amount is what a reset subtracts or sets.
        threshold: None for a read-out.
        low, high: clamps.
        decay: None for 1.
        reset: a kind of `eventsnn.kernels.fused_tables`.
    """

    bias: Array
    v0: Array
    threshold: Array | None
    amount: Array
    low: Array | None
    high: Array | None
    decay: Array | None
    reset: int


@dataclass(frozen=True)
class LayerParameters:
    """First rows of `eventsnn.kernels.fused_tables.FusedPlan.parameters`; -1: none."""

    each: int
    threshold: int
    amount: int
    low: int
    high: int
    decay: int
    drive: int
    initial: int
    reset: int


def parameters_of(layer: Layer, image: Image) -> Parameters:
    """The parameters of a layer that is carried."""
    neuron: Any = layer.neuron
    assert isinstance(neuron, IF | LIF | LI)

    def laid(values: Values | None) -> Array | None:
        return None if values is None else _per_channel(np.asarray(values), layer, image)

    decay = None if isinstance(neuron, IF) or np.all(neuron.decay == 1) else laid(neuron.decay)
    bias, v0 = laid(layer.bias), laid(neuron.v0)
    assert bias is not None
    assert v0 is not None
    if isinstance(neuron, LI):
        return Parameters(bias, v0, None, np.zeros_like(v0), None, None, decay, f.RESET_NONE)
    threshold = laid(neuron.threshold)
    match neuron.reset:
        case Subtract(amount=amount):
            kind, reset = f.RESET_SUBTRACT, threshold if amount is None else laid(amount)
        case ToValue(value=value):
            kind, reset = f.RESET_VALUE, laid(value)
        case NoReset():
            kind, reset = f.RESET_NONE, laid(0.0)
    assert reset is not None
    low = laid(neuron.v_min)
    high = laid(neuron.v_max) if isinstance(neuron, IF) else None
    return Parameters(bias, v0, threshold, reset, low, high, decay, kind)


def _per_channel(values: NDArray[Any], layer: Layer, image: Image) -> Array:
    """(C, 1, 1) where the values do not depend on the pixel, else (C, H, W)."""
    full = np.broadcast_to(np.asarray(values, dtype=np.float64), layer.shape).reshape(image)
    if np.all(full == full[:, :1, :1]):
        return np.ascontiguousarray(full[:, :1, :1])
    return np.ascontiguousarray(full)


def layer_parameters(
    of: Parameters, tiling: Tiling, numbers: Numbers, rows: Rows
) -> LayerParameters:
    """Append the rows of a layer's parameters."""
    real = np.dtype(numbers.potential)
    whole = np.issubdtype(real, np.integer)
    most: float = float(np.iinfo(real).max) if whole else np.inf
    least: float = float(np.iinfo(real).min) if whole else -np.inf
    values = (of.bias, of.v0, of.threshold, of.amount, of.low, of.high, of.decay)
    each = any(one is not None and one.shape[1:] != (1, 1) for one in values)

    def add(one: Array, padding: float = 0.0) -> int:
        laid = (
            tiling.per_place(np.broadcast_to(one, tiling.image), padding)
            if each
            else tiling.per_block(one[:, 0, 0], padding)
        )
        return rows.add(laid)

    def clamp(one: Array | None, otherwise: float) -> int:
        if of.low is None and of.high is None:
            return -1
        return add(np.full((tiling.image[0], 1, 1), otherwise) if one is None else one)

    threshold = np.full((tiling.image[0], 1, 1), most)
    if of.threshold is not None:
        threshold = _rounded_up(of.threshold, real)
    high = None if of.high is None else _rounded_up(of.high, real)
    return LayerParameters(
        each=int(each),
        threshold=add(threshold, most),
        amount=add(of.amount),
        low=clamp(of.low, least),
        high=clamp(high, most),
        decay=-1 if of.decay is None else add(of.decay),
        drive=add(of.bias),
        initial=add(of.v0),
        reset=of.reset,
    )


def _rounded_up(values: Array, real: np.dtype[Any]) -> Array:
    """Thresholds so that v >= theta holds for the same v of that precision."""
    if np.issubdtype(real, np.integer):
        return np.ceil(values)
    rounded = values.astype(real)
    up = np.where(rounded < values, np.nextafter(rounded, real.type(np.inf)), rounded)
    return up.astype(np.float64)
