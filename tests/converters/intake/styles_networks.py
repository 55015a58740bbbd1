# ruff: noqa: ARG005 - one signature for every forward
"""Networks of papers and tutorials."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
import torch_models as models
from style import Of, conv, small, style
from torch import nn


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
        nn.Conv2d(3, 8, 5, stride=2, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d((1, 3)),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(36, 16),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(16, 10),
    )


style("adaptive pool to a size that divides")(
    lambda: small(lambda m, x: F.adaptive_avg_pool2d(F.relu(x), 4), pixels=128)
)
style("adaptive pool to a larger size")(
    lambda: small(lambda m, x: F.adaptive_avg_pool2d(F.max_pool2d(F.relu(x), 4), 7), pixels=8 * 49)
)
style("adaptive pool to an odd size")(
    lambda: small(lambda m, x: F.adaptive_avg_pool2d(F.relu(x), (5, 3)), pixels=120)
)
style("VGG-BN", (3, 32, 32))(lambda: models.CifarVgg("vgg11", norm=True))
style("ResNet, option A", (3, 32, 32))(lambda: models.CifarResNet(8))


@style("ResNet-18 style, relu(inplace), out += identity")
def _():
    return nn.Sequential(
        conv(3, 8),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        models.Basic(8, 8, 1),
        models.Basic(8, 12, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 10),
    )


@style("bottlenecks")
def _():
    return nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        models.Bottleneck(8, 4, 2),
        models.Bottleneck(16, 4, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


@style("MobileNetV1")
def _():
    def block(before, after, stride):
        return nn.Sequential(
            nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False),
            nn.BatchNorm2d(before),
            nn.ReLU(inplace=True),
            nn.Conv2d(before, after, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        )

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
        pixels=2048,
        down=nn.Linear(8, 2),
        up=nn.Linear(2, 8),
    )


style("MobileNetV3 (Hardswish)", refused="not a rectifier")(
    lambda: nn.Sequential(conv(3, 8), nn.Hardswish(), nn.Flatten(), nn.Linear(2048, 5))
)


@style("EfficientNet (SiLU)", refused="not a rectifier")
def _():
    return nn.Sequential(conv(3, 8), nn.SiLU(), nn.Flatten(), nn.Linear(2048, 5))


@style("GoogLeNet, SqueezeNet 1.0 (ceil_mode)", (3, 17, 17))
def _():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=1, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        conv(8, 8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2, 2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(128, 5),
    )


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
        nn.Conv2d(3, 8, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(8, 4, 6),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(12, 4, 6),
        nn.Dropout(),
        nn.Conv2d(12, 5, 1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
    )


@style("Inception block, count_include_pad=False")
def _():
    def forward(m, x):
        branches = [
            m.one(x),
            m.three(x),
            m.pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)),
            F.max_pool2d(x, 3, 1, 1),
        ]
        return m.fc(F.relu(torch.cat(branches, 1)).mean((2, 3)))

    return nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        Of(forward, one=conv(8, 4, 1), three=conv(8, 4), pool=conv(8, 4, 1), fc=nn.Linear(20, 5)),
    )


@style("Inception block")
def _():
    def forward(m, x):
        branches = [m.one(x), m.three(x), m.pool(F.avg_pool2d(x, 3, 1, 1))]
        return m.fc(F.relu(torch.cat(branches, 1)).mean((2, 3)))

    return nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        Of(forward, one=conv(8, 4, 1), three=conv(8, 4), pool=conv(8, 4, 1), fc=nn.Linear(12, 5)),
    )


@style("ResNeXt grouped")
def _():
    return nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        Of(
            lambda m, x: F.relu(x + m.body(x)),
            body=nn.Sequential(conv(8, 8, 1), nn.ReLU(), conv(8, 8, groups=4), nn.BatchNorm2d(8)),
        ),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


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
        conv(3, 8),
        nn.ReLU(),
        unit(),
        unit(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


style("nn.ChannelShuffle")(
    lambda: nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        nn.ChannelShuffle(4),
        conv(8, 4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1024, 5),
    )
)


@style("ConvNeXt", refused="layer.?norm.*statistics|LayerNorm")
def _():
    def forward(m, x):
        y = m.depthwise(x).permute(0, 2, 3, 1)
        y = m.two(F.gelu(m.one(m.norm(y))))
        return x + y.permute(0, 3, 1, 2)

    return nn.Sequential(
        conv(3, 8),
        Of(
            forward,
            depthwise=conv(8, 8, 7, groups=8),
            norm=nn.LayerNorm(8),
            one=nn.Linear(8, 16),
            two=nn.Linear(16, 8),
        ),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


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
        patches=nn.Conv2d(3, 8, 4, 4),
        token=nn.Parameter(torch.randn(1, 1, 8)),
        position=nn.Parameter(torch.randn(1, 17, 8)),
        norm1=nn.LayerNorm(8),
        norm2=nn.LayerNorm(8),
        attention=nn.MultiheadAttention(8, 2, batch_first=True),
        mlp=nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)),
        head=nn.Linear(8, 5),
    )


@style("Swin-like windows, own attention", refused="multiplies two values|attention")
def _():
    def forward(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2)
        q, k, v = m.qkv(x).chunk(3, -1)
        x = torch.softmax(q @ k.transpose(1, 2) / 3, -1) @ v
        return m.head(x.mean(1))

    return Of(forward, patches=nn.Conv2d(3, 8, 4, 4), qkv=nn.Linear(8, 24), head=nn.Linear(8, 5))


@style("U-Net (Upsample)")
def _():
    def forward(m, x):
        skip = F.relu(m.down(x))
        deep = F.relu(m.bottom(F.max_pool2d(skip, 2)))
        return m.out(F.relu(m.join(torch.cat([skip, m.up(deep)], 1))))

    return Of(
        forward,
        down=conv(3, 4),
        bottom=conv(4, 6),
        up=nn.Upsample(scale_factor=2),
        join=conv(10, 4),
        out=conv(4, 2, 1),
    )


@style("U-Net (ConvTranspose)", (1, 8, 8))
def _():
    def forward(m, x):
        skip = F.relu(m.down(x))
        deep = F.relu(m.bottom(F.max_pool2d(skip, 2)))
        return m.out(F.relu(m.join(torch.cat([skip, m.up(deep)], 1))))

    return Of(
        forward,
        down=conv(1, 4),
        bottom=conv(4, 6),
        up=nn.ConvTranspose2d(6, 4, 2, stride=2),
        join=conv(8, 4),
        out=conv(4, 2, 1),
    )


style("ConvTranspose, stride, padding, output_padding, groups", (4, 7, 6))(
    lambda: nn.Sequential(
        conv(4, 4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * 14 * 12, 3),
    )
)
style("FCN, an answer for every pixel")(
    lambda: nn.Sequential(conv(3, 4), nn.ReLU(), nn.Conv2d(4, 2, 1))
)


@style("conv1d audio", (2, 32))
def _():
    return nn.Sequential(
        nn.Conv1d(2, 6, 5, stride=2, padding=2),
        nn.BatchNorm1d(6),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(6, 8, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


style("MLP on a table, BN first", (12,))(
    lambda: nn.Sequential(
        nn.BatchNorm1d(12), nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)
    )
)
style("Conv3d", (2, 4, 8, 8), refused="three axes|5|\\(2, 4, 8, 8\\)")(
    lambda: nn.Sequential(nn.Conv3d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))
)
