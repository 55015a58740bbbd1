"""Accuracy against synaptic operations and time steps: phase words beside rate coding.

    python benchmarks/bsnn_pareto.py RESULTS.json [--data DIR] [--network NAME ...]
                                     [--plot FILE.png] [--table]

Measures what is not in RESULTS.json yet, one line per network and method, and saves after
each. ``--table`` prints what is there, ``--plot`` draws it. A method is a name and what it does
with an ANN; a recipe whose networks are read after some ticks goes into `BY_TICK` to be put
beside the others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from converters import (
    Ann,
    Conversion,
    activation_quantiles,
    bsnn,
    forward,
    load_ann,
    lower,
    macs,
    quantized_activations,
    rate,
    ttrbr,
)
from converters.passes.canonical import canonical
from eventsnn import Network, evaluate, simulate_batch
from eventsnn.datasets import load_data
from eventsnn.energy import Operations, energy, energy_model
from eventsnn.files.whole_file import replacing
from eventsnn.signals.preprocessing import PreprocessedImages, Preprocessing

GRAPHS = Path(__file__).parents[1] / "docs" / "graphs"
CIFAR = (255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CIFAR_DATA = ("cifar10_train_1of5.npz", "cifar10_test_958.npz")
MNIST_DATA = ("mnist/train-images-idx3-ubyte.gz", "mnist/t10k-images-idx3-ubyte.gz")
#: weights, architecture, (scale, mean, std), (calibration, test),
#: test images for the accuracy of words, for operations, and for rate coding
NETWORKS: dict[str, Any] = {
    "mnist_cnn_sinabs": (
        "mnist_cnn_sinabs.npz",
        str(GRAPHS / "mnist_cnn.json"),
        (1.0, (0.0,), (1.0,)),
        MNIST_DATA,
        (1000, 200, 1000),
    ),
    "maxpool_cnn_cifar10": (
        "maxpool_cnn_cifar10.npz",
        str(GRAPHS / "maxpool_cnn.json"),
        (255.0, (0.5,), (0.5,)),
        CIFAR_DATA,
        (958, 200, 958),
    ),
    "resnet20": (
        "resnet20_cifar10.npz",
        "resnet20-cifar",
        CIFAR,
        CIFAR_DATA,
        (958, 100, 958),
    ),
    "resnet56": (
        "resnet56_cifar10.npz",
        "resnet56-cifar",
        CIFAR,
        CIFAR_DATA,
        (958, 32, 958),
    ),
}
CALIBRATION = 128


def by_rate(ann: Ann, images: Any, ticks: int) -> Network:
    return rate(ann, images, ticks=ticks).network


def by_old_rate(ann: Ann, images: Any, _ticks: int) -> Network:
    """Maximum normalization and v = 0 before the first tick: the method of 2015."""
    ann = canonical(ann)
    thresholds = activation_quantiles(ann, images, quantile=1.0)
    return lower(ann, thresholds, initial=0.0)


def by_tuning(ann: Ann, images: Any, ticks: int) -> Network:
    return ttrbr(ann, images, ticks=ticks).network


def by_signed_tuning(ann: Ann, images: Any, ticks: int) -> Network:
    return ttrbr(ann, images, ticks=ticks, neuron="signed").network


#: The conversion, and the ticks after which one run of it is read.
BY_TICK: dict[str, tuple[Callable[[Ann, Any, int], Network], tuple[int, ...]]] = {
    "rate": (by_rate, (8, 16, 32, 64, 128)),
    "rate, V0 = 0, maximum": (by_old_rate, (8, 16, 32, 64, 128, 256)),
    # tuned for the T of the run
    "ttrbr T=16": (by_tuning, (16,)),
    "ttrbr T=32": (by_tuning, (32,)),
    "ttrbr signed T=8": (by_signed_tuning, (8,)),
    "ttrbr signed T=16": (by_signed_tuning, (16,)),
}
#: Read at the end: parameters of `converters.bsnn`.
BY_WORD: dict[str, dict[str, Any]] = {
    **{f"bsnn K={k}": {"phases": k} for k in (4, 5, 6, 8)},
    **{f"bsnn K={k} floor": {"phases": k, "rounding": False} for k in (4, 5)},
    "bsnn K=4 quantile": {"phases": 4, "quantile": 0.9999, "per": "layer"},
}
METHODS = (*BY_WORD, *BY_TICK)
#: Too slow to be measured everywhere.
ONLY = dict.fromkeys(("rate, V0 = 0, maximum", "bsnn K=5 floor", "bsnn K=4 quantile"), "resnet20")


def by_tick(
    network: Network, read_after: tuple[int, ...], x: Any, y: Any, ann_macs: int
) -> list[dict[str, Any]]:
    """One row per number of ticks that is told, from one run."""
    ticks = read_after[-1]
    found = evaluate(network, x, y, ticks=ticks)
    assert found.accuracy is not None
    after, rows = found.after, []
    for t in read_after:
        operations = Operations(
            ac=float(after.ac[:, t - 1].sum() / len(x)),
            mac=float(after.mac[:, t - 1].sum() / len(x)),
            input_macs=found.counts.input_macs / len(x),
            input_adds=found.counts.input_adds / len(x) * t / ticks,
            bias_adds=found.counts.bias_adds / len(x) * t / ticks,
        )
        row = {"ticks": t, "images": len(x), "accuracy": float(found.accuracy[t - 1])}
        rows.append(row | {"counted": len(x)} | costs(operations, ann_macs))
    return rows


def by_word(
    conversion: Conversion, x: Any, y: Any, counted: int, ann_macs: int
) -> list[dict[str, Any]]:
    """Operations by the engine on some images, whose answers must be those of the words.

    The accuracy on all of them is that of the ANN of words, which the engine's words equal
    bit for bit (tests/converters/recipes/test_bsnn.py); it is dense, so it takes less time.
    """
    answers = np.concatenate([answer(conversion, x[at : at + 16]) for at in range(0, len(x), 16)])
    ticks = conversion.ticks
    assert ticks is not None
    counts, same = None, 0
    for start in range(0, counted, 32):
        some = x[start : min(start + 32, counted)]
        for at, run in enumerate(simulate_batch(conversion.network, some, ticks=ticks), start):
            same += int(run.output.argmax() == answers[at])
            counts = run.counts if counts is None else counts + run.counts
    assert counts is not None
    operations = Operations.per_inference(counts, counted, conversion.network, ticks)
    row = {"ticks": ticks, "images": len(x), "accuracy": float((answers == y).mean())}
    row |= {"counted": counted, "same answers": same, "lost": counts.lost}
    return [row | costs(operations, ann_macs)]


def answer(conversion: Conversion, x: Any) -> Any:
    """Of the ANN of words, in 32-bit floats."""
    form = canonical(conversion.ann)
    output = form.output
    return quantized_activations(
        form,
        x,
        conversion.thresholds,
        (output,),
        phases=int(conversion.parameters["phases"]),  # type: ignore[arg-type]
        rounding=bool(conversion.parameters["rounding"]),
        dtype=np.float32,
    )[output].argmax(axis=1)


def costs(operations: Operations, ann_macs: int) -> dict[str, float]:
    """Synaptic operations, and energy as a share of the ANN's by 32-bit floats and integers."""
    shares = {"synops": operations.ac + operations.mac}
    for name in ("horowitz-fp32", "horowitz-int32"):
        ratio = energy(operations, ann_macs, energy_model(name)).ratio
        assert ratio is not None
        shares[name] = ratio
    return shares


def measure(name: str, data: Path, results: dict[str, Any], save: Callable[[], None]) -> None:
    weights, arch, (scale, mean, std), (train, test), (images, counted, slow) = NETWORKS[name]
    ann = load_ann(data / weights, arch)
    constants = Preprocessing(scale, mean, std)
    drawn = load_data(data / train).draw(CALIBRATION)
    calibration = PreprocessedImages(drawn.images(), constants, ann.input_shape)[:]
    loaded = load_data(data / test).head(images)
    x = PreprocessedImages(loaded.images(), constants, ann.input_shape)[:]
    y = np.asarray(loaded.y)
    entry = results.setdefault(name, {})
    if "ann" not in entry:
        right = forward(ann, x).argmax(axis=1) == y
        entry["ann"] = {
            "accuracy": float(right.mean()),
            "macs": sum(macs(ann).values()),
            "right": right.tolist(),
        }
    ann_macs = entry["ann"]["macs"]
    for method in METHODS:
        if method in entry or ONLY.get(method, name) != name:
            continue
        print(f"{name}: {method}", flush=True)
        if method in BY_WORD:
            conversion = bsnn(ann, calibration, **BY_WORD[method])
            found = by_word(conversion, x, y, counted, ann_macs)
        else:
            convert, read_after = BY_TICK[method]
            network = convert(ann, calibration, read_after[-1])
            found = by_tick(network, read_after, x[:slow], y[:slow], ann_macs)
        entry[method] = [
            row | {"ann_accuracy": float(np.mean(entry["ann"]["right"][: row["images"]]))}
            for row in found
        ]
        save()


def rows(results: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (name, method, row)
        for name, entry in results.items()
        for method, found in entry.items()
        if method != "ann"
        for row in found
    ]


def print_table(results: dict[str, Any]) -> None:
    print(
        "| network | method | images | ticks | accuracy | ANN on them | synops / MAC | "
        "energy fp32 | energy int32 |"
    )
    print("|---" * 9 + "|")
    for name, entry in results.items():
        all_macs = entry["ann"]["macs"]
        print(f"| {name}, {all_macs / 1e6:.1f} M MACs |" + " |" * 8)
        for network, method, row in rows(results):
            if network == name:
                print(
                    f"| | {method} | {row['images']} | {row['ticks']} | "
                    f"{row['accuracy']:.1%} | {row['ann_accuracy']:.1%} | "
                    f"{row['synops'] / all_macs:.2f} | {row['horowitz-fp32']:.2f} | "
                    f"{row['horowitz-int32']:.2f} |"
                )


def draw(results: dict[str, Any], target: Path) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(9, 2.8 * len(results)), layout="constrained")
    axes = figure.subplots(len(results), 2, squeeze=False)
    for (name, entry), (left, right) in zip(results.items(), axes, strict=True):
        for method in METHODS:
            found = entry.get(method, [])
            for side, key, scale in (
                (left, "synops", entry["ann"]["macs"]),
                (right, "ticks", 1),
            ):
                across = [row[key] / scale for row in found]
                # on the same images, as not all methods were measured on as many
                up = [100 * (row["accuracy"] - row["ann_accuracy"]) for row in found]
                side.plot(across, up, "o-" if len(found) > 1 else "s", label=method)
        for side, label in ((left, "synaptic operations / MAC"), (right, "time steps")):
            side.axhline(0, color="black", linewidth=0.8)
            side.set(xscale="log", xlabel=label, ylabel="points above the ANN", title=name)
            side.xaxis.set_minor_formatter(NullFormatter())
            side.set_ylim(-12, 3)
    axes[0][1].legend(fontsize=7)
    figure.savefig(target, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--network", action="append", choices=list(NETWORKS))
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--table", action="store_true", help="print what is there, measure nothing")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    if options.results.is_file():
        results = json.loads(options.results.read_text())

    def save() -> None:
        with replacing(options.results) as partial:
            partial.write_text(json.dumps(results, indent=1))

    if not options.table:
        for name in options.network or NETWORKS:
            measure(name, options.data, results, save)
    print_table(results)
    if options.plot is not None:
        draw(results, options.plot)


if __name__ == "__main__":
    main()
