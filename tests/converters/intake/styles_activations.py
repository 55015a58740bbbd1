# ruff: noqa: ARG004 - signatures that PyTorch prescribes
"""Activations that were trained for conversion."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from style import conv, style
from torch import nn


class Floor(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.floor()

    @staticmethod
    def backward(ctx, grad):
        return grad


class QCFS(nn.Module):
    def __init__(self, levels=4, up=0.6):
        super().__init__()
        self.up, self.levels = nn.Parameter(torch.tensor([up])), levels

    def forward(self, x):
        x = torch.clamp(x / self.up, 0, 1)
        return Floor.apply(x * self.levels + 0.5) / self.levels * self.up


class DetachedQCFS(QCFS):
    def forward(self, x):
        x = F.relu(x / self.up).clamp(max=1)
        y = (x * self.levels + 0.5).floor() / self.levels
        return ((y - x).detach() + x) * self.up


class LSQ(nn.Module):
    def __init__(self, bits=2):
        super().__init__()
        self.step, self.top = nn.Parameter(torch.tensor(0.2)), 2**bits - 1

    def forward(self, x):
        x = (x / self.step).clamp(0, self.top)
        return ((x.round() - x).detach() + x) * self.step


class FastSNN(nn.Module):
    def __init__(self, bits=3):
        super().__init__()
        self.up, self.steps = nn.Parameter(torch.tensor(0.8)), 2**bits - 1

    def forward(self, x):
        x = F.hardtanh(x / self.up, 0, 1)
        return torch.round(x * self.steps).div(self.steps).mul(self.up)


class TCL(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Parameter(torch.tensor([0.5]))

    def forward(self, x):
        x = F.relu(x, inplace=True)
        x = self.up - x
        x = F.relu(x, inplace=True)
        return self.up - x


class Levels(nn.Module):
    """Levels that are not uniform, as APoT's."""

    def forward(self, x):
        levels = torch.tensor([0.0, 0.25, 0.5, 1.0])
        x = x.clamp(0, 1)
        return levels[torch.bucketize(x, (levels[1:] + levels[:-1]) / 2)] * 0.7


class PublicApot(nn.Module):
    """The nearest level, by the distances to all."""

    def forward(self, x):
        levels = torch.tensor([0.0, 0.25, 0.5, 1.0])
        shape = x.shape
        flat = (x / 0.7).clamp(0, 1).view(-1)
        nearest = (flat.unsqueeze(0) - levels.unsqueeze(1)).abs().min(dim=0)[1]
        return levels[nearest].view(shape) * 0.7


class Clip(nn.Module):
    def __init__(self, form, up=0.5):
        super().__init__()
        self.form, self.up = form, nn.Parameter(torch.as_tensor(up))

    def forward(self, x):
        return self.form(x, self.up)


CLIPS = {
    "min": lambda x, u: torch.min(F.relu(x), u),
    "minimum": lambda x, u: torch.minimum(F.relu(x), u),
    "clamp(tensors)": lambda x, u: torch.clamp(x, torch.zeros_like(u), u),
    "PACT": lambda x, u: 0.5 * (x.abs() - (x - u).abs() + u),
    "where": lambda x, u: torch.where(x > u, u, F.relu(x)),
    "clamp(0, up.item())": lambda x, u: x.clamp(0, u.item()),
    "difference of ReLUs": lambda x, u: F.relu(x) - F.relu(x - u),
    "masks": lambda x, u: x * (x > 0) * (x < u) + u * (x >= u),
}


def activated(make):
    return lambda: nn.Sequential(
        conv(3, 6), make(), conv(6, 6), make(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(384, 5)
    )


for kind in (QCFS, DetachedQCFS, LSQ, FastSNN, TCL, Levels, PublicApot):
    style(f"activation {kind.__name__}")(activated(kind))
for name, form in CLIPS.items():
    style(f"learnt clip by {name}")(activated(lambda form=form: Clip(form)))
style("learnt clip per channel")(
    activated(lambda: Clip(CLIPS["minimum"], torch.linspace(0.2, 1, 6).view(6, 1, 1)))
)
style("QCFS per channel")(
    activated(
        lambda: Clip(
            lambda x, u: torch.floor(torch.clamp(x / u, 0, 1) * 4 + 0.5) / 4 * u,
            torch.linspace(0.2, 1, 6).view(6, 1, 1),
        )
    )
)


class ClampBy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, up):
        return x.clamp(0, float(up))

    @staticmethod
    def backward(ctx, grad):
        return grad, None


style("learnt clip by an autograd function")(activated(lambda: Clip(ClampBy.apply)))
style("plain ReLU (SNNC-AP, RMP)")(activated(nn.ReLU))
style("hardtanh(-1, 1)")(activated(nn.Hardtanh))
