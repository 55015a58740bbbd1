# ruff: noqa: ARG005 - one signature for every forward
"""Operations, first and last steps."""

from __future__ import annotations

import copy
from collections import OrderedDict

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from style import Of, conv, small, style
from torch import nn

style("BN first")(
    lambda: nn.Sequential(
        nn.BatchNorm2d(3), conv(3, 8), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 5)
    )
)
style("BN after ReLU")(
    lambda: nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        nn.BatchNorm2d(8),
        conv(8, 8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2048, 5),
    )
)
style("BN after a pool")(
    lambda: nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.BatchNorm2d(8),
        conv(8, 8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 5),
    )
)
style("BN without affine")(
    lambda: nn.Sequential(
        conv(3, 8), nn.BatchNorm2d(8, affine=False), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 5)
    )
)
style("conv-pool-ReLU")(lambda: small(lambda m, x: F.relu(F.max_pool2d(x, 2)), pixels=512))
style("conv-pool-BN-ReLU")(
    lambda: nn.Sequential(
        conv(3, 8), nn.MaxPool2d(2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(512, 5)
    )
)
style("max pool on the image")(
    lambda: nn.Sequential(nn.MaxPool2d(2), conv(3, 8), nn.ReLU(), nn.Flatten(), nn.Linear(512, 5))
)


for activation in (
    nn.LeakyReLU(),
    nn.PReLU(),
    nn.GELU(),
    nn.ELU(),
    nn.SELU(),
    nn.Softplus(),
    nn.Tanh(),
    nn.Sigmoid(),
):
    style(f"{type(activation).__name__} inside", refused="not a rectifier|makes probabilities")(
        lambda activation=activation: nn.Sequential(
            conv(3, 8), copy.deepcopy(activation), nn.Flatten(), nn.Linear(2048, 5)
        )
    )


def ended(end):
    return lambda: nn.Sequential(
        conv(3, 8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5), end
    )


style("Sigmoid at the end")(ended(nn.Sigmoid()))
style("Softmax at the end")(ended(nn.Softmax(1)))
style("LogSoftmax at the end")(ended(nn.LogSoftmax(dim=-1)))
style("argmax at the end")(ended(Of(lambda m, x: x.argmax(1))))
style("max(1)[1] at the end")(ended(Of(lambda m, x: x.max(1)[1])))
style("softmax and argmax at the end")(ended(Of(lambda m, x: x.softmax(1).argmax(dim=1))))
style("ReLU at the end")(ended(nn.ReLU()))
style("one logit")(lambda: nn.Sequential(conv(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 1)))
style("one logit, squeezed")(
    lambda: nn.Sequential(
        conv(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 1), Of(lambda m, x: x.squeeze(1))
    )
)
style("bias-free")(
    lambda: nn.Sequential(
        conv(3, 4, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 5, bias=False)
    )
)


@style("nested Sequential, ModuleList, OrderedDict")
def _():
    def forward(m, x):
        for layer in m.layers:
            x = layer(x)
        return m.head(x)

    head = nn.Sequential(OrderedDict(flat=nn.Flatten(), fc=nn.Linear(1024, 5)))
    return Of(
        forward,
        layers=nn.ModuleList([nn.Sequential(conv(3, 4), nn.Sequential(nn.ReLU())), conv(4, 4)]),
        head=head,
    )


@style("shared modules")
def _():
    return Of(
        lambda m, x: m.fc(m.act(m.conv(m.act(m.conv(x)))).flatten(1)),
        conv=conv(3, 3),
        act=nn.ReLU(),
        fc=nn.Linear(768, 5),
    )


@style("tied weights by F.linear", (16,))
def _():
    return Of(lambda m, x: F.linear(F.relu(m.fc(x)), m.fc.weight.t()), fc=nn.Linear(16, 8))


@style("ensemble sum / 3", (16,))
def _():
    def member():
        return nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4))

    return Of(lambda m, x: (m.a(x) + m.b(x) + m.c(x)) / 3, a=member(), b=member(), c=member())


style("x + 0.1 * y")(
    lambda: small(lambda m, x: F.relu(x + 0.1 * m.more(F.relu(x))), pixels=2048, more=conv(8, 8))
)
style("x - y")(
    lambda: small(lambda m, x: F.relu(F.relu(x) - m.more(x)), pixels=2048, more=conv(8, 8))
)
style("1 - x")(lambda: small(lambda m, x: 1 - F.relu(1 - x), pixels=2048))
style("product of activations", refused="multiplies two values")(
    lambda: small(lambda m, x: F.relu(x) * m.more(x), pixels=2048, more=conv(8, 8))
)


@style("x @ W", (16,))
def _():
    return Of(
        lambda m, x: torch.relu(x @ m.w) @ m.v + m.b,
        w=nn.Parameter(torch.randn(16, 8)),
        v=nn.Parameter(torch.randn(8, 4)),
        b=nn.Parameter(torch.randn(4)),
    )


@style("x @ W.t() + b", (2, 4, 4))
def _():
    return Of(
        lambda m, x: torch.flatten(x, 1) @ m.w.t() + m.b,
        w=nn.Parameter(torch.randn(5, 32)),
        b=nn.Parameter(torch.randn(5)),
    )


style("addmm", (16,))(
    lambda: Of(
        lambda m, x: torch.addmm(m.b, x, m.w, beta=2, alpha=0.5),
        w=nn.Parameter(torch.randn(16, 8)),
        b=nn.Parameter(torch.randn(8)),
    )
)
style("einsum", (16,))(
    lambda: Of(lambda m, x: torch.einsum("bi,oi->bo", x, m.w), w=nn.Parameter(torch.randn(8, 16)))
)
style("torch.matmul", (16,))(
    lambda: Of(lambda m, x: torch.matmul(x, m.w), w=nn.Parameter(torch.randn(16, 8)))
)
style("linear on the last axis", (4, 6))(
    lambda: nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(20, 3))
)


@style("torch.stack(..).mean(0)", (16,))
def _():
    return Of(
        lambda m, x: torch.stack([f(x) for f in m.fs]).mean(0),
        fs=nn.ModuleList([nn.Linear(16, 4) for _ in range(3)]),
    )


def _framed(x):
    frame = x.new_zeros(len(x), 8, 18, 18)
    frame[:, :, 1:-1, 1:-1] = x
    return frame


for name, function, pixels in (
    ("mean((2, 3))", lambda x: x.mean((2, 3)), 8),
    ("mean([-2, -1], keepdim)", lambda x: x.mean([-2, -1], keepdim=True), 8),
    ("avg_pool2d(x, x.size()[2:])", lambda x: F.avg_pool2d(x, x.size()[2:]), 8),
    ("squeeze", lambda x: F.adaptive_avg_pool2d(x, 1).squeeze(), 8),
    ("sum((2, 3))", lambda x: x.sum((2, 3)), 8),
    ("amax((2, 3))", lambda x: x.amax((2, 3)), 8),
    ("flatten(2).mean(2)", lambda x: x.flatten(2).mean(2), 8),
    ("view(b, c, -1).max(2)", lambda x: x.view(x.size(0), x.size(1), -1).max(2)[0], 8),
    ("mean(1)", lambda x: x.mean(1), 256),
    ("max pool, stride != kernel, padding", lambda x: F.max_pool2d(x, 3, 2, 1), 512),
    ("F.pad and max_pool", lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2), 512),
    ("F.pad and avg_pool", lambda x: F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 3), 288),
    ("avg_pool, ceil_mode", lambda x: F.avg_pool2d(x, 3, 2, ceil_mode=True), 512),
    (
        "avg_pool, count_include_pad=False",
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
        512,
    ),
    ("lp: adaptive_max_pool", lambda x: F.adaptive_max_pool2d(x, 4), 128),
    ("PixelShuffle", lambda x: F.pixel_shuffle(x, 2), 2048),
    ("PixelUnshuffle", lambda x: F.pixel_unshuffle(x, 2), 2048),
    ("chunk", lambda x: torch.cat(x.chunk(2, 1)[::-1], 1), 2048),
    ("channel slices", lambda x: x[:, 2:7], 1280),
    ("crop", lambda x: x[:, :, 2:-2, 1:9], 768),
    ("permute to channels last", lambda x: x.permute(0, 2, 3, 1), 2048),
    ("transpose rows and columns", lambda x: x.transpose(2, 3).contiguous(), 2048),
    ("flip", lambda x: x.flip(3), 2048),
    ("split", lambda x: sum(torch.split(x, 2, dim=1)), 512),
    ("index by a list", lambda x: x[:, [0, 3, 5]], 768),
    ("repeat", lambda x: x.repeat(1, 2, 1, 1), 4096),
    ("nearest interpolation", lambda x: F.interpolate(F.avg_pool2d(x, 4), scale_factor=2), 512),
    (
        "bilinear interpolation",
        lambda x: F.interpolate(
            F.avg_pool2d(x, 4), size=(6, 6), mode="bilinear", align_corners=False
        ),
        288,
    ),
    ("clone, contiguous, detach, float", lambda x: x.contiguous().clone().detach().float(), 2048),
    ("zeros and slice assignment", _framed, 2592),
):
    style(name)(
        lambda function=function, pixels=pixels: nn.Sequential(
            conv(3, 8), nn.ReLU(), Of(lambda m, x: function(x)), nn.Flatten(), nn.Linear(pixels, 5)
        )
    )


for mode in ("reflect", "circular", "replicate"):
    style(f"padding_mode {mode} on the image")(
        lambda mode=mode: nn.Sequential(
            conv(3, 8, padding_mode=mode), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 5)
        )
    )
style("ReflectionPad2d")(
    lambda: nn.Sequential(
        nn.ReflectionPad2d(1), nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 5)
    )
)
for pad in (nn.ZeroPad2d(1), nn.ConstantPad2d(1, 0.0)):
    style(f"{type(pad).__name__} and max_pool")(
        lambda pad=pad: nn.Sequential(
            conv(3, 8), nn.ReLU(), pad, nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(512, 5)
        )
    )


@style("TensorFlow's same padding")
def _():
    def forward(m, x):
        x = F.relu(F.conv2d(F.pad(x, (0, 1, 0, 1)), m.conv1.weight, m.conv1.bias, stride=2))
        x = F.conv2d(F.pad(x, (0, 1, 0, 1)), m.conv2.weight, stride=2, groups=6)
        return m.fc(F.relu(x).flatten(1))

    return Of(
        forward,
        conv1=nn.Conv2d(3, 6, 3),
        conv2=nn.Conv2d(6, 6, 3, groups=6),
        fc=nn.Linear(96, 5),
    )
