# ruff: noqa: ARG005 - one signature for every step
"""A hypothesis strategy for PyTorch models as people write them, to test exports with.

Needs PyTorch, and is imported by itself for that reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from hypothesis import strategies as st
from torch import nn

__all__ = ["Drawn", "torch_models"]

#: A step: what to do with the present value and those kept before.
_Step = Callable[["Drawn", torch.Tensor, list[torch.Tensor]], torch.Tensor]


class Drawn(nn.Module):  # type: ignore[misc] # torch is not there where types are checked
    """Steps on an image, one after the other, then a linear read-out of what is left.

    Values that are kept are kept as they are, not copied: what later steps do in place is seen
    through them.
    """

    def __init__(self, channels: int, steps: list[str], seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.names = steps
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(len(steps))
        )
        self.norm = nn.BatchNorm2d(channels)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        self.relu = nn.ReLU(inplace=True)
        self.up = nn.Parameter(torch.tensor(0.7))
        self.weight = nn.Parameter(torch.randn(3, 4096))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The answer (N, 3)."""
        kept = [x]
        for number, name in enumerate(self.names):
            self.conv = self.convs[number]
            x = _STEPS[name](self, x, kept)
        flat = torch.flatten(x, 1)
        return F.linear(flat, self.weight[:, : flat.shape[1]])

    def extra_repr(self) -> str:
        """What is done, for failing examples."""
        return "; ".join(self.names)


def _keep(x: torch.Tensor, kept: list[torch.Tensor]) -> torch.Tensor:
    kept.append(x)
    return x


def _with_kept(x: torch.Tensor, kept: list[torch.Tensor], join: Callable[..., Any]) -> torch.Tensor:
    other = next((k for k in reversed(kept) if k.shape == x.shape), None)
    made: torch.Tensor = x if other is None else join(x, other)
    return made


def _through_view(x: torch.Tensor, change: Callable[[torch.Tensor], Any]) -> torch.Tensor:
    change(x[:, :1])
    return x


def _alone(x: torch.Tensor, change: Callable[[torch.Tensor], Any]) -> torch.Tensor:
    change(x)
    return x


def _conv(m: Drawn, x: torch.Tensor) -> torch.Tensor:
    convolution: Any = m.conv
    made: torch.Tensor = convolution(x) if x.shape[1] == convolution.in_channels else x
    return made


def _levels(m: Drawn, x: torch.Tensor) -> torch.Tensor:
    part = (x / m.up).clamp(0, 1)
    return ((part * 4 + 0.5).floor() / 4 - part).detach() * m.up + part * m.up


def _framed(x: torch.Tensor) -> torch.Tensor:
    frame = x.new_zeros(len(x), x.shape[1], x.shape[2] + 2, x.shape[3] + 2)
    frame[:, :, 1:-1, 1:-1] = x
    return frame


_STEPS: dict[str, _Step] = {
    "conv": lambda m, x, k: _conv(m, x),
    "conv, ReLU": lambda m, x, k: F.relu(_conv(m, x)),
    "conv, norm": lambda m, x, k: m.norm(_conv(m, x)) if x.shape[1] == m.norm.num_features else x,
    "conv, ReLU(inplace)": lambda m, x, k: m.relu(_conv(m, x)),
    "ReLU(inplace)": lambda m, x, k: m.relu(x),
    "ReLU(inplace), not assigned": lambda m, x, k: _alone(x, m.relu),
    "relu_ through a view": lambda m, x, k: _through_view(x, F.relu_),
    "mul_ through a view": lambda m, x, k: _through_view(x, lambda v: v.mul_(0.5)),
    "clamp_(0, 1)": lambda m, x, k: x.clamp_(0, 1),
    "mul_, sub_": lambda m, x, k: _alone(x, lambda v: v.mul_(2).sub_(0.5)),
    "keep": lambda m, x, k: _keep(x, k),
    "keep, in place": lambda m, x, k: m.relu(_keep(x, k)),
    "+ kept": lambda m, x, k: _with_kept(x, k, lambda a, b: a + b),
    "+= kept": lambda m, x, k: _with_kept(x, k, lambda a, b: a.add_(b)),
    "kept += ": lambda m, x, k: _with_kept(x, k, lambda a, b: b.add_(a, alpha=0.5)),
    "cat kept": lambda m, x, k: _with_kept(x, k, lambda a, b: torch.cat([a, b], 1)[:, ::2]),
    "- 0.5 kept": lambda m, x, k: _with_kept(x, k, lambda a, b: torch.sub(a, b, alpha=0.5)),
    "times kept": lambda m, x, k: _with_kept(x, k, lambda a, b: a * b),
    "max pool": lambda m, x, k: F.max_pool2d(F.relu(x), 2, ceil_mode=True),
    "max pool, padding": lambda m, x, k: F.max_pool2d(x.relu(), 3, 2, 1),
    "average pool": lambda m, x, k: F.avg_pool2d(x, 2, ceil_mode=True),
    "adaptive pool": lambda m, x, k: F.adaptive_avg_pool2d(x, (3, 2)),
    "levels": lambda m, x, k: _levels(m, x),
    "clip": lambda m, x, k: torch.minimum(F.relu(x), m.up),
    "TCL": lambda m, x, k: m.up - F.relu(m.up - F.relu(x)),
    "shift": lambda m, x, k: 1 - x / 3,
    "flip": lambda m, x, k: x.flip(2),
    "transpose": lambda m, x, k: x.transpose(2, 3),
    "chunk": lambda m, x, k: torch.cat(x.chunk(2, 1)[::-1], 1),
    "crop": lambda m, x, k: x[:, :, 1:, : x.shape[3] // 2 + 1],
    "frame": lambda m, x, k: _framed(x),
    "pad": lambda m, x, k: F.pad(x, (0, 1, 2, 0)),
    "channels by view": lambda m, x, k: x.reshape(len(x), x.shape[2], x.shape[1], x.shape[3]),
    "leaky": lambda m, x, k: F.leaky_relu(x),
    "divide by the maximum": lambda m, x, k: x / x.data.abs().max(),
    "item": lambda m, x, k: x * float(x.detach().abs().mean()),
    "batch size": lambda m, x, k: x * x.size(0),
    "if": lambda m, x, k: x if x.shape[2] > 3 else F.relu(x),
    "mean of rows": lambda m, x, k: x.mean(2, keepdim=True),
    "sum of channels": lambda m, x, k: x.sum(1, keepdim=True),
}

#: Seldom drawn: each of them alone makes a model that is refused.
_REFUSED = ("times kept", "leaky", "divide by the maximum", "item", "batch size")
_MANY = [name for name in _STEPS if name not in _REFUSED]


@st.composite
def torch_models(draw: st.DrawFn, *, max_steps: int = 6) -> tuple[Drawn, tuple[int, int, int]]:
    """A model and the shape of its images.

    Everyday layers, values that change in place while others hold them, arrangements, and now
    and then what no spiking network can do. Shrinks towards one convolution.
    """
    channels = draw(st.integers(1, 4))
    rows, columns = draw(st.integers(4, 7)), draw(st.integers(4, 7))
    some = st.sampled_from(_MANY)
    steps = draw(st.lists(some, min_size=1, max_size=max_steps))
    if draw(st.integers(0, 9)) == 9:
        steps.append(draw(st.sampled_from(_REFUSED)))
    model = Drawn(channels, ["conv", *steps], draw(st.integers(0, 2**16)))
    return model.eval(), (channels, rows, columns)
