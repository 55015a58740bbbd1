"""A network, one sample and a run length, within the exactness budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from eventsnn.description.network import Network
from eventsnn.engine.choices import Precision
from eventsnn.testing.budget import exact_bits
from eventsnn.testing.code import as_code
from eventsnn.testing.strategies.networks import networks
from eventsnn.testing.strategies.numbers import Draw
from eventsnn.testing.strategies.samples import samples

__all__ = ["Case", "cases"]

_FLOAT32_BITS, _FLOAT64_BITS = 24, 53


@dataclass(frozen=True)
class Case:
    """A network, one sample, a run length within the exactness budget, a seed of the noise."""

    network: Network
    inputs: dict[str, Any]
    ticks: int
    precision: Precision
    seed: int = 0

    def __repr__(self) -> str:
        """Code that rebuilds the case, see `eventsnn.testing.as_code`."""
        return as_code(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """The same where hypothesis prints a failing example."""
        printer.text(as_code(self))


@st.composite
def cases(draw: Draw, *, max_ticks: int = 12) -> Case:
    """A network with inputs and as many ticks as the exactness budget allows."""
    ticks = draw(st.integers(min(4, max_ticks), max_ticks))
    network = draw(networks())
    inputs = draw(samples(network, ticks=ticks))
    while exact_bits(network, inputs, ticks) > _FLOAT64_BITS and ticks > 1:
        ticks //= 2
    needed = exact_bits(network, inputs, ticks)
    precision: Precision = "float32" if needed <= _FLOAT32_BITS else "float64"
    return Case(network, inputs, ticks, precision, draw(st.integers(0, 3)))
