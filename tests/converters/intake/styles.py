"""How people write models: one small network for each style, and what becomes of it."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
import torch_models as models
from torch import nn

IMAGE = (3, 16, 16)


class Style:
    """A model, the shape of its images, and ``refused``: what its refusal says, or None."""

    def __init__(self, make, shape=IMAGE, refused=None):
        self.make, self.shape, self.refused = make, shape, refused


STYLES: dict[str, Style] = {}


def style(name, shape=IMAGE, refused=None):
    def register(make):
        assert name not in STYLES
        STYLES[name] = Style(make, shape, refused)
        return make

    return register


class Of(nn.Module):
    """A model whose forward is a function of itself and the image."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def conv(before, after, kernel=3, **more):
    return nn.Conv2d(before, after, kernel, **{"padding": kernel // 2} | more)


def small(function, channels=8, pixels=256, **parts):
    """conv - function - linear; the function gets (model, image of ``channels``)."""
    body = Of(function, **parts)
    head = nn.Linear(pixels, 5)
    return nn.Sequential(conv(3, channels), body, nn.Flatten(), head)


# --- plain networks --------------------------------------------------------------------------


def lenet(flatten, **parts):
    def forward(m, x):
        x = F.max_pool2d(F.relu(m.conv1(x)), 2)
        x = F.max_pool2d(F.relu(m.conv2(x)), 2)
        x = flatten(x)
        return m.fc2(F.relu(m.fc1(x)))

    return Of(
        forward,
        conv1=conv(3, 6),
        conv2=conv(6, 8),
        fc1=nn.Linear(128, 12),
        fc2=nn.Linear(12, 10),
        **parts,
    )


style("LeNet, view(-1, n)")(lambda: lenet(lambda x: x.view(-1, 128)))
style("LeNet, flatten(1)")(lambda: lenet(lambda x: torch.flatten(x, 1)))


@style("LeNet, num_flat_features")
def _():
    def features(x):
        count = 1
        for size in x.size()[1:]:
            count *= size
        return count

    return lenet(lambda x: x.view(-1, features(x)))


@style("assert on a shape")
def _():
    def forward(m, x):
        assert x.shape[1] == 3, "three channels"
        assert x.dim() == 4
        return m.net(x)

    return Of(forward, net=lenet(lambda x: x.flatten(1)))


@style("if on a dimension")
def _():
    def forward(m, x):
        if x.dim() == 3:
            x = x.unsqueeze(0)
        if x.shape[-1] > 8:
            x = x[:, :, ::2, ::2]
        return m.fc(F.relu(m.conv(x)).flatten(1))

    return Of(forward, conv=conv(3, 4), fc=nn.Linear(256, 5))


style("reshape(len(x), -1)")(lambda: lenet(lambda x: x.reshape(len(x), -1)))


@style("AlexNet style")
def _():
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 3)),
        nn.Flatten(), nn.Dropout(), nn.Linear(36, 16), nn.ReLU(inplace=True), nn.Dropout(),
        nn.Linear(16, 10),
    )  # fmt: skip


style("adaptive pool to a size that divides")(
    lambda: small(lambda m, x: F.adaptive_avg_pool2d(F.relu(x), 4), pixels=128)
)
style("adaptive pool to a larger size")(
    lambda: small(
        lambda m, x: F.adaptive_avg_pool2d(F.max_pool2d(F.relu(x), 4), 7), pixels=8 * 49
    )
)
style("adaptive pool to an odd size")(
    lambda: small(lambda m, x: F.adaptive_avg_pool2d(F.relu(x), (5, 3)), pixels=120)
)
style("VGG-BN", (3, 32, 32))(lambda: models.CifarVgg("vgg11", norm=True))
style("ResNet, option A", (3, 32, 32))(lambda: models.CifarResNet(8))


@style("ResNet-18 style, relu(inplace), out += identity")
def _():
    return nn.Sequential(
        conv(3, 8), nn.BatchNorm2d(8), nn.ReLU(inplace=True), models.Basic(8, 8, 1),
        models.Basic(8, 12, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10),
    )  # fmt: skip


@style("bottlenecks")
def _():
    return nn.Sequential(
        conv(3, 8), nn.ReLU(), models.Bottleneck(8, 4, 2), models.Bottleneck(16, 4, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip


@style("MobileNetV1")
def _():
    def block(before, after, stride):
        return nn.Sequential(
            nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False),
            nn.BatchNorm2d(before), nn.ReLU(inplace=True),
            nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True),
        )  # fmt: skip

    return nn.Sequential(
        block(3, 8, 1), block(8, 16, 2), nn.AvgPool2d(8), nn.Flatten(), nn.Linear(16, 10)
    )


style("MobileNetV2 (ReLU6)", (3, 32, 32))(models.MobileNet)
style("MobileNetV2, mean(3).mean(2)")(
    lambda: small(lambda m, x: F.relu6(x).mean(3).mean(2), pixels=8)
)
style("DenseNet")(models.DenseNet)


@style("squeeze and excitation", refused="multiplies two values")
def _():
    return small(
        lambda m, x: x * torch.sigmoid(m.up(F.relu(m.down(x.mean((2, 3)))))).view(-1, 8, 1, 1),
        pixels=2048, down=nn.Linear(8, 2), up=nn.Linear(2, 8),
    )  # fmt: skip


style("MobileNetV3 (Hardswish)", refused="not a rectifier")(
    lambda: nn.Sequential(conv(3, 8), nn.Hardswish(), nn.Flatten(), nn.Linear(2048, 5))
)


@style("EfficientNet (SiLU)", refused="not a rectifier")
def _():
    return nn.Sequential(conv(3, 8), nn.SiLU(), nn.Flatten(), nn.Linear(2048, 5))


@style("GoogLeNet, SqueezeNet 1.0 (ceil_mode)", (3, 17, 17))
def _():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=1, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        conv(8, 8), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2, ceil_mode=True), nn.Flatten(),
        nn.Linear(128, 5),
    )  # fmt: skip


class Fire(nn.Module):
    def __init__(self, before, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeeze, 1)
        self.expand1x1, self.expand3x3 = nn.Conv2d(squeeze, expand, 1), conv(squeeze, expand)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.activation(self.squeeze(x))
        return torch.cat(
            [self.activation(self.expand1x1(x)), self.activation(self.expand3x3(x))], 1
        )


@style("SqueezeNet 1.1", (3, 33, 33))
def _():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(8, 4, 6), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(12, 4, 6), nn.Dropout(),
        nn.Conv2d(12, 5, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(),
    )  # fmt: skip


@style("Inception block, count_include_pad=False")
def _():
    def forward(m, x):
        branches = [
            m.one(x), m.three(x),
            m.pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)), F.max_pool2d(x, 3, 1, 1),
        ]  # fmt: skip
        return m.fc(F.relu(torch.cat(branches, 1)).mean((2, 3)))

    return nn.Sequential(
        conv(3, 8), nn.ReLU(),
        Of(forward, one=conv(8, 4, 1), three=conv(8, 4), pool=conv(8, 4, 1), fc=nn.Linear(20, 5)),
    )  # fmt: skip


@style("Inception block")
def _():
    def forward(m, x):
        branches = [m.one(x), m.three(x), m.pool(F.avg_pool2d(x, 3, 1, 1))]
        return m.fc(F.relu(torch.cat(branches, 1)).mean((2, 3)))

    return nn.Sequential(
        conv(3, 8), nn.ReLU(),
        Of(forward, one=conv(8, 4, 1), three=conv(8, 4), pool=conv(8, 4, 1), fc=nn.Linear(12, 5)),
    )  # fmt: skip


@style("ResNeXt grouped")
def _():
    return nn.Sequential(
        conv(3, 8), nn.ReLU(),
        Of(lambda m, x: F.relu(x + m.body(x)),
           body=nn.Sequential(conv(8, 8, 1), nn.ReLU(), conv(8, 8, groups=4), nn.BatchNorm2d(8))),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5),
    )  # fmt: skip


def shuffled(x, groups):
    batch, channels, height, width = x.size()
    x = x.view(batch, groups, channels // groups, height, width)
    return torch.transpose(x, 1, 2).contiguous().view(batch, -1, height, width)


@style("ShuffleNet")
def _():
    def forward(m, x):
        a, b = x.chunk(2, dim=1)
        return shuffled(torch.cat((a, m.branch(b)), 1), 2)

    def unit():
        branch = nn.Sequential(
            conv(4, 4, 1), nn.ReLU(inplace=True), conv(4, 4, groups=4), conv(4, 4, 1), nn.ReLU()
        )
        return Of(forward, branch=branch)

    return nn.Sequential(
        conv(3, 8), nn.ReLU(), unit(), unit(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 5),
    )  # fmt: skip


style("nn.ChannelShuffle")(
    lambda: nn.Sequential(
        conv(3, 8), nn.ReLU(), nn.ChannelShuffle(4), conv(8, 4), nn.ReLU(), nn.Flatten(),
        nn.Linear(1024, 5),
    )  # fmt: skip
)


@style("ConvNeXt", refused="layer.?norm.*statistics|LayerNorm")
def _():
    def forward(m, x):
        y = m.depthwise(x).permute(0, 2, 3, 1)
        y = m.two(F.gelu(m.one(m.norm(y))))
        return x + y.permute(0, 3, 1, 2)

    return nn.Sequential(
        conv(3, 8),
        Of(forward, depthwise=conv(8, 8, 7, groups=8), norm=nn.LayerNorm(8), one=nn.Linear(8, 16),
           two=nn.Linear(16, 8)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5),
    )  # fmt: skip


@style("ViT", refused="attention")
def _():
    def forward(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([m.token.expand(len(x), -1, -1), x], 1) + m.position
        y = m.norm1(x)
        x = x + m.attention(y, y, y, need_weights=False)[0]
        x = x + m.mlp(m.norm2(x))
        return m.head(x[:, 0])

    return Of(
        forward,
        patches=nn.Conv2d(3, 8, 4, 4), token=nn.Parameter(torch.randn(1, 1, 8)),
        position=nn.Parameter(torch.randn(1, 17, 8)), norm1=nn.LayerNorm(8), norm2=nn.LayerNorm(8),
        attention=nn.MultiheadAttention(8, 2, batch_first=True),
        mlp=nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)), head=nn.Linear(8, 5),
    )  # fmt: skip


@style("Swin-like windows, own attention", refused="multiplies two values|attention")
def _():
    def forward(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2)
        q, k, v = m.qkv(x).chunk(3, -1)
        x = torch.softmax(q @ k.transpose(1, 2) / 3, -1) @ v
        return m.head(x.mean(1))

    return Of(
        forward, patches=nn.Conv2d(3, 8, 4, 4), qkv=nn.Linear(8, 24), head=nn.Linear(8, 5)
    )


@style("U-Net (Upsample)")
def _():
    def forward(m, x):
        skip = F.relu(m.down(x))
        deep = F.relu(m.bottom(F.max_pool2d(skip, 2)))
        return m.out(F.relu(m.join(torch.cat([skip, m.up(deep)], 1))))

    return Of(
        forward, down=conv(3, 4), bottom=conv(4, 6), up=nn.Upsample(scale_factor=2),
        join=conv(10, 4), out=conv(4, 2, 1),
    )  # fmt: skip


@style("U-Net (ConvTranspose)", (1, 8, 8))
def _():
    def forward(m, x):
        skip = F.relu(m.down(x))
        deep = F.relu(m.bottom(F.max_pool2d(skip, 2)))
        return m.out(F.relu(m.join(torch.cat([skip, m.up(deep)], 1))))

    return Of(
        forward, down=conv(1, 4), bottom=conv(4, 6), up=nn.ConvTranspose2d(6, 4, 2, stride=2),
        join=conv(8, 4), out=conv(4, 2, 1),
    )  # fmt: skip


style("ConvTranspose, stride, padding, output_padding, groups", (4, 7, 6))(
    lambda: nn.Sequential(
        conv(4, 4), nn.ReLU(), nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(6 * 14 * 12, 3),
    )  # fmt: skip
)
style("FCN, an answer for every pixel")(
    lambda: nn.Sequential(conv(3, 4), nn.ReLU(), nn.Conv2d(4, 2, 1))
)


@style("conv1d audio", (2, 32))
def _():
    return nn.Sequential(
        nn.Conv1d(2, 6, 5, stride=2, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(6, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 4),
    )  # fmt: skip


style("MLP on a table, BN first", (12,))(
    lambda: nn.Sequential(
        nn.BatchNorm1d(12), nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)
    )
)
style("Conv3d", (2, 4, 8, 8), refused="three axes|5|\\(2, 4, 8, 8\\)")(
    lambda: nn.Sequential(nn.Conv3d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))
)
style("BN first")(
    lambda: nn.Sequential(
        nn.BatchNorm2d(3), conv(3, 8), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 5)
    )
)
style("BN after ReLU")(
    lambda: nn.Sequential(
        conv(3, 8), nn.ReLU(), nn.BatchNorm2d(8), conv(8, 8), nn.ReLU(), nn.Flatten(),
        nn.Linear(2048, 5),
    )  # fmt: skip
)
style("BN after a pool")(
    lambda: nn.Sequential(
        conv(3, 8), nn.ReLU(), nn.AvgPool2d(2), nn.BatchNorm2d(8), conv(8, 8), nn.ReLU(),
        nn.Flatten(), nn.Linear(512, 5),
    )  # fmt: skip
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
    lambda: nn.Sequential(
        nn.MaxPool2d(2), conv(3, 8), nn.ReLU(), nn.Flatten(), nn.Linear(512, 5)
    )
)

for activation in (
    nn.LeakyReLU(), nn.PReLU(), nn.GELU(), nn.ELU(), nn.SELU(), nn.Softplus(), nn.Tanh(),
    nn.Sigmoid(),
):  # fmt: skip
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
style("one logit")(
    lambda: nn.Sequential(conv(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 1))
)
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
        conv=conv(3, 3), act=nn.ReLU(), fc=nn.Linear(768, 5),
    )  # fmt: skip


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
        w=nn.Parameter(torch.randn(16, 8)), v=nn.Parameter(torch.randn(8, 4)),
        b=nn.Parameter(torch.randn(4)),
    )  # fmt: skip


@style("x @ W.t() + b", (2, 4, 4))
def _():
    return Of(
        lambda m, x: torch.flatten(x, 1) @ m.w.t() + m.b,
        w=nn.Parameter(torch.randn(5, 32)), b=nn.Parameter(torch.randn(5)),
    )  # fmt: skip


style("addmm", (16,))(
    lambda: Of(
        lambda m, x: torch.addmm(m.b, x, m.w, beta=2, alpha=0.5),
        w=nn.Parameter(torch.randn(16, 8)), b=nn.Parameter(torch.randn(8)),
    )  # fmt: skip
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
    ("avg_pool, count_include_pad=False",
     lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), 512),
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
    ("bilinear interpolation", lambda x: F.interpolate(
        F.avg_pool2d(x, 4), size=(6, 6), mode="bilinear", align_corners=False), 288),
    ("clone, contiguous, detach, float", lambda x: x.contiguous().clone().detach().float(), 2048),
    ("zeros and slice assignment", lambda x: _framed(x), 2592),
):  # fmt: skip
    style(name)(
        lambda function=function, pixels=pixels: nn.Sequential(
            conv(3, 8), nn.ReLU(), Of(lambda m, x: function(x)), nn.Flatten(), nn.Linear(pixels, 5)
        )
    )


def _framed(x):
    frame = x.new_zeros(len(x), 8, 18, 18)
    frame[:, :, 1:-1, 1:-1] = x
    return frame


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
        forward, conv1=nn.Conv2d(3, 6, 3), conv2=nn.Conv2d(6, 6, 3, groups=6),
        fc=nn.Linear(96, 5),
    )  # fmt: skip


# --- weights ---------------------------------------------------------------------------------


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
style("weight_norm, old")(normed(_old(lambda m: nn.utils.weight_norm(m))))
style("spectral_norm")(normed(nn.utils.parametrizations.spectral_norm))
style("spectral_norm, old")(normed(_old(lambda m: nn.utils.spectral_norm(m))))


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

# --- wrapped models --------------------------------------------------------------------------


def plain():
    return nn.Sequential(conv(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 5))


style("DataParallel")(lambda: nn.DataParallel(plain()))
style("torch.compile")(lambda: torch.compile(plain(), backend="eager"))
style("torch.jit.trace")(lambda: torch.jit.trace(plain(), torch.rand(2, *IMAGE)))
style("torch.jit.script")(lambda: torch.jit.script(plain()))
style("ExportedProgram")(lambda: torch.export.export(plain(), (torch.rand(2, *IMAGE),), dynamic_shapes=({0: torch.export.Dim("n")},)))
style("ExportedProgram.module()")(
    lambda: torch.export.export(plain(), (torch.rand(2, *IMAGE),), dynamic_shapes=({0: torch.export.Dim("n")},)).module()
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


# --- in place --------------------------------------------------------------------------------


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

# --- inputs and outputs ----------------------------------------------------------------------

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

# --- values of the image ---------------------------------------------------------------------

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

# --- trained for conversion ------------------------------------------------------------------


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
