"""Spiking layers that are trained in one time step, with noise for what an earlier step leaves.

At T = N steps a neuron starts each step from the residual of the step before. At T = 1 there is
no step before, so the residual is drawn (a reconstruction after Jiang and Zhang, Neural
Computation 35(9):1593-1608, 2023)::

    network = nn.Sequential(nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), Spike(), ...)
    network(images)  # one step; with noise in training mode, with its mean in evaluation mode
    MultiStep(network, 4)(images)  # the same layers over four steps, to train or to measure
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from converters.training.ceilings import Bounded

__all__ = ["MultiStep", "ScaledSpike", "Spike"]

_Train = tuple[torch.Tensor, list[torch.Tensor]]


class _Fire(torch.autograd.Function):  # type: ignore[misc] # torch is not there where types are checked
    """``s = [x >= 0]``; for its gradient, that of ``arctan(pi x) / pi + 1/2``."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(x)
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        (x,) = context.saved_tensors
        return gradient / (1 + (math.pi * x).square())


def _normal(like: torch.Tensor) -> torch.Tensor:
    """Standard normal numbers, drawn in the order of memory.

    That is seven times as fast as ``torch.randn_like`` for images with channels last.
    """
    drawn = torch.randn(like.numel(), device=like.device, dtype=like.dtype)
    return drawn.as_strided(like.size(), torch.empty_like(like).stride())


class Spike(nn.Module):  # type: ignore[misc]
    """A layer of neurons: ``u = h + xi``; ``s = [u >= theta]`` for the current ``h``.

    ``xi ~ N(mean, standard_deviation^2)``, fresh for each neuron and image, stands for the
    potential that an earlier step left. In evaluation mode ``xi = mean``. The gradient of s is
    the arctan surrogate ``1 / (1 + (pi (u - theta))^2)``.

    Args:
        decay: lambda in (0, 1], by which a step multiplies what the one before left; 1 is IF.
        threshold: theta > 0.
        reset: "subtract" leaves ``u - theta`` after a spike, "zero" leaves 0.
        mean, standard_deviation: of xi. The defaults are those of a residual uniform on
            [0, theta): theta / 2 and theta / sqrt(12). Kept as buffers, so that a checkpoint
            has what `converters.training.residuals.match_noise` has measured.
    """

    def __init__(
        self,
        *,
        decay: float = 1.0,
        threshold: float = 1.0,
        reset: Literal["subtract", "zero"] = "subtract",
        mean: float | None = None,
        standard_deviation: float | None = None,
    ) -> None:
        super().__init__()
        self.decay = decay
        self.threshold = threshold
        self.reset = reset
        mean = threshold / 2 if mean is None else mean
        uniform = threshold / math.sqrt(12)
        deviation = uniform if standard_deviation is None else standard_deviation
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("standard_deviation", torch.tensor(deviation))
        self._noisy = deviation > 0  # to ask the buffer would be to wait for its device
        self._ticks: int | None = None  # of the `MultiStep` that runs this layer, if any
        self._train: _Train | None = None  # what such a run has left here

    def forward(self, current: torch.Tensor) -> torch.Tensor:
        """The spikes of a single step, 0 or 1; within a `MultiStep`, of its steps in turn."""
        if self._ticks is not None:
            self._train = self.over_ticks(current.unflatten(0, (self._ticks, -1)))
            return self._train[0].flatten(0, 1)
        potential = current + self.mean
        if self.training and self._noisy:
            potential = potential + self.standard_deviation * _normal(current)
        return _Fire.apply(potential - self.threshold)

    def set_noise(self, mean: float, standard_deviation: float) -> None:
        """Change what is drawn."""
        self.mean.fill_(mean)
        self.standard_deviation.fill_(standard_deviation)
        self._noisy = standard_deviation > 0

    def over_ticks(self, currents: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Spikes (T, N, ...) and T residuals of currents (T, N, ...), without noise.

        The potential of tick 0 starts at the mean; that of every other starts at the residual
        of the tick before: lambda times what the reset left. No gradient passes the reset.
        """
        spikes, residuals = [], []
        residual: torch.Tensor = self.mean
        for current in currents:
            potential = residual + current
            fired = _Fire.apply(potential - self.threshold)
            spikes.append(fired)
            taken = fired.detach() * (self.threshold if self.reset == "subtract" else potential)
            residual = self.decay * (potential - taken)
            residuals.append(residual)
        return torch.stack(spikes), residuals

    def extra_repr(self) -> str:
        """For ``print(network)``."""
        return (
            f"decay={self.decay:g}, threshold={self.threshold:g}, reset={self.reset}, "
            f"mean={self.mean:g}, standard_deviation={self.standard_deviation:g}"
        )


class ScaledSpike(Bounded):
    """``y = c [x + xi >= c]``: a spike worth its threshold c, which is trained.

    ``xi ~ N(c / 2, (deviation c)^2)`` in training mode, ``xi = c / 2`` in evaluation mode, as
    `Spike`, which it holds. So it takes the place of a ReLU in a trained network: in
    expectation it is nearly ``min(max(x, 0), c)``.

    Args:
        ceiling: the first value of c, > 0; see `converters.training.ceilings`.
        deviation: of the noise, in parts of c; that of a uniform residual by default. With 0
            there is none.
    """

    #: Lower than elsewhere: what is worth 0 or c is far off where x is small against c.
    quantile: ClassVar[float] = 0.9

    def __init__(self, ceiling: float = 1.0, *, deviation: float | None = None) -> None:
        super().__init__(ceiling)
        # of x / c, so that threshold and noise follow c
        self.spike = Spike(standard_deviation=deviation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """0 or the ceiling."""
        return self.spike(x / self.ceiling) * self.ceiling


class MultiStep(nn.Module):  # type: ignore[misc]
    """A network over ``ticks`` steps of one static image: mean of the outputs.

    Batch norm takes its statistics over images and steps together. Gradients flow through the
    steps, so training it is back-propagation through time.

    Args:
        network: `Spike` keeps its residual, all other layers have no memory.
        ticks: T >= 1.
        static: a module of ``network`` by which all else is reached, and before which nothing
            spikes; it is computed once and its result repeated, in place of the image.
    """

    def __init__(self, network: nn.Module, ticks: int, static: nn.Module | None = None) -> None:
        super().__init__()
        self.network = network
        self.ticks = ticks
        self._static = (static,)  # in a tuple, as it is no part beside the network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The read-out, averaged over the steps."""
        outputs, _ = self.run(images)
        return outputs.mean(0)

    def run(self, images: torch.Tensor) -> tuple[torch.Tensor, dict[str, _Train]]:
        """Read-out of each step (T, N, ...), and by name each layer's spikes and residuals."""
        spikes = {name: m for name, m in self.network.named_modules() if isinstance(m, Spike)}
        (static,) = self._static
        repeated: Any = None
        if static is None:
            images = self._repeated(images)
        else:
            repeated = static.register_forward_hook(lambda *call: self._repeated(call[-1]))
        for spike in spikes.values():
            spike._ticks = self.ticks  # noqa: SLF001 - theirs is this file
        try:
            outputs = self.network(images)
            trains = {
                name: spike._train  # noqa: SLF001
                for name, spike in spikes.items()
                if spike._train is not None  # noqa: SLF001 - one that was not reached
            }
        finally:
            for spike in spikes.values():
                spike._ticks = spike._train = None  # noqa: SLF001
            if repeated is not None:
                repeated.remove()
        return outputs.unflatten(0, (self.ticks, -1)), trains

    def _repeated(self, values: torch.Tensor) -> torch.Tensor:
        return values.repeat(self.ticks, *(1,) * (values.ndim - 1))
