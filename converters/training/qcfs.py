"""An activation of few levels: what a rate over few steps can tell, trained for in advance."""

from __future__ import annotations

import torch

from converters.training.ceilings import Bounded
from eventsnn import ConversionError

__all__ = ["QCFS"]


class QCFS(Bounded):
    """``y = c clip(floor(L x / c + 1/2) / L, 0, 1)`` with L levels and a trained ceiling c.

    Quantization, clip, floor and shift: exactly the rate, over L steps from a potential of
    c / 2, of an IF neuron with threshold c that is driven by the constant current x. So a
    network trained with it loses nothing but deviation errors at T = L.

    In training the floor is passed straight through: ``d y / d x = 1[0 < x < c]``, and
    ``d y / d c`` is 1 above the ceiling and ``(y - x) / c`` between, what rounding moved.

    After Bu et al., "Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency
    spiking neural networks", ICLR 2022, arXiv 2303.04347.

    Args:
        levels: L >= 1; the values of y are the multiples of c / L from 0 to c.
        ceiling: the first value of c, > 0.

    Raises:
        ConversionError: impossible levels or ceiling.
    """

    def __init__(self, levels: int, ceiling: float = 1.0) -> None:
        super().__init__(ceiling)
        if not isinstance(levels, int) or levels < 1:
            raise ConversionError(f"QCFS.levels: expected an int >= 1, found {levels!r}")
        self.levels = levels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Quantize x."""
        part = (x / self.ceiling).clamp(0, 1)
        rounded = torch.floor(part * self.levels + 0.5) / self.levels
        # the value of `rounded`, to the bit, with the gradient of `part`
        return self.ceiling * (rounded.detach() + (part - part.detach()))

    def extra_repr(self) -> str:
        """For ``print(network)``."""
        return f"levels={self.levels}, ceiling={self.ceiling:g}"
