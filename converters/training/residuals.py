"""What neurons keep from one step to the next: measured, the noise to train with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from converters.training.spiking import MultiStep, Spike

__all__ = ["Residual", "match_noise", "measure_residuals"]


@dataclass(frozen=True)
class Residual:
    """Moments of one layer's residuals.

    Attributes:
        mean, standard_deviation: over ticks, images and undecided neurons.
        undecided: share of (image, neuron) pairs that fired, but not in every tick.
    """

    mean: float
    standard_deviation: float
    undecided: float


def measure_residuals(
    network: nn.Module, images: torch.Tensor, ticks: int = 8
) -> dict[str, Residual]:
    """The residuals of each `Spike` layer while ``network`` runs ``ticks`` steps without noise.

    Only neurons that fire in some ticks and not in others count. One that never fires may sink
    without bound, one that always fires may rise without bound; what they keep decides nothing.
    """
    training = network.training
    network.eval()
    with torch.no_grad():
        _, trains = MultiStep(network, ticks).run(images)
    network.train(training)
    found = {}
    for name, (spikes, residuals) in trains.items():
        count = spikes.sum(0)
        undecided = (count > 0) & (count < ticks)
        kept = torch.stack(residuals)[:, undecided]
        if kept.numel() > 1:
            share = float(undecided.float().mean())
            found[name] = Residual(float(kept.mean()), float(kept.std()), share)
    return found


def match_noise(network: nn.Module, images: torch.Tensor, ticks: int = 8) -> dict[str, Residual]:
    """Set each layer's noise to the moments of its own residuals; returns them.

    A layer without undecided neurons keeps the noise that it has.
    """
    found = measure_residuals(network, images, ticks)
    for name, residual in found.items():
        layer = network.get_submodule(name)
        assert isinstance(layer, Spike)
        layer.set_noise(residual.mean, residual.standard_deviation)
    return found
