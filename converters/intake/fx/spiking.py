"""Layers of neurons that were trained as such, see `converters.training.spiking`."""

from __future__ import annotations

from typing import SupportsFloat

from converters.ann import ops
from converters.intake.fx.call import Builder, Tensor

__all__ = ["spike"]


def spike(
    build: Builder,
    x: Tensor,
    decay: float,
    threshold: float,
    reset: ops.SpikeReset,
    mean: SupportsFloat,
    standard_deviation: SupportsFloat,
) -> Tensor:
    """Neurons with the parameters that they were trained with; the noise is a buffer each."""
    return build.add(ops.Spike(decay, threshold, reset, float(mean), float(standard_deviation)), x)
