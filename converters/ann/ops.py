"""The operations of an ANN, with their parameters; what a node of `converters.Ann` does.

Shapes and defaults are PyTorch's: images ``(C, H, W)``, vectors ``(N,)``, convolution
weights ``OIHW``, linear weights ``(out, in)``. Parameter names are those of a
``state_dict``, so a weight is called the same in a file, here and in PyTorch.

`Op` is a closed union: code that handles operations does so by ``match`` with
`typing.assert_never`, so the type checker points at every place a new one must be handled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from converters.ann.parameters import Array, Pair, Parameters, as_pair, bias, frozen, whole
from eventsnn import NetworkError, ShapeError

__all__ = [
    "RESETS",
    "Add",
    "AvgPool2d",
    "BatchNorm",
    "Concat",
    "Conv2d",
    "Flatten",
    "GlobalAvgPool",
    "Linear",
    "MaxPool2d",
    "Op",
    "Pair",
    "ReLU",
    "Scale",
    "Sparse",
    "Spike",
    "SpikeReset",
    "Subsample",
    "pair",
]

#: What a `Spike` does to its potential after a spike.
SpikeReset = Literal["subtract", "zero"]
RESETS: tuple[SpikeReset, ...] = ("subtract", "zero")


def pair(value: int | Pair | None) -> Pair:
    """A field that construction has already normalized to a pair."""
    assert isinstance(value, tuple)
    return value


@dataclass(frozen=True, eq=False)
class Conv2d(Parameters):
    """``y = W * x + b``, a cross-correlation as ``torch.nn.Conv2d``.

    A 1-d convolution is one on images of height 1, with a kernel (1, k).

    Args:
        weight: (C_out, C_in / groups, k_y, k_x).
        bias: (C_out,) or None.
        stride, padding, dilation: an int or (rows, columns).
        groups: channels are split into this many independent groups.
    """

    weight: Array
    bias: Array | None = None
    stride: int | Pair = 1
    padding: int | Pair = 0
    dilation: int | Pair = 1
    groups: int = 1

    def __post_init__(self) -> None:
        weight = frozen(self.weight, "Conv2d.weight", 4)
        object.__setattr__(self, "weight", weight)
        if self.bias is not None:
            object.__setattr__(self, "bias", bias(self.bias, "Conv2d.bias", len(weight)))
        object.__setattr__(self, "stride", as_pair(self.stride, "Conv2d.stride", 1))
        object.__setattr__(self, "padding", as_pair(self.padding, "Conv2d.padding", 0))
        object.__setattr__(self, "dilation", as_pair(self.dilation, "Conv2d.dilation", 1))
        if self.groups < 1 or len(weight) % self.groups:
            raise ShapeError(
                f"Conv2d.groups: {self.groups} does not divide {len(weight)} output channels"
            )


@dataclass(frozen=True, eq=False)
class Linear(Parameters):
    """``y = W x + b`` on a vector; ``weight`` is (out, in), ``bias`` (out,) or None."""

    weight: Array
    bias: Array | None = None

    def __post_init__(self) -> None:
        weight = frozen(self.weight, "Linear.weight", 2)
        object.__setattr__(self, "weight", weight)
        if self.bias is not None:
            object.__setattr__(self, "bias", bias(self.bias, "Linear.bias", len(weight)))


@dataclass(frozen=True, eq=False)
class BatchNorm(Parameters):
    """``y = weight (x - running_mean) / sqrt(running_var + eps) + bias``, per channel.

    On images (C, H, W) and vectors (C,); all four parameters are (C,).
    """

    weight: Array
    bias: Array
    running_mean: Array
    running_var: Array
    eps: float = 1e-5

    def __post_init__(self) -> None:
        channels = np.size(self.weight)
        for name in ("weight", "bias", "running_mean", "running_var"):
            values = bias(getattr(self, name), f"BatchNorm.{name}", channels)
            object.__setattr__(self, name, values)
        object.__setattr__(self, "eps", float(self.eps))
        if not (math.isfinite(self.eps) and self.eps >= 0):
            raise NetworkError(f"BatchNorm.eps: expected a number >= 0, found {self.eps}")
        if np.any(self.running_var + self.eps <= 0):
            smallest = float(self.running_var.min())
            raise NetworkError(
                f"BatchNorm.running_var: expected running_var + eps > 0, found a variance of "
                f"{smallest:g} with eps = {self.eps:g}"
            )

    def affine(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(scale, shift) per channel in float64: the operation is ``scale x + shift``."""
        scale = self.weight / np.sqrt(self.running_var.astype(np.float64) + self.eps)
        return scale, self.bias - self.running_mean * scale


@dataclass(frozen=True, eq=False)
class ReLU(Parameters):
    """``y = min(max(x, 0), ceiling)``: the place where a spiking neuron goes.

    With ``levels`` it is the nearest level to that, as networks trained for conversion have it
    (QCFS: Bu et al., ICLR 2022; Fast-SNN: Hu et al., IEEE TPAMI 45:14546, 2023): for L equal
    steps ``y = ceiling / L * clip(floor(x L / ceiling + 1/2), 0, L)``, which is the rate of a
    neuron with threshold ``ceiling`` and ``v0 = ceiling / 2`` after T = L ticks.

    Args:
        ceiling: the largest value, 6 for ``torch.nn.ReLU6``; none for None. The threshold
            of the spiking neuron, which is the largest value that it can tell in a tick, is
            at most this.
        levels: L, or the levels above 0 as rising fractions of the ceiling, the last one 1; None
            for a straight line.
    """

    ceiling: float | None = None
    levels: int | tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.ceiling is not None:
            object.__setattr__(self, "ceiling", float(self.ceiling))
            if not (math.isfinite(self.ceiling) and self.ceiling > 0):
                raise NetworkError(f"ReLU.ceiling: expected a number > 0, found {self.ceiling:g}")
        if self.levels is not None:
            object.__setattr__(self, "levels", self._checked_levels())

    def _checked_levels(self) -> int | tuple[float, ...]:
        if self.ceiling is None:
            raise NetworkError("ReLU.levels: levels need a ceiling, found none")
        if isinstance(self.levels, int | np.integer):
            if self.levels < 1:
                raise NetworkError(f"ReLU.levels: expected a number >= 1, found {self.levels}")
            return int(self.levels)
        assert self.levels is not None
        levels = tuple(float(level) for level in self.levels)
        rising = all(a < b for a, b in zip((0.0, *levels), levels, strict=False))
        if not levels or not rising or levels[-1] != 1:
            raise NetworkError(
                f"ReLU.levels: expected rising fractions of the ceiling that end with 1, "
                f"found {levels}"
            )
        return levels


@dataclass(frozen=True, eq=False)
class Spike(Parameters):
    """``y = [x + mean >= threshold]``: a spiking neuron in its first step.

    In later steps it starts from what it kept: ``v <- decay v + x``, fire, reset. ``mean`` and
    ``standard_deviation`` describe the noise that stood for this in training, see
    `converters.recipes.noise`. A layer that was trained without has a standard deviation of 0.

    Args:
        decay: lambda in (0, 1]; 1 is integrate and fire without leak.
        threshold: theta > 0.
        reset: "subtract" the threshold, or to "zero".
        mean: of the noise; the potential on which the first step adds its current.
        standard_deviation: of the noise, >= 0.
    """

    decay: float = 1.0
    threshold: float = 1.0
    reset: SpikeReset = "subtract"
    mean: float = 0.0
    standard_deviation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("decay", "threshold", "mean", "standard_deviation"):
            value = float(getattr(self, name))
            object.__setattr__(self, name, value)
            if not math.isfinite(value):
                raise NetworkError(f"Spike.{name}: expected a finite number, found {value:g}")
        if not 0 < self.decay <= 1:
            raise NetworkError(f"Spike.decay: expected a number in (0, 1], found {self.decay:g}")
        if self.threshold <= 0:
            raise NetworkError(f"Spike.threshold: expected a number > 0, found {self.threshold:g}")
        if self.reset not in RESETS:
            raise NetworkError(f'Spike.reset: expected "subtract" or "zero", found {self.reset!r}')
        if self.standard_deviation < 0:
            raise NetworkError(
                f"Spike.standard_deviation: expected a number >= 0, "
                f"found {self.standard_deviation:g}"
            )


@dataclass(frozen=True, eq=False)
class Scale(Parameters):
    """``y = factor x`` with one constant for all; `BatchNorm` has one per channel."""

    factor: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", float(self.factor))
        if not math.isfinite(self.factor):
            raise NetworkError(f"Scale.factor: expected a finite number, found {self.factor}")


@dataclass(frozen=True, eq=False)
class _Pool2d(Parameters):
    kernel_size: int | Pair
    stride: int | Pair | None = None
    padding: int | Pair = 0

    def __post_init__(self) -> None:
        name = type(self).__name__
        kernel = as_pair(self.kernel_size, f"{name}.kernel_size", 1)
        stride = kernel if self.stride is None else as_pair(self.stride, f"{name}.stride", 1)
        padding = as_pair(self.padding, f"{name}.padding", 0)
        if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
            raise ShapeError(
                f"{name}.padding: {padding} is more than half the kernel {kernel}; "
                f"some windows would lie outside the image"
            )
        object.__setattr__(self, "kernel_size", kernel)
        object.__setattr__(self, "stride", stride)
        object.__setattr__(self, "padding", padding)


@dataclass(frozen=True, eq=False)
class AvgPool2d(_Pool2d):
    """Mean over windows; padding counts as zeros (``count_include_pad``, the default)."""


@dataclass(frozen=True, eq=False)
class MaxPool2d(_Pool2d):
    """Maximum over windows; padding never wins."""


@dataclass(frozen=True, eq=False)
class GlobalAvgPool(Parameters):
    """Mean over the whole image: (C, H, W) -> (C, 1, 1)."""


@dataclass(frozen=True, eq=False)
class Add(Parameters):
    """Elementwise sum of two or more inputs of one shape."""


@dataclass(frozen=True, eq=False)
class Concat(Parameters):
    """The channels of two or more inputs one after the other, as ``torch.cat(inputs, 1)``."""


@dataclass(frozen=True, eq=False)
class Flatten(Parameters):
    """(C, H, W) -> (C H W,) in C order, as ``torch.flatten(x, 1)``."""


@dataclass(frozen=True, eq=False)
class Subsample(Parameters):
    """Keeps every ``stride``-th pixel and adds zero channels, (before, after).

    The shortcut "option A" of CIFAR ResNets (He et al., arXiv 1512.03385) is
    ``Subsample(2, (planes // 4, planes // 4))``.
    """

    stride: int | Pair = 1
    pad_channels: Pair = (0, 0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stride", as_pair(self.stride, "Subsample.stride", 1))
        pad = as_pair(self.pad_channels, "Subsample.pad_channels", 0)
        object.__setattr__(self, "pad_channels", pad)


@dataclass(frozen=True, eq=False)
class Sparse(Parameters):
    """``y = W x + b`` with few synapses, on the values in C order: selections, sums, permutations.

    The matrix W is stored by rows as in `scipy.sparse.csr_array`: row i, for the i-th output in
    C order, has the weights ``data[indptr[i]:indptr[i + 1]]`` of the inputs ``indices[...]``.

    Args:
        data, indices, indptr: the matrix (outputs, inputs).
        in_features: how many inputs, of any shape.
        shape: of the output, (C, H, W) or (N,).
        bias: (outputs,) in C order, or None.
    """

    data: Array
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    in_features: int
    shape: tuple[int, ...]
    bias: Array | None = None

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) not in {1, 3} or min(shape) < 1:
            raise ShapeError(f"Sparse.shape: expected (C, H, W) or (N,), found {shape}")
        outputs = math.prod(shape)
        data = frozen(self.data, "Sparse.data", 1)
        indices = whole(self.indices, "Sparse.indices", data.size)
        indptr = whole(self.indptr, "Sparse.indptr", outputs + 1)
        if indptr[0] != 0 or indptr[-1] != data.size or np.any(np.diff(indptr) < 0):
            raise NetworkError(f"Sparse.indptr: expected rising from 0 to {data.size}")
        if indices.min() < 0 or indices.max() >= self.in_features:
            raise NetworkError(
                f"Sparse.indices: expected 0..{self.in_features - 1}, found {indices.min()} to "
                f"{indices.max()}"
            )
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "indices", indices)
        object.__setattr__(self, "indptr", indptr)
        object.__setattr__(self, "in_features", int(self.in_features))
        object.__setattr__(self, "shape", shape)
        if self.bias is not None:
            object.__setattr__(self, "bias", bias(self.bias, "Sparse.bias", outputs))

    @property
    def matrix(self) -> sp.csr_array:
        """(outputs, inputs)."""
        size = (math.prod(self.shape), self.in_features)
        return sp.csr_array((self.data, self.indices, self.indptr), size)


Op = (
    Conv2d
    | Linear
    | BatchNorm
    | ReLU
    | Spike
    | Scale
    | AvgPool2d
    | MaxPool2d
    | GlobalAvgPool
    | Add
    | Concat
    | Flatten
    | Subsample
    | Sparse
)
