"""Train public CIFAR-10 networks on, as networks that spike: full width, 32 x 32 pixels.

    python benchmarks/fine_tune_cifar10.py resnet20_noise --data FOLDER --out FOLDER

Trained are the first 48,000 of the 50,000 training images; the other 2,000 are answered after
each epoch, and all choices were made by them. FOLDER has ``cifar10_train_{1..5}of5.npz`` and the
weights of akamaster/pytorch_resnet_cifar10 from which each run starts,
``resnet{20,56}_cifar10.npz``. Written are ``NAME.npz`` (weights rounded to float16),
``NAME.log.jsonl`` and, after each epoch, ``NAME.checkpoint.pt``, from which the same command goes
on. ``--device cuda`` wants a GPU and calculates in bfloat16.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from deepened_resnet import rebuilt
from small_cifar import MEAN, STD
from torch import nn
from train_resnet_blocks import round_weights

from converters import load_ann
from converters.intake.export_torch import export
from converters.training.ann_module import AnnModule
from converters.training.augment import flipped_and_shifted
from converters.training.ceilings import Bounded
from converters.training.clip import ClippedReLU
from converters.training.fine_tune import fine_tune
from converters.training.fit import accuracy
from converters.training.qcfs import QCFS
from converters.training.spiking import MultiStep, ScaledSpike

#: One image in 25 of all, the last ones, is held out.
HELD_OUT = 25
BATCH = 256
#: Of the run trained through time.
TICKS = 4


@dataclass(frozen=True)
class Run:
    """What is trained, from the folder of weights and some images; how, and how long."""

    network: Callable[[Path, torch.Tensor], nn.Module]
    activation: Callable[[], Bounded]
    epochs: int
    learning_rate: float


def resnet20(folder: Path, _: torch.Tensor) -> nn.Module:
    """The public network."""
    return AnnModule(load_ann(folder / "resnet20_cifar10.npz", "resnet20-cifar"))


def resnet20_through_time(folder: Path, images: torch.Tensor) -> nn.Module:
    """The same over several steps."""
    network = resnet20(folder, images)
    return MultiStep(network, TICKS, static=network.bn1)


def resnet20_pre_current(folder: Path, images: torch.Tensor) -> nn.Module:
    """Its weights in restructured blocks, which is not the same network."""
    with np.load(folder / "resnet20_cifar10.npz") as weights:
        return rebuilt(weights, "pre_current", images, "none")


def resnet116_post(folder: Path, images: torch.Tensor) -> nn.Module:
    """The public network of 56 layers, with blocks that change nothing."""
    with np.load(folder / "resnet56_cifar10.npz") as weights:
        return rebuilt(weights, "post", images, "exact")


def resnet116_pre_current(folder: Path, images: torch.Tensor) -> nn.Module:
    """The same in restructured blocks, with blocks that rectify the trunk."""
    with np.load(folder / "resnet56_cifar10.npz") as weights:
        return rebuilt(weights, "pre_current", images, "exact")


RUNS = {
    "resnet20_noise": Run(resnet20, ScaledSpike, 50, 0.1),
    "resnet20_noise_half": Run(resnet20, partial(ScaledSpike, deviation=0.144), 50, 0.1),
    "resnet20_none": Run(resnet20, partial(ScaledSpike, deviation=0.0), 50, 0.1),
    "resnet20_bptt": Run(resnet20_through_time, partial(ScaledSpike, deviation=0.0), 2, 0.1),
    "resnet20_pre_current_noise": Run(resnet20_pre_current, ScaledSpike, 50, 0.1),
    "resnet20_qcfs4": Run(resnet20, partial(QCFS, 4), 30, 0.05),
    "resnet20_qcfs8": Run(resnet20, partial(QCFS, 8), 30, 0.05),
    "resnet116_post": Run(resnet116_post, ClippedReLU, 19, 0.05),
    "resnet116_pre_current": Run(resnet116_pre_current, ClippedReLU, 19, 0.05),
}


def prepared(pixels: torch.Tensor) -> torch.Tensor:
    """``(pixels / 255 - MEAN) / STD``, channels last in memory."""
    mean, std = (torch.from_numpy(values).to(pixels.device) for values in (MEAN, STD))
    images = (pixels.float() / 255 - mean) / std
    return images.contiguous(memory_format=torch.channels_last)


def augmented(pixels: torch.Tensor) -> torch.Tensor:
    """Prepared, mirrored or not, and moved by up to 4 pixels."""
    return prepared(flipped_and_shifted(pixels, 4))


def training_pixels(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """All 50,000 of the public training images, uint8, and their labels."""
    parts = []
    for number in range(1, 6):
        with np.load(folder / f"cifar10_train_{number}of5.npz") as stored:
            parts.append((stored["x"], stored["y"].astype(np.int64)))
    x, y = (np.concatenate(values) for values in zip(*parts, strict=True))
    return torch.from_numpy(x), torch.from_numpy(y)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("run", choices=RUNS)
    parser.add_argument("--data", type=Path, required=True, help="folder of images and weights")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--epochs", type=int, help="in place of the run's own")
    parser.add_argument("--learning-rate", type=float, help="in place of the run's own")
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--images", type=int, help="the first so many only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    run = RUNS[options.run]
    options.out.mkdir(parents=True, exist_ok=True)
    if options.device == "cpu":
        torch.set_num_threads(1)  # the order of additions, and so the result, depends on it
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(options.seed)
    x, y = training_pixels(options.data)
    trained = len(x) - len(x) // HELD_OUT
    held_out = prepared(x[trained:].to(options.device)), y[trained:].to(options.device)
    model = fine_tune(
        run.network(options.data, prepared(x[:256])),
        x[:trained][: options.images],
        y[:trained][: options.images],
        activation=run.activation,
        epochs=options.epochs or run.epochs,
        batch_size=options.batch,
        learning_rate=options.learning_rate or run.learning_rate,
        seed=options.seed,
        augment=augmented,
        held_out=held_out,
        precision="float32" if options.device == "cpu" else "bfloat16",
        device=options.device,
        checkpoint=options.out / f"{options.run}.checkpoint.pt",
        log=options.out / f"{options.run}.log.jsonl",
    )
    if isinstance(model, MultiStep):
        model = model.network
    right = accuracy(model.to(options.device), *held_out)
    path = options.out / f"{options.run}.npz"
    export(model, prepared(x[:2]), path)
    round_weights(path)
    sys.stdout.write(f"{path}: {right:.2%} of {len(held_out[1])} images held out\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
