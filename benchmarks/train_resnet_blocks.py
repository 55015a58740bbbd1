"""Train a very deep, narrow ResNet on small CIFAR-10 images, with a choice of its blocks.

    python benchmarks/train_resnet_blocks.py --data FOLDER --block pre_current --out net.npz

Images are the 50,000 of CIFAR-10 (``cifar10_train_1of5.npz`` to ``5of5``, with x (10000, 3,
32, 32) uint8 and y), each 2 x 2 pixels averaged to one: ``--size 16``; the first convolution
halves them once more. The blocks are those of `converters.training.resnet`. Written are the
network as a self-describing NPZ (weights rounded to float16), its log beside it
(``net.log.jsonl``), and a checkpoint after each epoch (``net.checkpoint.pt``), from which the
same command goes on.

The accuracy told in the end is that of the written network, by `converters.forward`, on
``cifar10_test_958.npz``. Needs torch. Blocks that are compared are trained by the same command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from small_cifar import read

from converters import forward, load_ann
from converters.intake.export_torch import export
from converters.training.augment import flipped_and_shifted
from converters.training.ceilings import (
    initialize_ceilings,
    keep_ceilings_positive,
    parameter_groups,
)
from converters.training.fit import fit
from converters.training.resnet import ResNet
from eventsnn.files.npz import read_npz, write_npz


def trained(options: argparse.Namespace) -> ResNet:
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)  # the order of additions, and so the result, depends on it
    parts = [read(options.data / f"cifar10_train_{i}of5.npz", options.size) for i in range(1, 6)]
    images = torch.from_numpy(np.concatenate([x for x, _ in parts]))
    labels = torch.from_numpy(np.concatenate([y for _, y in parts]))
    model = ResNet(options.depth, options.width, options.block, stem_stride=options.stem_stride)
    model = model.to(memory_format=torch.channels_last)
    initialize_ceilings(model.train(), images[:500].contiguous(memory_format=torch.channels_last))
    fit(
        model,
        images,
        labels,
        epochs=options.epochs,
        batch_size=options.batch,
        learning_rate=options.learning_rate,
        parameters=parameter_groups(
            model, weight_decay=options.weight_decay, ceiling_decay=options.ceiling_decay
        ),
        seed=options.seed,
        augment=lambda batch: flipped_and_shifted(batch, options.size // 8),
        project=keep_ceilings_positive,
        checkpoint=options.out.with_suffix(".checkpoint.pt"),
        log=options.out.with_suffix(".log.jsonl"),
    )
    return model


def round_weights(path: Path) -> None:
    """Store weights in half the bytes; vectors, batch norms' above all, stay as they are."""
    arrays = read_npz(path)
    half = {key: values.astype(np.float16) for key, values in arrays.items() if values.ndim > 1}
    write_npz(path, arrays | half)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the CIFAR-10 NPZ")
    parser.add_argument("--out", type=Path, required=True, help="the NPZ to write")
    parser.add_argument("--block", required=True, choices=["post", "pre_spike", "pre_current"])
    parser.add_argument("--depth", type=int, default=110)
    parser.add_argument("--width", type=int, default=16, help="channels of the first stage")
    parser.add_argument("--stem-stride", type=int, default=2, help="of the first convolution")
    parser.add_argument("--size", type=int, default=16, help="pixels a side: 32, 16 or 8")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--ceiling-decay", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    model = trained(options)
    x, y = read(options.data / "cifar10_test_958.npz", options.size)
    export(model, x[:2], options.out)
    round_weights(options.out)
    accuracy = float(np.mean(forward(load_ann(options.out), x).argmax(axis=1) == y))
    print(f"{options.out}: {accuracy:.2%} of {len(y)} test images")
    return 0


if __name__ == "__main__":
    sys.exit(main())
