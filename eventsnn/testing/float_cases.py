"""Random networks whose weights no float holds exactly: beyond the exactness budget."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import numpy as np
from hypothesis import strategies as st

from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
    Unflatten,
)
from eventsnn.engine.choices import Precision
from eventsnn.testing.strategies import Case, cases

__all__ = ["float_cases"]


@st.composite
def float_cases(draw: st.DrawFn, *, max_ticks: int = 40) -> Case:
    """Cases beyond the exactness budget: weights and biases that no float holds exactly."""
    case = draw(cases(max_ticks=max_ticks))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers = tuple(
        replace(
            layer,
            bias=layer.bias * rng.uniform(0.9, 1.1, np.shape(layer.bias)),
            links=tuple(
                replace(link, chain=tuple(_off_grid(synapse, rng) for synapse in link.chain))
                for link in layer.links
            ),
        )
        for layer in case.network.layers
    )
    precision: Precision = draw(st.sampled_from(["float64", "float32"]))
    return Case(replace(case.network, layers=layers), case.inputs, case.ticks, precision, case.seed)


def _off_grid(synapse: Synapse, rng: np.random.Generator) -> Synapse:
    match synapse:
        case Linear(weight=weight) | Conv2d(weight=weight):
            return replace(synapse, weight=weight * rng.uniform(0.9, 1.1, np.shape(weight)))
        case Scale(factor=factor):
            return Scale(factor * rng.uniform(0.9, 1.1, np.shape(factor)))
        case Sparse() | AvgPool2d() | SumPool2d() | Subsample() | Flatten() | Unflatten():
            return synapse
        case _:
            assert_never(synapse)
