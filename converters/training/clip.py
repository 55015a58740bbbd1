"""The activation that a spiking neuron can tell: a ReLU with a ceiling that is learnt."""

from __future__ import annotations

from typing import Any

import torch

from converters.training.ceilings import Bounded

__all__ = ["ClippedReLU"]


class ClippedReLU(Bounded):
    """``y = min(max(x, 0), c)`` with one trained ceiling c for the layer.

    The rate of an IF neuron that is driven by a constant current x and worth c a spike.
    ``d y / d c = 1[x > c]``, ``d y / d x = 1[0 < x < c]``. The exporter makes it a
    `converters.ann.ops.ReLU` with the ceiling c.

    After Meng et al., Neural Networks 153:254-268 (2022), doi 10.1016/j.neunet.2022.06.001,
    as far as their public code shows it.

    Args:
        ceiling: the first value of c, > 0; see `converters.training.ceilings`.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Clip x."""
        return _Clip.apply(x, self.ceiling)


class _Clip(torch.autograd.Function):  # type: ignore[misc] # torch is not there where types are checked
    """What ``x.clamp(0, c)`` computes; c stays where it is, so that no device is waited for."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor, ceiling: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(x, ceiling)
        return torch.minimum(x.clamp(min=0), ceiling)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, ceiling = context.saved_tensors
        above = gradient * (x > ceiling)
        # where x is above, the difference is 0; threshold_backward is 0 where x <= 0
        inside = torch.ops.aten.threshold_backward(gradient - above, x, 0.0)
        return inside, above.sum(dtype=ceiling.dtype)
