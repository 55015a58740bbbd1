"""What training in one step saves, and what one step saves at inference; both measured in pairs.

    python benchmarks/noise_cost.py --data-set mnist --runs runs

Training: each of the four forms of `noise_networks` takes a few steps in turn, round after round;
printed are medians of seconds of processor time (one thread) and of the ratios to back-propagation
through time within a round. So a busy machine hardly moves them.

Inference: the network trained with noise at T = 1 and the ANN by rate conversion at the first T
that reaches its accuracy (from the answers that `noise_tables` left) simulate the same images in
turn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from noise_data import PREPROCESSING, test_data, training_images
from noise_networks import VARIANTS, build, trained_form
from noise_tables import answers, converted
from noise_tables import prepared as prepared_array
from torch import nn
from train_noise import BATCH, IMAGES, prepared

from eventsnn import evaluate

ROUNDS = 15
STEPS = 3
SIMULATED = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-set", choices=tuple(PREPROCESSING), required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    training(options.data_set)
    inference(options.data_set, options.runs)


def in_turn(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of processor time of each, (rounds,)."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            began = time.process_time()
            work()
            seconds[name].append(time.process_time() - began)
    return {name: np.array(values) for name, values in seconds.items()}


def training(data_set: str) -> None:
    batch = BATCH[data_set]
    pixels, labels = training_images(data_set, IMAGES[data_set])
    some = prepared(pixels[: STEPS * batch], data_set)
    works = {}
    for variant in VARIANTS:
        torch.manual_seed(0)
        model = trained_form(build(data_set, variant), variant)
        works[variant] = _steps(model, some, labels, batch)
    seconds = in_turn(works, ROUNDS)
    epoch = len(pixels) / (STEPS * batch)
    print(f"\n{data_set}, training, {ROUNDS} rounds of {STEPS} steps of {batch} images:\n")
    print("| form | seconds for an epoch | ratio to through time (quartiles) |\n|---|---|---|")
    for variant, values in seconds.items():
        low, middle, high = np.quantile(values / seconds["bptt"], (0.25, 0.5, 0.75))
        whole = np.median(values) * epoch
        print(f"| {variant} | {whole:.1f} | {middle:.3f} ({low:.3f}..{high:.3f}) |")


def _steps(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, batch: int
) -> Callable[[], None]:
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)

    def work() -> None:
        for start in range(0, len(images), batch):
            some = slice(start, start + batch)
            loss = nn.functional.cross_entropy(model(images[some]), labels[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return work


def inference(data_set: str, runs: Path) -> None:
    one_step, ann = (runs / f"{data_set}_{variant}_seed0.npz" for variant in ("noise", "ann"))
    wanted = answers(one_step, data_set, "carry").after(1).mean()
    curve = answers(ann, data_set, "rate").right.mean(0)
    reached = np.flatnonzero(curve >= wanted)
    print(f"\n{data_set}, inference: {100 * wanted:.2f} % at T = 1; by rate conversion", end=" ")
    if not len(reached):
        print(f"at most {100 * curve.max():.2f} % until T = {len(curve)}")
        return
    ticks = {"one step": 1, "rate": int(reached[0]) + 1}
    images = prepared_array(test_data(data_set)[0][:SIMULATED], data_set)
    networks = {
        "one step": converted(one_step, data_set, "carry"),
        "rate": converted(ann, data_set, "rate"),
    }

    def simulation(name: str) -> Callable[[], object]:
        return lambda: evaluate(networks[name], images, None, ticks=ticks[name])

    seconds = in_turn({name: simulation(name) for name in ticks}, ROUNDS)
    print(f"at T = {ticks['rate']}\n\n| | T | ms per image | synops per image |\n|---|---|---|---|")
    synops = {}
    for name, steps in ticks.items():
        found = evaluate(networks[name], images, None, ticks=steps)
        synops[name] = found.counts.synops / SIMULATED
        each = 1000 * np.median(seconds[name]) / SIMULATED
        print(f"| {name} | {steps} | {each:.2f} | {synops[name]:,.0f} |")
    times = np.median(seconds["rate"] / seconds["one step"])
    print(
        f"\nratios rate / one step: {ticks['rate']} in time steps, {times:.1f} in time, "
        f"{synops['rate'] / synops['one step']:.1f} in synops"
    )


if __name__ == "__main__":
    main()
