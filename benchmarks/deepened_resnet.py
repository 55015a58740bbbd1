"""A trained CIFAR ResNet with other blocks, or made twice as deep; what it computes stays.

The public network has ordinary blocks, ``y = relu(x + F(x))``, and shortcuts that subsample and
add zero channels. The deeper one is a `converters.training.resnet.ResNet`, whose 1x1 convolutions
begin as that selection. In each stage every block is followed by an added one:

- ordinary blocks (`post`): the added one has a zero last batch norm, so it computes
  ``relu(x + 0) = x``.
- restructured blocks (`pre_current`), whose trunk nothing rectifies: ``y = x + F(relu(x))``, and
  the added one computes ``y + relu(-y) = relu(y)``: a batch norm that turns the sign, a ReLU, and
  two convolutions that begin as the identity. So it is exact too. Without added blocks, or with
  such as begin at 0, the trunk keeps its negative values, which is not exact.

Constants that batch norms added to the ordinary trunk move into the first batch norm of each
restructured block. New batch norms are set so that they pass the values on, by the statistics of
some images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from converters.training.ceilings import Bounded
from converters.training.resnet import BlockName, ResNet

__all__ = ["Added", "rebuilt", "without_added_blocks"]

Arrays = Mapping[str, NDArray[Any]]

#: What the added blocks compute in the beginning; or there are none.
Added = Literal["exact", "nothing", "none"]


def rebuilt(arrays: Arrays, block: BlockName, images: torch.Tensor, added: Added) -> ResNet:
    """The network of ``arrays`` (keys as in akamaster/pytorch_resnet_cifar10), with ``block``.

    With added blocks there is one more than twice as many in each stage, as the restructured
    first stage needs one for the ReLU of the first convolution: 116 layers for 56. Ceilings
    are infinite.

    Args:
        arrays: of the public network.
        block: "post" or "pre_current".
        images: preprocessed, some hundred, for the statistics of new batch norms.
        added: see above.
    """
    known = {key: torch.from_numpy(np.array(values)) for key, values in arrays.items()}
    before = len({key.split(".")[1] for key in known if key.startswith("layer1.")})
    blocks = before if added == "none" else 2 * before + 1
    model = ResNet(6 * blocks + 2, len(known["conv1.weight"]), block).eval()
    for module in model.modules():
        if isinstance(module, Bounded):
            module.ceiling.data.fill_(torch.inf)
    with torch.no_grad():
        if block == "post":
            _fill_post(model, known, images, added)
        else:
            _fill_pre_current(model, known, images, added)
        model.linear.weight.copy_(known["linear.weight"])
        model.linear.bias.copy_(known["linear.bias"])
    return model


def without_added_blocks(model: ResNet) -> ResNet:
    """The trained network with each added block skipped, to see whether it is used."""
    for stage in (model.layer1, model.layer2, model.layer3):
        for index in range(len(stage)):
            if _is_added(model, stage, index):
                stage[index] = nn.Identity()
    return model


def _is_added(model: ResNet, stage: nn.Sequential, index: int) -> bool:
    """The restructured first stage begins with the ReLU of the first convolution."""
    if stage is model.layer1 and isinstance(model.bn, nn.BatchNorm2d):
        return index % 2 == 0
    return index % 2 == 1 or index == len(stage) - 1


def _fill_post(
    model: ResNet, known: dict[str, torch.Tensor], images: torch.Tensor, added: Added
) -> None:
    model.conv.weight.copy_(known["conv1.weight"])
    _copy_norm(model.head[0], known, "bn1")
    x = model.head(model.conv(images))
    for stage, blocks in enumerate((model.layer1, model.layer2, model.layer3), 1):
        trained = 0
        for index, block in enumerate(blocks):
            if added != "none" and _is_added(model, blocks, index):
                block.bn2.weight.zero_()
            else:
                name = f"layer{stage}.{trained}"
                trained += 1
                for layer in ("conv1", "conv2"):
                    getattr(block, layer).weight.copy_(known[f"{name}.{layer}.weight"])
                for layer in ("bn1", "bn2"):
                    _copy_norm(getattr(block, layer), known, f"{name}.{layer}")
                if not isinstance(block.shortcut, nn.Identity):
                    _select(block.shortcut[0].weight)
                    _pass_on(block.shortcut[1], block.shortcut[0](x))
            x = block(x)


def _fill_pre_current(
    model: ResNet, known: dict[str, torch.Tensor], images: torch.Tensor, added: Added
) -> None:
    scale, constant = _affine(known, "bn1")
    model.conv.weight.copy_(known["conv1.weight"] * scale[:, None, None, None])
    x = model.conv(images)
    for stage, blocks in enumerate((model.layer1, model.layer2, model.layer3), 1):
        trained = 0
        for index, block in enumerate(blocks):
            # ``x + constant`` is what the ordinary network has there
            if added == "none" or not _is_added(model, blocks, index):
                name = f"layer{stage}.{trained}"
                trained += 1
                _pass_on(block.bn1, x, constant)
                block.conv1.weight.copy_(known[f"{name}.conv1.weight"])
                _copy_norm(block.bn2, known, f"{name}.bn1")
                scale, shift = _affine(known, f"{name}.bn2")
                block.conv2.weight.copy_(known[f"{name}.conv2.weight"] * scale[:, None, None, None])
                if not isinstance(block.shortcut, nn.Identity):
                    _select(block.shortcut.weight)
                    constant = block.shortcut.weight[:, :, 0, 0] @ constant
                constant = constant + shift
            elif added == "exact" and 2 * trained + (stage == 1) >= index:
                _pass_on(block.bn1, x, constant, sign=-1)
                nn.init.dirac_(block.conv1.weight)
                _pass_on(block.bn2, block.conv1(block.act1(block.bn1(x))))
                nn.init.dirac_(block.conv2.weight)
            else:
                _pass_on(block.bn1, x, constant)
                block.conv2.weight.zero_()
            x = block(x)
    _pass_on(model.bn, x, constant)


def _affine(known: dict[str, torch.Tensor], name: str) -> tuple[torch.Tensor, torch.Tensor]:
    scale = known[f"{name}.weight"] / (known[f"{name}.running_var"] + 1e-5).sqrt()
    return scale, known[f"{name}.bias"] - known[f"{name}.running_mean"] * scale


def _copy_norm(norm: nn.BatchNorm2d, known: dict[str, torch.Tensor], name: str) -> None:
    for key in ("weight", "bias", "running_mean", "running_var"):
        getattr(norm, key).copy_(known[f"{name}.{key}"])


def _pass_on(
    norm: nn.BatchNorm2d, x: torch.Tensor, constant: torch.Tensor | float = 0.0, sign: int = 1
) -> None:
    """Make it ``sign (x + constant)``, in training as in evaluation mode."""
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_(sign * (variance + norm.eps).sqrt())
    norm.bias.copy_(sign * (mean + constant))


def _select(weight: torch.Tensor) -> None:
    """A 1x1 convolution that adds as many zero channels before as behind."""
    weight.zero_()
    around = (len(weight) - weight.shape[1]) // 2
    for channel in range(weight.shape[1]):
        weight[around + channel, channel] = 1.0
