"""Named graphs, so that a bare ``state_dict`` can be read without PyTorch."""

from __future__ import annotations

import re

from converters.intake.architectures.graph import Arrays
from converters.intake.architectures.resnet import BLOCKS, resnet
from converters.intake.architectures.resnet_cifar import resnet_cifar
from converters.intake.architectures.vgg import STAGES, vgg
from eventsnn import ConversionError

__all__ = ["KNOWN", "architecture", "architectures"]

#: Depths of CIFAR ResNets that the literature uses; any 6n + 2 is read.
_DEPTHS = (20, 32, 44, 56, 110)

KNOWN = (
    f"{', '.join(f'resnet{depth}-cifar' for depth in _DEPTHS)} (any resnet{{6n+2}}-cifar), "
    f"{', '.join(f'resnet{depth}' for depth in BLOCKS)}, "
    f"{', '.join(f'vgg{depth}' for depth in STAGES)}, each vgg also with _bn, -cifar, _bn-cifar"
)


def architectures() -> tuple[str, ...]:
    """Names that `converters.load_ann` knows; ``resnet{6n+2}-cifar`` works for any n >= 1."""
    vggs = (
        f"vgg{depth}{norm}{head}"
        for depth in STAGES
        for norm in ("", "_bn")
        for head in ("", "-cifar")
    )
    return (
        *(f"resnet{depth}-cifar" for depth in _DEPTHS),
        *(f"resnet{depth}" for depth in BLOCKS),
        *vggs,
    )


def architecture(name: str, arrays: Arrays) -> str:
    """The graph called ``name``, as JSON text for `converters.ann_from_source`.

    Args:
        name: one of `architectures`.
        arrays: the weights; they tell the number of input channels and of classes, and the
            head of a VGG.

    Raises:
        ConversionError: the name is unknown; the known ones are listed.
    """
    match = re.fullmatch(r"(resnet|vgg)(\d{1,4})(_bn)?(-cifar)?", name)
    family, depth = (match[1], int(match[2])) if match else ("", 0)
    norm, cifar = (bool(match[3]), bool(match[4])) if match else (False, False)
    if family == "vgg" and depth in STAGES:
        return vgg(depth, arrays, norm=norm, pixels=32 if cifar else 224)
    if family == "resnet" and not norm:
        if cifar and depth >= 8 and depth % 6 == 2:
            return resnet_cifar(depth, arrays)
        if not cifar and depth in BLOCKS:
            return resnet(depth, arrays)
    raise ConversionError(f"unknown architecture {name!r}; known are {KNOWN}")
