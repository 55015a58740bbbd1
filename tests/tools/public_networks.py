"""Public trained networks as PyTorch models, from the weights in the data folder."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

__all__ = ["NETWORKS", "load"]


def load(path):
    """The arrays of an NPZ as tensors."""
    with np.load(path) as file:
        arrays = {name: np.array(file[name]) for name in file.files}
    return {k: torch.from_numpy(v) for k, v in arrays.items() if v.dtype.kind != "U"}


class Public(nn.Module):
    """A network that is a function of its weights."""

    def __init__(self, forward, weights):
        super().__init__()
        self.function = forward
        for name, values in weights.items():
            self.register_buffer(name.replace(".", "/"), values.float())

    @property
    def weights(self):
        return {name.replace("/", "."): values for name, values in self.named_buffers()}

    def forward(self, x):
        return self.function(self, x)

    def conv(self, name, x, stride=1, padding=0, groups=1):
        w = self.weights
        return F.conv2d(
            x, w[f"{name}.weight"], w.get(f"{name}.bias"), stride, padding, groups=groups
        )

    def norm(self, name, x, eps=1e-5):
        w = self.weights
        names = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(w[f"{name}.{n}"] for n in names), eps=eps)

    def linear(self, name, x):
        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def same(self, name, x, stride=1, groups=1):
        """TensorFlow's "same" padding: more behind than before."""
        sides = []
        for size, kernel in zip(
            reversed(x.shape[2:]), reversed(self.weights[f"{name}.weight"].shape[2:]), strict=True
        ):
            total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            sides += [total // 2, total - total // 2]
        return self.conv(name, F.pad(x, sides), stride, 0, groups)


def qcfs(m, x):
    def q(x, up):
        return up * torch.clamp(torch.floor(x * 16 / up + 0.5) / 16, 0, 1)

    x = q(
        m.norm("cnn_layers.1", m.conv("cnn_layers.0", x, padding=1)), m.weights["cnn_layers.2.up"]
    )
    x = F.avg_pool2d(x, 2)
    x = q(
        m.norm("cnn_layers.5", m.conv("cnn_layers.4", x, padding=1)), m.weights["cnn_layers.6.up"]
    )
    return m.linear("linear_layer.0", F.avg_pool2d(x, 2).flatten(1))


def apot(m, x):
    levels = m.weights["act_levels"]
    edges = (levels[1:] + levels[:-1]) / 2

    def q(name, x):
        alpha = m.weights[f"{name}.act_alpha"]
        return alpha * levels[torch.bucketize(torch.clamp(x / alpha, 0, 1), edges)]

    x = F.relu(m.norm("bn1", m.conv("conv1", x, padding=1)))
    for stage in (1, 2, 3):
        for block in range(3):
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = m.conv(f"{name}.conv1", q(f"{name}.conv1", x), stride, 1)
            y = F.relu(m.norm(f"{name}.bn1", y))
            y = m.norm(f"{name}.bn2", m.conv(f"{name}.conv2", q(f"{name}.conv2", y), 1, 1))
            if stride == 2:
                down = f"{name}.downsample.0"
                x = m.norm(f"{name}.downsample.1", m.conv(down, q(down, x), 2))
            x = F.relu(x + y)
    return m.linear("fc", x.mean((2, 3)))


def resnet8(m, x):
    x = F.relu(m.norm("bn1", m.same("conv1", x), 1e-3))
    for stage, stride in ((1, 1), (2, 2), (3, 2)):
        name = f"layer{stage}"
        y = F.relu(m.norm(f"{name}.bn1", m.same(f"{name}.conv1", x, stride), 1e-3))
        y = m.norm(f"{name}.bn2", m.same(f"{name}.conv2", y), 1e-3)
        x = F.relu(y + (x if stride == 1 else m.conv(f"{name}.shortcut", x, stride)))
    return m.linear("fc", x.mean((2, 3)))


def squeezenet(m, x):
    x = F.max_pool2d(F.relu(m.conv("conv1", x, 2)), 3, 2)
    for fire in range(2, 10):
        s = F.relu(m.conv(f"fire{fire}.squeeze1x1", x))
        wide = F.relu(m.conv(f"fire{fire}.expand3x3", s, padding=1))
        x = torch.cat([F.relu(m.conv(f"fire{fire}.expand1x1", s)), wide], 1)
        if fire in {3, 5}:
            x = F.max_pool2d(x, 3, 2)
    return F.relu(m.conv("conv10", x)).mean((2, 3))


def mobilenet1(m, x):
    x = F.relu6(m.same("conv0", x, 2))
    for number in range(1, 27, 2):
        stride = 2 if number in {3, 7, 11, 23} else 1
        x = F.relu6(m.same(f"dw{number}", x, stride, groups=x.shape[1]))
        x = F.relu6(m.conv(f"conv{number + 1}", x))
    return m.conv("conv27", x.mean((2, 3), keepdim=True)).flatten(1)


def mobilenet2(m, x):
    x = F.relu6(m.same("conv0", x, 2))
    number = 1
    for block in range(17):
        y = x
        if block:
            y = F.relu6(m.conv(f"conv{number}", y))
            number += 1
        stride = 2 if block in {1, 3, 6, 13} else 1
        y = F.relu6(m.same(f"dw{number}", y, stride, groups=y.shape[1]))
        y = m.conv(f"conv{number + 1}", y)
        number += 2
        x = x + y if y.shape == x.shape else y
    x = F.relu6(m.conv(f"conv{number}", x)).mean((2, 3), keepdim=True)
    return m.conv(f"conv{number + 1}", x).flatten(1)


def dscnn(m, x):
    x = F.relu(m.norm("bn", m.conv("conv", F.pad(x, (1, 1, 4, 5)), 2), 1e-3))
    for block in range(1, 5):
        name = f"block{block}"
        x = F.relu(m.norm(f"{name}.dw_bn", m.conv(f"{name}.dw", x, 1, 1, 64), 1e-3))
        x = F.relu(m.norm(f"{name}.pw_bn", m.conv(f"{name}.pw", x), 1e-3))
    return m.linear("fc", x[:, :, :24].mean((2, 3)))


def cifar(mean, std):
    def read(folder):
        x, y = (load(folder / "cifar10_test_958.npz")[k] for k in ("x", "y"))
        shape = (1, 3, 1, 1)
        return (x / 255 - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape), y

    return read


def raw_cifar(folder):
    data = load(folder / "cifar10_test_958.npz")
    return data["x"].float(), data["y"]


def imagenet(size, crop=None, *, bgr=False):
    def read(folder):
        data = load(folder / f"imagenet_sample_{size}.npz")
        x = data["x"].float()
        if bgr:
            return x.flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1), data["y"]
        if crop:
            x = x[:, :, 2:226, 2:226]
        return (x - 128) / 128, data["y"] + 1  # the first class is background

    return read


def words(folder):
    data = load(folder / "kws_test_500.npz")
    return (data["x"].float() - data["zero_point"]) * data["scale"], data["y"]


APOT = ((0.491, 0.482, 0.447), (0.247, 0.243, 0.262))

#: Name of the weights -> (forward, images, published accuracy in percent, how near it must be).
NETWORKS = {
    "qcfs_cnn_cifar10": (
        qcfs, cifar((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)), 50.2, 3.0),
    "apot_resnet20_4bit_cifar10": (apot, cifar(*APOT), 92.42, 1.5),
    "apot_resnet20_2bit_cifar10": (apot, cifar(*APOT), 90.92, 1.5),
    "resnet8_cifar10": (resnet8, raw_cifar, 87.15, 2.0),
    "squeezenet11_imagenet": (squeezenet, imagenet(227, bgr=True), 60.0, 0.1),
    "mobilenetv1_025_imagenet": (mobilenet1, imagenet(128), 36.7, 0.1),
    "mobilenetv2_imagenet": (mobilenet2, imagenet(227, crop=True), 90.0, 0.1),
    "kws_dscnn": (dscnn, words, 90.4, 0.1),
}  # fmt: skip
