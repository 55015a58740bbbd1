"""ResNet-20 at full size: what a step of training costs by form, and an image by recipe.

    python benchmarks/full_size_cost.py --data FOLDER [--jobs NETWORK,RECIPE,T ...]

Training: a step of 64 images, forward and back, of one step with noise, one without, and through
four steps, in turn, round after round; processor time of one thread, and ratios within a round.
Inference: jobs as `full_size` takes them, on the same images in turn; processor time, and synaptic
operations.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from fine_tune_cifar10 import RUNS, prepared
from full_size import calibration, converted, test_images
from noise_cost import in_turn
from torch import nn

from converters import load_ann
from converters.training.ceilings import initialize_ceilings
from converters.training.fine_tune import with_activations
from eventsnn import evaluate

FORMS = ("resnet20_noise", "resnet20_none", "resnet20_bptt")
BATCH = 64
SIMULATED = 32


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of images and weights")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", nargs="*", default=[], help="NETWORK,RECIPE,T")
    options = parser.parse_args()
    torch.set_num_threads(1)
    training(options)
    if options.jobs:
        inference(options)
    return 0


def training(options: argparse.Namespace) -> None:
    with np.load(options.data / "cifar10_train_1of5.npz") as stored:
        pixels, labels = stored["x"][:BATCH], stored["y"][:BATCH].astype(np.int64)
    x, y = prepared(torch.from_numpy(pixels)), torch.from_numpy(labels)
    works = {name: _step(RUNS[name].activation, name, x, y, options.data) for name in FORMS}
    seconds = in_turn(works, options.rounds)
    print(f"training, {options.rounds} rounds of a step of {BATCH} images")
    for name, values in seconds.items():
        low, middle, high = np.quantile(values / seconds["resnet20_bptt"], (0.25, 0.5, 0.75))
        epoch = np.median(values) * 48_000 / BATCH
        print(f"{name}: {epoch:.0f} s an epoch; ", end="")
        print(f"to through time {middle:.3f} ({low:.3f}..{high:.3f})")


def _step(
    activation: Callable[[], nn.Module], name: str, x: torch.Tensor, y: torch.Tensor, data: Path
) -> Callable[[], None]:
    model = with_activations(RUNS[name].network(data, x), activation)
    model = model.to(memory_format=torch.channels_last)
    initialize_ceilings(model.eval(), x)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9, nesterov=True)

    def work() -> None:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return work


def inference(options: argparse.Namespace) -> None:
    x, _ = test_images(options.data, SIMULATED)
    images = calibration(options.data)
    works: dict[str, Callable[[], object]] = {}
    synops = {}
    for job in options.jobs:
        network, recipe, number = job.split(",")
        architecture, _, file = network.rpartition(":")
        made = converted(load_ann(file, architecture or None), recipe, int(number), images).network
        works[job] = functools.partial(evaluate, made, x, None, ticks=int(number))
        synops[job] = evaluate(made, x, None, ticks=int(number)).counts.synops / len(x)
    seconds = in_turn(works, options.rounds)
    print(f"inference, {options.rounds} rounds of {len(x)} images")
    first = options.jobs[0]
    for job, values in seconds.items():
        print(
            f"{job}: {1e3 * np.median(values) / len(x):.1f} ms an image, "
            f"{np.median(values / seconds[first]):.1f} times the first; "
            f"{synops[job] / 1e6:.2f} M synops, {synops[job] / synops[first]:.1f} times"
        )


if __name__ == "__main__":
    sys.exit(main())
