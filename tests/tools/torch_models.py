"""Models as people write them, without torchvision."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn


class CifarBlock(nn.Module):
    def __init__(self, before, channels):
        super().__init__()
        self.halves = channels != before
        self.conv1 = nn.Conv2d(before, channels, 3, 2 if self.halves else 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.halves:
            pad = y.shape[1] // 4
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, pad, pad), "constant", 0)
        y += x
        return F.relu(y)


class CifarResNet(nn.Module):
    """Shortcuts "option A", keys of akamaster/pytorch_resnet_cifar10."""

    def __init__(self, depth):
        super().__init__()
        blocks, before = (depth - 2) // 6, 16
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        for stage, channels in enumerate((16, 32, 64), start=1):
            sizes = [before] + [channels] * (blocks - 1)
            layer = nn.Sequential(*(CifarBlock(size, channels) for size in sizes))
            setattr(self, f"layer{stage}", layer)
            before = channels
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        out = F.avg_pool2d(out, out.size()[3])
        return self.linear(out.view(out.size(0), -1))


class Basic(nn.Module):
    expansion = 1

    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = projection(before, width, stride)

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = projection(before, 4 * width, stride)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


def projection(before, after, stride):
    if stride == 1 and before == after:
        return None
    return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


class ResNet(nn.Module):
    """ImageNet form, keys of torchvision."""

    def __init__(self, block, blocks):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before = 64
        for stage, count in enumerate(blocks):
            width, made = 64 * 2**stage, []
            for index in range(count):
                made.append(block(before, width, 2 if stage and not index else 1))
                before = width * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*made))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(before, 1000)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


RESNETS = {
    "resnet18": lambda: ResNet(Basic, (2, 2, 2, 2)),
    "resnet34": lambda: ResNet(Basic, (3, 4, 6, 3)),
    "resnet50": lambda: ResNet(Bottleneck, (3, 4, 6, 3)),
}

VGG_WIDTHS = {
    "vgg11": (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    "vgg13": (64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    "vgg16": (64, 64, "M", 128, 128, "M", *(256,) * 3, "M", *(512,) * 3, "M", *(512,) * 3, "M"),
    "vgg19": (64, 64, "M", 128, 128, "M", *(256,) * 4, "M", *(512,) * 4, "M", *(512,) * 4, "M"),
}


def vgg_features(name, *, norm):
    layers, before = [], 3
    for width in VGG_WIDTHS[name]:
        if width == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(before, width, 3, padding=1))
        layers += [nn.BatchNorm2d(width)] if norm else []
        layers.append(nn.ReLU(inplace=True))
        before = width
    return nn.Sequential(*layers)


class Vgg(nn.Module):
    """ImageNet form, keys of torchvision."""

    def __init__(self, name, *, norm=False):
        super().__init__()
        self.features = vgg_features(name, norm=norm)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 1000),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class CifarVgg(nn.Module):
    def __init__(self, name, *, norm, hidden=()):
        super().__init__()
        self.features = vgg_features(name, norm=norm)
        if hidden:
            layers, before = [], 512
            for width in hidden:
                layers += [nn.Dropout(), nn.Linear(before, width), nn.ReLU()]
                before = width
            self.classifier = nn.Sequential(*layers, nn.Linear(before, 10))
        else:
            self.classifier = nn.Linear(512, 10)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))


class MobileNet(nn.Module):
    """Inverted residuals: 1x1, depthwise 3x3, 1x1, ReLU6."""

    def __init__(self):
        super().__init__()
        self.stem = self._unit(3, 8, 3, stride=2)
        self.expand = self._unit(8, 24, 1)
        self.depthwise = self._unit(24, 24, 3, groups=24)
        self.project = nn.Sequential(nn.Conv2d(24, 8, 1, bias=False), nn.BatchNorm2d(8))
        self.head = self._unit(8, 32, 1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(32, 10))

    @staticmethod
    def _unit(before, after, kernel, stride=1, groups=1):
        pad = kernel // 2
        conv = nn.Conv2d(before, after, kernel, stride, pad, groups=groups, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU6(inplace=True))

    def forward(self, x):
        x = self.stem(x)
        x = x + self.project(self.depthwise(self.expand(x)))
        return self.classifier(self.head(x).mean([2, 3]))


class DenseNet(nn.Module):
    """Pre-activation, every layer reads all before it."""

    def __init__(self, growth=4, layers=3):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.pool = nn.MaxPool2d(3, 2, 1)
        sizes = [8 + growth * i for i in range(layers)]
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in sizes)
        self.convs = nn.ModuleList(nn.Conv2d(s, growth, 3, padding=1, bias=False) for s in sizes)
        width = 8 + growth * layers
        self.transition = nn.Sequential(
            nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 8, 1), nn.AvgPool2d(2)
        )
        self.last = nn.BatchNorm2d(8)
        self.classifier = nn.Linear(8, 10)

    def forward(self, x):
        features = [self.pool(self.stem(x))]
        for norm, conv in zip(self.norms, self.convs, strict=True):
            features.append(conv(F.relu(norm(torch.cat(features, 1)))))
        x = F.relu(self.last(self.transition(torch.cat(features, 1))))
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


class Functional(nn.Module):
    """No module but the parameters' own."""

    def __init__(self):
        super().__init__()
        self.w1, self.b1 = nn.Parameter(torch.randn(6, 3, 3, 3) / 5), nn.Parameter(torch.randn(6))
        self.w2 = nn.Parameter(torch.randn(6, 1, 5, 5) / 5)
        self.w3 = nn.Parameter(torch.randn(8, 6, 2, 2) / 5)
        self.w4, self.b4 = nn.Parameter(torch.randn(5, 48)), nn.Parameter(torch.randn(5))
        self.register_buffer("mean", torch.randn(6))
        self.register_buffer("var", torch.rand(6) + 0.5)

    def forward(self, x):
        x = F.conv2d(x * 2, self.w1, self.b1, padding="valid").relu()
        x = F.batch_norm(x, self.mean, self.var)
        y = F.conv2d(x, self.w2, padding="same", groups=6)
        x = torch.add(x, y, alpha=0.5).clamp(0, 4)
        x = F.max_pool2d(F.dropout(x, training=self.training), 3, stride=2, padding=1)
        x = F.conv2d(x, self.w3, stride=2, dilation=(1, 2), padding=(1, 2)).relu_()
        x = F.adaptive_avg_pool2d(x[..., ::2, ::2], (3, 1)) - 0.25
        x = torch.cat((x, -x / 3), dim=1).reshape(x.shape[0], -1)
        return F.linear(x, self.w4, self.b4)


class Signal(nn.Module):
    """On (N, C, L)."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(2, 6, 4, padding="same"),
            nn.BatchNorm1d(6),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(6, 6, 3, stride=2, padding=2, dilation=2, groups=3),
            nn.ReLU6(),
            nn.AvgPool1d(3, 2, 1),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Identity(),
            nn.Linear(6, 4),
        )

    def forward(self, x):
        return self.body(x)


def trained(model, seed=0):
    """Statistics and weights as after training: activations of order one in every layer."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
    return model.eval()


class Forward(nn.Module):
    """A model whose forward is the function that it is given."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.first = nn.Conv2d(4, 4, 1)
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return self.function(self, x)
