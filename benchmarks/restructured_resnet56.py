"""The public ResNet-56 in restructured blocks, exactly and without training, as an NPZ to convert.

    python benchmarks/restructured_resnet56.py --data FOLDER --out restructured.npz
    python benchmarks/full_size.py --data FOLDER --limit 128 restructured.npz,rate,32

See `deepened_resnet`. Needs torch, and ``resnet56_cifar10.npz`` in the folder of images.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from deepened_resnet import rebuilt
from full_size import calibration
from torch import nn

from converters.intake.export_torch import export
from converters.training.ceilings import Bounded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of images and weights")
    parser.add_argument("--out", type=Path, required=True, help="the NPZ to write")
    options = parser.parse_args()
    images = torch.from_numpy(calibration(options.data))
    with np.load(options.data / "resnet56_cifar10.npz") as weights:
        model = rebuilt(weights, "pre_current", images, "exact")
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Bounded):  # without a ceiling so far
                setattr(parent, name, nn.ReLU())
    export(model, images[:2], options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
