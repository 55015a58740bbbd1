"""Activations between 0 and a trained ceiling: what a spiking neuron can tell in a tick.

`ClippedReLU`, `QCFS` and `ScaledSpike` are such; this is what they have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from eventsnn import ConversionError

__all__ = ["Bounded", "initialize_ceilings", "keep_ceilings_positive", "parameter_groups"]

#: A ceiling nearer to 0 would let no gradient pass through its layer any more.
_SMALLEST = 0.01


class Bounded(nn.Module):  # type: ignore[misc] # torch is not there where types are checked
    """Base of the activations with values in [0, ceiling].

    Args:
        ceiling: the first value of the trained one, > 0; see `initialize_ceilings`. It becomes
            the threshold of the spiking layer.

    Raises:
        ConversionError: an impossible ceiling.
    """

    #: Of what arrives: where training had best begin.
    quantile: ClassVar[float] = 0.999

    def __init__(self, ceiling: float = 1.0) -> None:
        super().__init__()
        if not ceiling > 0:
            raise ConversionError(
                f"{type(self).__name__}.ceiling: expected a number > 0, found {ceiling}"
            )
        self.ceiling = nn.Parameter(torch.tensor(float(ceiling)))


def bounded(model: nn.Module) -> Iterator[Bounded]:
    """The modules of ``model`` that have a trained ceiling."""
    return (module for module in model.modules() if isinstance(module, Bounded))


def initialize_ceilings(
    model: nn.Module, images: torch.Tensor, quantile: float | None = None
) -> None:
    """Set each ceiling to a quantile of the layer's rectified input, zeros included.

    One pass: a layer is set before its output is computed, so those behind see what they will
    see. A module that is called several times gets the largest. Batch norm does as the model's
    present mode says.

    Args:
        model: with modules that are `Bounded`.
        images: as the model takes them; some hundred will do.
        quantile: in (0, 1]; by default that of each module's kind.
    """
    found: dict[Bounded, float] = {}

    def measure(module: Bounded, inputs: tuple[torch.Tensor]) -> None:
        rectified = inputs[0].detach().clamp(min=0).float().cpu().numpy()
        part = module.quantile if quantile is None else quantile
        value = max(float(np.quantile(rectified, part)), _SMALLEST)
        found[module] = max(value, found.get(module, 0.0))
        module.ceiling.data.fill_(found[module])

    hooks = [module.register_forward_pre_hook(measure) for module in bounded(model)]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()


def keep_ceilings_positive(model: nn.Module) -> None:
    """Raise each ceiling to at least 0.01; the ``project`` of `converters.training.fit`."""
    with torch.no_grad():
        for module in bounded(model):
            module.ceiling.clamp_(min=_SMALLEST)


def parameter_groups(
    model: nn.Module, *, weight_decay: float, ceiling_decay: float
) -> list[dict[str, Any]]:
    """The ``parameters`` of `converters.training.fit`: weights, ceilings, and the rest.

    Args:
        model: with modules that are `Bounded`.
        weight_decay: of weights; batch norms and biases have none.
        ceiling_decay: lambda of the penalty ``lambda / 2 sum ceiling^2``, which trades
            clipped activations for finer steps ceiling / T of the rate.
    """
    ceilings = [module.ceiling for module in bounded(model)]
    known = {id(values) for values in ceilings}
    others = [values for values in model.parameters() if id(values) not in known]
    return [
        {"params": [p for p in others if p.ndim > 1], "weight_decay": weight_decay},
        {"params": ceilings, "weight_decay": ceiling_decay},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
    ]
