"""Residual networks for small images, with a choice of what a block does with its trunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import nn

from converters.training.clip import ClippedReLU
from eventsnn import ConversionError

__all__ = ["BlockName", "ResNet"]

#: See `ResNet`.
BlockName = Literal["post", "pre_spike", "pre_current"]

#: Size of a branch in the beginning, relative to its usual one.
_SMALL_BRANCH = 0.1
#: Mean of the trunk behind its batch norm in the beginning, in standard deviations.
_TRUNK_ABOVE_0 = 2.0


class ResNet(nn.Module):  # type: ignore[misc] # torch is not there where types are checked
    """The CIFAR ResNet of ``6 n + 2`` layers (He et al., arXiv 1512.03385, section 4.2).

    A 3x3 convolution, three stages of n blocks with ``width``, ``2 width`` and ``4 width``
    channels, the first block of stages 2 and 3 with stride 2, the mean over pixels, a linear
    read-out. With act an activation, BN a batch norm, S the
    identity or, where the shape changes, a 1x1 convolution with the block's stride:

    - ``post``, the ordinary block: ``y = act(BN2 Conv2 act(BN1 Conv1 x) + BN S x)``. As
      spiking neurons, each block codes its trunk anew.
    - ``pre_spike``: ``z = act(BN1 x)``, ``y = Conv2 act(BN2 Conv1 z) + S z``, nothing after
      the sum. Each block codes its trunk anew, before it is used.
    - ``pre_current``: ``y = S x + Conv2 act(BN2 Conv1 act(BN1 x))``: the trunk is a sum of
      currents, and nothing on it is ever coded as spikes.

    The two restructured ones are reconstructions after Meng et al., Neural Networks
    153:254-268 (2022), doi 10.1016/j.neunet.2022.06.001. They end with a batch norm whose
    result, a current, goes to the mean and the read-out without an activation: a layer of
    neurons there would rectify what fluctuates about its mean, and the mean needs no spikes.

    Convolutions begin as He et al. (arXiv 1502.01852) say. Where a trunk is clipped in each
    block, it also begins near the identity, or it forgets the image within some blocks:
    branches at a tenth of their size, and the trunk of ``pre_spike``, where batch norm
    precedes the clip, at two standard deviations above 0.

    Args:
        depth: ``6 n + 2`` >= 8: convolutions and the read-out, without those of S.
        width: channels of the first stage.
        block: see above.
        stem_stride: of the first convolution; 2 makes training four times as cheap.
        classes, channels: of the answer and of the images.
        activation: makes the module of each activation.

    Raises:
        ConversionError: an impossible depth or width, or an unknown block.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        block: BlockName,
        *,
        stem_stride: int = 1,
        classes: int = 10,
        channels: int = 3,
        activation: Callable[[], nn.Module] = ClippedReLU,
    ) -> None:
        super().__init__()
        if depth < 8 or depth % 6 != 2 or width < 1:
            raise ConversionError(
                f"ResNet: expected a depth of 8, 14, 20, ... and a width >= 1, "
                f"found {depth} and {width}"
            )
        if block not in get_args(BlockName):
            raise ConversionError(f"block: expected one of {get_args(BlockName)}, found {block!r}")
        kind = _Post if block == "post" else _PreSpike if block == "pre_spike" else _PreCurrent
        self.conv = _conv3(channels, width, stem_stride)
        # a restructured block begins with batch norm and activation of its own
        self.head = nn.Sequential()
        if block == "post":
            self.head = nn.Sequential(nn.BatchNorm2d(width), activation())
        before = width
        for stage in range(3):
            after = width * 2**stage
            blocks: list[nn.Module] = []
            for index in range((depth - 2) // 6):
                stride = 2 if stage and not index else 1
                blocks.append(kind(before, after, stride, activation))
                before = after
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.bn = nn.Identity() if block == "post" else nn.BatchNorm2d(before)
        self.linear = nn.Linear(before, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if isinstance(module, _Post | _PreSpike):
                module.begin_near_identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of images (N, channels, H, W)."""
        x = self.head(self.conv(x))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(self.bn(x).mean((2, 3)))


class _Post(nn.Module):  # type: ignore[misc] # as above
    def __init__(
        self, before: int, after: int, stride: int, activation: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv3(before, after, stride), nn.BatchNorm2d(after)
        self.act1 = activation()
        self.conv2, self.bn2 = _conv3(after, after), nn.BatchNorm2d(after)
        self.shortcut = _shortcut(before, after, stride)
        if not isinstance(self.shortcut, nn.Identity):
            self.shortcut = nn.Sequential(self.shortcut, nn.BatchNorm2d(after))
        self.act2 = activation()

    def begin_near_identity(self) -> None:
        nn.init.constant_(self.bn2.weight, _SMALL_BRANCH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.act1(self.bn1(self.conv1(x)))
        return self.act2(self.bn2(self.conv2(inner)) + self.shortcut(x))


class _Pre(nn.Module):  # type: ignore[misc] # as above
    """What the restructured blocks have in common: their layers."""

    def __init__(
        self, before: int, after: int, stride: int, activation: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.bn1, self.act1 = nn.BatchNorm2d(before), activation()
        self.conv1 = _conv3(before, after, stride)
        self.bn2, self.act2 = nn.BatchNorm2d(after), activation()
        self.conv2 = _conv3(after, after)
        self.shortcut = _shortcut(before, after, stride)


class _PreSpike(_Pre):
    def begin_near_identity(self) -> None:
        nn.init.constant_(self.bn1.bias, _TRUNK_ABOVE_0)
        with torch.no_grad():
            self.conv2.weight.mul_(_SMALL_BRANCH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.act1(self.bn1(x))
        return self.conv2(self.act2(self.bn2(self.conv1(z)))) + self.shortcut(z)


class _PreCurrent(_Pre):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.act2(self.bn2(self.conv1(self.act1(self.bn1(x)))))
        return self.conv2(inner) + self.shortcut(x)


def _conv3(before: int, after: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, stride, padding=1, bias=False)


def _shortcut(before: int, after: int, stride: int) -> nn.Module:
    if before == after and stride == 1:
        return nn.Identity()
    return nn.Conv2d(before, after, 1, stride, bias=False)
