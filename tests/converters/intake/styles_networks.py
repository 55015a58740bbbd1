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
