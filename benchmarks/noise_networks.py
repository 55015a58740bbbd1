"""The networks of `train_noise`: one shape for each data set, in four variants."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from torch import nn

from converters.ann.ops import SpikeReset
from converters.training.spiking import MultiStep, Spike

__all__ = ["BPTT_TICKS", "VARIANTS", "Variant", "build", "trained_form"]

Variant = Literal["noise", "none", "bptt", "ann"]
VARIANTS: tuple[Variant, ...] = ("noise", "none", "bptt", "ann")

#: Steps of the baseline trained by back-propagation through time.
BPTT_TICKS = 4


def build(
    data_set: str,
    variant: Variant,
    *,
    deviation: float | None = None,
    decay: float = 1.0,
    reset: SpikeReset = "subtract",
) -> nn.Sequential:
    """An untrained network; ``deviation`` of the noise in place of theta / sqrt(12)."""
    if variant != "noise":
        deviation = 0.0

    def activation() -> nn.Module:
        if variant == "ann":
            return nn.ReLU()
        return Spike(decay=decay, reset=reset, standard_deviation=deviation)

    return {"mnist": _mnist, "cifar10": _cifar10}[data_set](activation)


def trained_form(network: nn.Sequential, variant: Variant) -> nn.Module:
    """What the loss sees: the network itself, or its form over time."""
    return MultiStep(network, BPTT_TICKS) if variant == "bptt" else network


def _mnist(activation: Callable[[], nn.Module]) -> nn.Sequential:
    """conv5(1-16, stride 2), conv3(16-32, stride 2), 64, 10: 107,000 weights."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 5, stride=2, padding=2, bias=False),
            norm1=nn.BatchNorm2d(16),
            spike1=activation(),
            conv2=nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
            norm2=nn.BatchNorm2d(32),
            spike2=activation(),
            flatten=nn.Flatten(),
            hidden=nn.Linear(1568, 64, bias=False),
            norm3=nn.BatchNorm1d(64),
            spike3=activation(),
            output=nn.Linear(64, 10),
        )
    )


def _cifar10(activation: Callable[[], nn.Module]) -> nn.Sequential:
    """VGG-like, 3x3: 24, pool, 48, pool, 64, 64, pool, 96, pool, 10; 132,000 weights."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 3
    for number, (width, pool) in enumerate(((24, 2), (48, 2), (64, 1), (64, 2), (96, 4)), 1):
        layers[f"conv{number}"] = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        layers[f"norm{number}"] = nn.BatchNorm2d(width)
        layers[f"spike{number}"] = activation()
        if pool > 1:
            layers[f"pool{number}"] = nn.AvgPool2d(pool)
        channels = width
    layers["flatten"] = nn.Flatten()
    layers["output"] = nn.Linear(channels, 10)
    return nn.Sequential(layers)
