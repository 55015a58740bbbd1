# ruff: noqa: ARG002, ARG005 - signatures that others prescribe
"""Weights, wrappers, things done in place, inputs, outputs, values that are read."""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from style import IMAGE, Of, conv, small, style
from torch import nn


def normed(wrap):
    return lambda: nn.Sequential(
        wrap(conv(3, 4)), nn.ReLU(), nn.Flatten(), wrap(nn.Linear(1024, 5))
    )


def _old(wrap):
    def make(module):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return wrap(module)

    return make


style("weight_norm")(normed(nn.utils.parametrizations.weight_norm))
style("weight_norm, old")(normed(_old(nn.utils.weight_norm)))
style("spectral_norm")(normed(nn.utils.parametrizations.spectral_norm))
style("spectral_norm, old")(normed(_old(nn.utils.spectral_norm)))


@style("prune")
def _():
    from torch.nn.utils import prune

    return normed(lambda m: prune.l1_unstructured(m, "weight", amount=0.5))()


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, self.weight.sign() * self.weight.abs().mean(), self.bias)


class StandardConv(nn.Conv2d):
    def forward(self, x):
        w = self.weight
        w = w - w.mean((1, 2, 3), keepdim=True)
        w = w / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


for kind in (BinaryConv, StandardConv):
    style(kind.__name__)(
        lambda kind=kind: nn.Sequential(
            kind(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 5)
        )
    )


def plain():
    return nn.Sequential(conv(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 5))


style("DataParallel")(lambda: nn.DataParallel(plain()))
style("torch.compile")(lambda: torch.compile(plain(), backend="eager"))
style("torch.jit.trace")(lambda: torch.jit.trace(plain(), torch.rand(2, *IMAGE)))
style("torch.jit.script")(lambda: torch.jit.script(plain()))
style("ExportedProgram")(
    lambda: torch.export.export(
        plain(), (torch.rand(2, *IMAGE),), dynamic_shapes=({0: torch.export.Dim("n")},)
    )
)
style("ExportedProgram.module()")(
    lambda: torch.export.export(
        plain(), (torch.rand(2, *IMAGE),), dynamic_shapes=({0: torch.export.Dim("n")},)
    ).module()
)
style("torch.fx.symbolic_trace")(lambda: torch.fx.symbolic_trace(plain()))
style("channels_last")(lambda: plain().to(memory_format=torch.channels_last))
style("half")(lambda: plain().half())
style("bfloat16")(lambda: plain().bfloat16())
style("train() mode")(lambda: nn.Sequential(nn.Dropout(), plain()).train())
style("checkpoint")(
    lambda: Of(
        lambda m, x: torch.utils.checkpoint.checkpoint(m.net, x, use_reentrant=False), net=plain()
    )
)


@style("no_grad and autocast inside")
def _():
    def forward(m, x):
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            return m.net(x)

    return Of(forward, net=plain())


@style("forward hooks")
def _():
    net = plain()
    net[0].register_forward_hook(lambda module, inputs, output: output * 2)
    return net


@style("lazy modules")
def _():
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))
    net(torch.rand(1, *IMAGE))
    return net


@style("QuantStub floats")
def _():
    from torch.ao import quantization

    return nn.Sequential(quantization.QuantStub(), plain(), quantization.DeQuantStub())


@style("fake quantization", refused="fake quantization")
def _():
    from torch.ao.quantization import FakeQuantize

    fake = FakeQuantize(quant_min=0, quant_max=255)
    fake(torch.rand(2, 8))
    return nn.Sequential(conv(3, 4), nn.ReLU(), fake, nn.Flatten(), nn.Linear(1024, 5))


def _normalised(x):
    x.mul_(2).sub_(1)
    return x


style("in-place normalise of the input")(
    lambda: Of(lambda m, x: m.net(_normalised(x)), net=plain())
)


@style("in-place normalise, not assigned")
def _():
    def forward(m, x):
        x.mul_(2).sub_(1)
        return m.net(x)

    return Of(forward, net=plain())


@style("x -= m; x /= s")
def _():
    def forward(m, x):
        x -= m.mean
        x /= 0.25
        return m.net(x)

    return Of(forward, net=plain(), mean=nn.Parameter(torch.rand(3, 1, 1)))


@style("in-place ReLU, then skip")
def _():
    def forward(m, x):
        x = m.stem(x)
        y = m.conv(m.relu(x))
        return m.fc(m.relu(x + y).mean((2, 3)))

    return Of(
        forward, stem=conv(3, 8), conv=conv(8, 8), relu=nn.ReLU(inplace=True), fc=nn.Linear(8, 5)
    )


@style("in-place ReLU, not assigned")
def _():
    def forward(m, x):
        x = m.conv(x)
        m.relu(x)
        return m.fc(x.flatten(1))

    return Of(forward, conv=conv(3, 4), relu=nn.ReLU(inplace=True), fc=nn.Linear(1024, 5))


@style("in-place ReLU on a view")
def _():
    def forward(m, x):
        x = m.conv(x)
        F.relu_(x[:, :2])
        x[:, 2:].clamp_(0, 1)
        return m.fc(x.flatten(1))

    return Of(forward, conv=conv(3, 4), fc=nn.Linear(1024, 5))


style("add_ of a branch")(
    lambda: small(lambda m, x: m.more(x).add_(x).relu_(), pixels=2048, more=conv(8, 8))
)

style("two outputs", refused="expected one tensor")(
    lambda: Of(lambda m, x: (m.net(x), m.net(x) + 1), net=plain())
)
style("a dict of one tensor")(lambda: Of(lambda m, x: {"logits": m.net(x)}, net=plain()))
style("a dict of two", refused="expected one tensor")(
    lambda: Of(lambda m, x: {"a": m.net(x), "b": m.net(x) + 1}, net=plain())
)


class Two(nn.Module):
    def forward(self, x, y):
        return x + y


class HuggingFace(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = plain()

    def forward(self, pixel_values=None, labels=None, return_dict=None):
        logits = self.net(pixel_values)
        return {"loss": None, "logits": logits} if labels is None else {"logits": logits}


style("two inputs", refused="one input without default")(Two)
style("one image among defaults")(HuggingFace)

style("x / x.max()", refused="one number of all images|divides by a value")(
    lambda: Of(lambda m, x: m.net(x / x.data.max()), net=plain())
)
style("if x.sum() > 0", refused="takes a number out")(
    lambda: Of(lambda m, x: m.net(x if x.sum() > 0 else -x), net=plain())
)
style("x.max().item()", refused="takes a number out")(
    lambda: Of(lambda m, x: m.net(x) * x.max().item(), net=plain())
)
style("x.numpy()", refused="takes a number out")(
    lambda: Of(lambda m, x: m.net(x) + float(x.numpy().max()), net=plain())
)
style("dropout at inference", refused="random numbers")(
    lambda: Of(lambda m, x: m.net(F.dropout(x)), net=plain())
)
style("LSTM", (4, 6), refused="state of its own")(
    lambda: Of(lambda m, x: m.lstm(x)[0].flatten(1), lstm=nn.LSTM(6, 3, batch_first=True))
)
style("GroupNorm", refused="statistics of the image")(
    lambda: nn.Sequential(conv(3, 4), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(1024, 5))
)
style("InstanceNorm", refused="statistics")(
    lambda: nn.Sequential(conv(3, 4), nn.InstanceNorm2d(4), nn.Flatten(), nn.Linear(1024, 5))
)
