"""How fast is ResNet-20 at T = 32 beside dense simulators in PyTorch, on this machine?

    EVENTSNN_DATA=... python benchmarks/against_peers.py --threads 2 [--rounds 5] [--out DIR]

Same weights, thresholds, images and ticks for all, accuracy beside time. Each peer runs at the
batch size that is fastest for it, found first; then rounds in which all run one after the other, so
that a ratio is of two times taken seconds apart. Wall time and processor time (of all threads)
per image, medians over rounds; on a machine that does other things too, the latter says more.
Peers that are not installed are named and left out. Writes ``against_peers.json`` and ``.md``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import machine
from peer_networks import FoldedNetwork, norse, plain, sinabs, snntorch, spikingjelly

import converters
from eventsnn import evaluate, quantize
from eventsnn.signals.preprocessing import Preprocessing

TICKS = 32
KNOWN = Preprocessing(255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
LARGEST = 2.64  # of a preprocessed pixel
PEERS = {
    "plain PyTorch loop": (plain, "torch"),
    "SpikingJelly": (spikingjelly, "spikingjelly"),
    "Sinabs": (sinabs, "sinabs"),
    "snnTorch": (snntorch, "snntorch"),
    "Norse": (norse, "norse"),
}
#: Wall time and processor time per image, and the accuracy.
Run = Callable[[], tuple[float, float, float]]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--peer-images", type=int, default=32)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 8], help="tried")
    parser.add_argument("--out", type=Path, default=Path())
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    data = Path(os.environ["EVENTSNN_DATA"])
    calibration, _ = _images(data / "cifar10_train_1of5.npz", 128)
    x, y = _images(data / "cifar10_test_958.npz", chosen.images)
    ann = converters.load_ann(data / "resnet20_cifar10.npz", "resnet20-cifar")
    network = converters.rate(ann, calibration, ticks=TICKS).network

    runs: dict[str, Run] = {}
    batches: dict[str, int | None] = {}
    left_out: dict[str, str] = {}
    for name, given, inputs in _ours(network, x):
        runs[name] = _event_run(given, inputs, y, chosen.threads)
        batches[name] = None
    images = torch.from_numpy(x[: chosen.peer_images].astype(np.float32))
    images = images.contiguous(memory_format=torch.channels_last)
    for name, (neuron, package) in PEERS.items():
        try:
            peer = FoldedNetwork(network, TICKS, neuron)
            version = importlib.metadata.version(package)
            tried = {b: _torch_run(peer, images[: 2 * b], y, b) for b in chosen.batches}
            times = {b: min(run()[1] for _ in range(2)) for b, run in tried.items()}
        except (ImportError, importlib.metadata.PackageNotFoundError, NotImplementedError) as error:
            left_out[name] = str(error)
            continue
        best = min(times, key=times.__getitem__)
        label = f"{name} {version}"
        runs[label], batches[label] = _torch_run(peer, images, y, best), best

    for run in runs.values():
        run()  # compiled, warm
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    processor: dict[str, list[float]] = {name: [] for name in runs}
    accuracy: dict[str, float] = {}
    for _ in range(chosen.rounds):
        for name, run in runs.items():
            wall, used, accuracy[name] = run()
            seconds[name].append(wall)
            processor[name].append(used)
    report = {
        "what": f"ResNet-20, CIFAR-10, rate, T = {TICKS}, {chosen.threads} threads",
        "machine": machine("torch"),
        "rounds": chosen.rounds,
        "batches": batches,
        "ms_per_image": {name: [1e3 * s for s in values] for name, values in seconds.items()},
        "processor_ms": {name: [1e3 * s for s in values] for name, values in processor.items()},
        "accuracy": accuracy,
        "left_out": left_out,
    }
    table = _table(report)
    print(table)
    name = f"against_peers_{chosen.threads}"
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / f"{name}.json").write_text(json.dumps(report, indent=1))
    (chosen.out / f"{name}.md").write_text(table)


def _images(path: Path, count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    with np.load(path) as file:
        return KNOWN.apply(file["x"][:count], (3, 32, 32)).astype(np.float64), file["y"][:count]


def _ours(network: Any, x: Any) -> list[tuple[str, Any, Any]]:
    narrow = quantize(network, ticks=TICKS, potential_bits=16, clamp=2, analog=LARGEST)
    wide = quantize(network, ticks=TICKS, potential_bits=32, analog=LARGEST)
    return [
        ("eventsnn float32", network, x),
        ("eventsnn int32", wide.network, x),
        ("eventsnn int16", narrow.network, x),
    ]


def _event_run(network: Any, x: Any, y: Any, threads: int) -> Run:
    def run() -> tuple[float, float, float]:
        begin, used = time.perf_counter(), time.process_time()
        found = evaluate(network, x, y, ticks=TICKS, workers=threads, precision="float32")
        wall, used = time.perf_counter() - begin, time.process_time() - used
        assert found.accuracy is not None
        return wall / len(x), used / len(x), float(found.accuracy[-1])

    return run


def _torch_run(peer: Any, images: Any, y: Any, batch: int) -> Run:
    def run() -> tuple[float, float, float]:
        begin, used = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            answers = [peer(images[i : i + batch]).argmax(1) for i in range(0, len(images), batch)]
        spent, used = time.perf_counter() - begin, time.process_time() - used
        right = torch.cat(answers).numpy() == y[: len(images)]
        return spent / len(images), used / len(images), float(right.mean())

    return run


def _table(report: dict[str, Any]) -> str:
    """Time per image, and how many times as long each peer takes, round by round."""
    times, processor = report["ms_per_image"], report["processor_ms"]
    ours = [name for name in times if name.startswith("eventsnn")]
    head = "| | batch | ms per image | processor ms | accuracy | " + " | ".join(
        f"x {name}" for name in ours
    )
    lines = [report["what"], "", head + " |", "|---" * (5 + len(ours)) + "|"]
    for name, values in times.items():
        ratios = [
            tuple(
                statistics.median(a / b for a, b in zip(of[name], of[our], strict=True))
                for of in (times, processor)
            )
            for our in ours
        ]
        batch = report["batches"][name] or "-"
        lines.append(
            f"| {name} | {batch} | {statistics.median(values):.2f} | "
            f"{statistics.median(processor[name]):.2f} | {report['accuracy'][name]:.3f} | "
            + " | ".join("" if name in ours else f"{a:.1f} / {b:.1f}" for a, b in ratios)
            + " |"
        )
    machine = ", ".join(f"{key} {value}" for key, value in report["machine"].items())
    rounds = f"medians of {report['rounds']} paired rounds"
    lines += ["", f"{machine}; {rounds}; x: ratios of wall time / of processor time."]
    lines += [f"Left out: {name} ({why})." for name, why in report["left_out"].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
