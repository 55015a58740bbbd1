"""Train one network in one time step with noise, or one of its baselines.

    python benchmarks/train_noise.py --data-set mnist --variant noise --seed 0 --output runs

``--variant noise`` trains at T = 1 with noise for the residual (`converters.training.spiking`),
``none`` at T = 1 without, ``bptt`` by back-propagation through four steps, ``ann`` with ReLU in
place of the spiking layers, for rate conversion. All have the same weights to learn, the same
images in the same order, the same optimizer and the same number of epochs.

Interrupt it when you like: started again, it goes on after the last whole epoch. Writes
``NAME.log`` (JSON lines), ``NAME.checkpoint`` and, in the end, ``NAME.npz``, where NAME tells the
options. Needs ``eventsnn[torch]`` and the data folder, see `noise_data`.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

import torch
from noise_data import PREPROCESSING, training_images
from noise_networks import VARIANTS, build, trained_form
from torch import nn

from converters.ann.ops import RESETS
from converters.intake.export_torch import export
from converters.training.augment import flipped_and_shifted
from converters.training.fit import fit
from converters.training.residuals import match_noise

EPOCHS = {"mnist": 4, "cifar10": 5}
BATCH = {"mnist": 128, "cifar10": 64}
#: Training images used: all. The epochs are those that one core has time for through time.
IMAGES = {"mnist": 60_000, "cifar10": 50_000}
LEARNING_RATE = 0.1

#: Training images on which residuals are measured, in the middle of every epoch.
MATCHED_ON = 256


def main() -> None:
    options = _options()
    name = _name(options)
    options.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # the order of additions, and so the result, depends on it
    torch.manual_seed(options.seed)
    matched = options.sigma == "matched"
    deviation = None if matched or options.sigma is None else float(options.sigma)
    network = build(
        options.data_set,
        options.variant,
        deviation=deviation,
        decay=options.decay,
        reset=options.reset,
    )
    images, labels = training_images(options.data_set, IMAGES[options.data_set])
    fit(
        Prepared(trained_form(network, options.variant), options.data_set),
        images,
        labels,
        epochs=options.epochs or EPOCHS[options.data_set],
        batch_size=BATCH[options.data_set],
        learning_rate=LEARNING_RATE,
        seed=options.seed,
        augment=functools.partial(flipped_and_shifted, most=4)
        if options.data_set == "cifar10"
        else None,
        project=matching(network, images, options.data_set) if matched else None,
        checkpoint=options.output / f"{name}.checkpoint",
        log=options.output / f"{name}.log",
    )
    example = prepared(images[:16], options.data_set)
    export(network, example, options.output / f"{name}.npz")


def _name(options: argparse.Namespace) -> str:
    """Of the files: data set and variant, what is unusual, and the seed."""
    unusual = {"sigma": None, "decay": 1.0, "reset": "subtract"}
    parts = [options.data_set, options.variant]
    for option, usual in unusual.items():
        value = getattr(options, option)
        parts += [] if value == usual else [option, str(value)]
    return "_".join((*parts, f"seed{options.seed}"))


class Prepared(nn.Module):
    """Takes pixels, so that batches are turned into numbers one at a time."""

    def __init__(self, model: nn.Module, data_set: str) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.data_set = data_set

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The model's answer to pixels."""
        return self.model(prepared(pixels, self.data_set))


def prepared(pixels: torch.Tensor, data_set: str) -> torch.Tensor:
    """Preprocessed images (N, C, H, W), channels last in memory."""
    means, deviations = PREPROCESSING[data_set]
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (means, deviations))
    images = (pixels.float() / 255 - mean) / deviation
    return images.contiguous(memory_format=torch.channels_last)


def matching(
    network: nn.Sequential, pixels: torch.Tensor, data_set: str
) -> Callable[[nn.Module], None]:
    """Measures the noise anew in the middle of every epoch; a training resumes between epochs."""
    images = prepared(pixels[:MATCHED_ON], data_set)
    steps, per_epoch = 0, -(-len(pixels) // BATCH[data_set])

    def after_step(_: nn.Module) -> None:
        nonlocal steps
        steps += 1
        if steps % per_epoch == per_epoch // 2:
            for name, residual in match_noise(network, images).items():
                print(name, residual, flush=True)

    return after_step


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-set", choices=("mnist", "cifar10"), required=True)
    parser.add_argument("--variant", choices=VARIANTS, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help=f"default: {EPOCHS}")
    parser.add_argument("--sigma", help='of the noise, or "matched"; default: theta / sqrt(12)')
    parser.add_argument("--decay", type=float, default=1.0, help="1 is IF, less is LIF")
    parser.add_argument("--reset", choices=RESETS, default="subtract")
    parser.add_argument("--output", type=Path, default=Path("runs"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
