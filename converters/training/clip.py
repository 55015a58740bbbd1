"""The activation that a spiking neuron can tell: a ReLU with a ceiling that is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

__all__ = ["ClippedReLU", "initialize_thresholds", "keep_thresholds_positive", "parameter_groups"]

#: A threshold nearer to 0 would let no gradient pass through its layer any more.
_SMALLEST = 0.01


class ClippedReLU(nn.Module):  # type: ignore[misc] # torch is not there where types are checked
    """``y = min(max(x, 0), theta)`` with one trainable threshold ``theta`` for the layer.

    The rate of an IF neuron that is driven by a constant current x and worth theta a spike.
    ``d y / d theta = 1[x > theta]``, ``d y / d x = 1[0 < x < theta]``. The exporter makes it
    a `converters.ops.ReLU` with the ceiling theta.

    After Meng et al., Neural Networks 153:254-268 (2022), doi 10.1016/j.neunet.2022.06.001,
    as far as their public code shows it.

    Args:
        threshold: the first value of theta, > 0; see `initialize_thresholds`.
    """

    def __init__(self, threshold: float = 1.0) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(float(threshold)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Clip x."""
        return _Clip.apply(x, self.threshold)


class _Clip(torch.autograd.Function):  # type: ignore[misc] # as above
    """What ``x.clamp(0, theta)`` computes, with half the time for its gradients."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
        context.theta = threshold.item()
        context.save_for_backward(x)
        return nn.functional.hardtanh(x, 0.0, context.theta)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        (x,) = context.saved_tensors
        # both are zero where x is outside, and many times faster than torch.where
        inside = torch.ops.aten.hardtanh_backward(gradient, x, 0.0, context.theta)
        above = torch.ops.aten.threshold_backward(gradient, x, context.theta)
        return inside, above.sum()


def thresholds(model: nn.Module) -> Iterator[ClippedReLU]:
    """The modules of ``model`` that have one."""
    return (module for module in model.modules() if isinstance(module, ClippedReLU))


def initialize_thresholds(model: nn.Module, images: torch.Tensor, quantile: float = 0.999) -> None:
    """Set each theta to a quantile of the layer's rectified input, zeros included.

    One pass: a layer is set before its output is computed, so those behind see what they will
    see. Batch norm does as the model's present mode says.

    Args:
        model: with `ClippedReLU` modules.
        images: as the model takes them; some hundred will do.
        quantile: in (0, 1].
    """

    def measure(module: ClippedReLU, inputs: tuple[torch.Tensor]) -> None:
        value = float(np.quantile(inputs[0].detach().clamp(min=0).numpy(), quantile))
        module.threshold.data.fill_(max(value, _SMALLEST))

    hooks = [module.register_forward_pre_hook(measure) for module in thresholds(model)]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()


def keep_thresholds_positive(model: nn.Module) -> None:
    """Raise each theta to at least 0.01; the ``project`` of `converters.training.fit`."""
    with torch.no_grad():
        for module in thresholds(model):
            module.threshold.clamp_(min=_SMALLEST)


def parameter_groups(
    model: nn.Module, *, weight_decay: float, threshold_decay: float
) -> list[dict[str, Any]]:
    """The ``parameters`` of `converters.training.fit`: weights, thresholds, and the rest.

    Args:
        model: with `ClippedReLU` modules.
        weight_decay: of weights; batch norms and biases have none.
        threshold_decay: lambda of the penalty ``lambda / 2 sum theta^2``, which trades
            clipped activations for finer steps theta / T of the rate.
    """
    theta = [module.threshold for module in thresholds(model)]
    known = {id(values) for values in theta}
    others = [values for values in model.parameters() if id(values) not in known]
    return [
        {"params": [p for p in others if p.ndim > 1], "weight_decay": weight_decay},
        {"params": theta, "weight_decay": threshold_decay},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
    ]
