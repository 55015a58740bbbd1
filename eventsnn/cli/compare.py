"""``eventsnn compare``: several conversions of one ANN on the same data, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from eventsnn.cli.console import say, say_table, warn
from eventsnn.cli.options import EXISTING_FILE, OUTPUT_FILE, workers_option
from eventsnn.cli.running import Running
from eventsnn.cli.target import check_target
from eventsnn.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from converters import Ann
    from eventsnn.datasets import DataSet
    from eventsnn.hdf5 import NetworkFile, Source

__all__ = ["compare"]

#: Accuracy that a network may lack to count as arrived at its ANN's.
_NEAR = 0.01


@dataclass(frozen=True)
class _Curves:
    """One network: what is reached after each tick, and what it costs until then."""

    name: str
    recipe: str
    ticks: Sequence[int]
    accuracy: Sequence[float]
    ann_accuracy: float | None
    synops: Sequence[float]
    energy: Sequence[float]  # picojoules
    ann_energy: float | None

    @property
    def arrived(self) -> int | None:
        """Position of the first tick whose accuracy is near the ANN's."""
        if self.ann_accuracy is None:
            return None
        enough = self.ann_accuracy - _NEAR
        return next((at for at, a in enumerate(self.accuracy) if a >= enough), None)


@click.command()
@click.argument("networks", nargs=-1, required=True, type=EXISTING_FILE)
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--ticks",
    "-T",
    "--steps",
    type=click.IntRange(min=1),
    help="Ticks T. Default: as converted for.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N samples.")
@workers_option
@click.option("--plot", "picture", type=OUTPUT_FILE, help="Draw the curves there, as PNG.")
def compare(
    networks: tuple[Path, ...],
    data: Path,
    ticks: int | None,
    limit: int | None,
    workers: int | None,
    picture: Path | None,
) -> None:
    """Accuracy, ticks, synops and energy of the spiking NETWORKS (HDF5) on DATA.

    The networks are meant to be conversions of the same ANN: by other recipes, for other T.
    """
    from eventsnn.datasets import load_data
    from eventsnn.hdf5 import load_network

    if picture is not None:
        check_target(picture, "--plot", (*networks, data))
        _figure()
    files = [load_network(path) for path in networks]
    for path, file in zip(networks, files, strict=True):
        if ticks is None and file.ticks is None:
            raise click.UsageError(f"{path} names no T of its own; give --ticks")
    loaded = load_data(data)
    samples = loaded if limit is None else loaded.head(limit)
    names = _names(networks)
    curves = _measured(names, files, samples, ticks, workers)
    _print_table(curves, samples)
    if picture is not None:
        _draw(curves, picture)
        say(f"plot: {picture}")


def _names(networks: tuple[Path, ...]) -> list[str]:
    """File names, with their folders where names alone would be the same."""
    short = [path.name for path in networks]
    return short if len(set(short)) == len(short) else [str(path) for path in networks]


def _measured(
    names: Sequence[str],
    files: Sequence[NetworkFile],
    samples: DataSet,
    ticks: int | None,
    workers: int | None,
) -> list[_Curves]:
    from eventsnn.cli.measure import measure

    found: list[_Curves] = []
    known: list[tuple[NetworkFile, float | None]] = []  # one file of each ANN, and its accuracy
    for name, file in zip(names, files, strict=True):
        same = next((accuracy for other, accuracy in known if _same_ann(other, file)), None)
        report = measure(
            file,
            name,
            samples,
            ticks=ticks or file.ticks or 1,
            run=Running(workers),
            ann=None if same is not None else _ann(name, file.source),
            ann_macs=file.ann_macs,
        )
        if same is None:
            known.append((file, report["ann_accuracy"]))
        accuracy = report["ann_accuracy"] if same is None else same
        found.append(_curves(name, report, accuracy))
    if len(known) > 1:
        warn(
            "the networks do not come from one ANN with one preprocessing: each is compared "
            "with its own"
        )
    return found


def _same_ann(a: NetworkFile, b: NetworkFile) -> bool:
    """Whether two networks were made from the same weights, for the same images."""
    if a.source is None or b.source is None or a.preprocessing != b.preprocessing:
        return False
    return a.source.graph == b.source.graph and all(
        np.array_equal(values, b.source.arrays.get(key, np.nan))
        for key, values in a.source.arrays.items()
    )


def _ann(name: str, source: Source | None) -> Ann | None:
    from converters.conversion import ann_inside

    return None if source is None else ann_inside(source, name)


def _curves(name: str, report: Mapping[str, Any], ann_accuracy: float | None) -> _Curves:
    from eventsnn.energy import energy_model
    from eventsnn.report import energy_curves

    model = energy_model(report["energy_pj"]["model"]["name"])
    (costs,) = energy_curves(report, name, (model,))
    links = report["operations_after"]["links"]
    return _Curves(
        name=name,
        recipe=report["recipe"] or "unknown",
        ticks=report["ticks"],
        accuracy=report["accuracy"],
        ann_accuracy=ann_accuracy,
        synops=[sum(link["synops"][at] for link in links) for at in range(len(report["ticks"]))],
        energy=costs.snn,
        ann_energy=costs.ann,
    )


def _print_table(curves: Sequence[_Curves], samples: DataSet) -> None:
    from eventsnn.energy import ENERGY_MODELS

    rows = []
    for curve in curves:
        rows.append((curve.name, curve.recipe, *_cells(curve, len(curve.ticks) - 1)))
        if curve.arrived is not None:
            rows.append(("", "", *_cells(curve, curve.arrived)))
    columns = ("network", "recipe", "T", "accuracy", "ANN", "synops", "energy, uJ", "x ANN")
    say_table(f"{len(samples)} samples of {samples.name}, per inference", columns, rows)
    say(f"Second rows: the first T within {_NEAR:.0%} of the ANN's accuracy; none is never.")
    say(f"Energy by {ENERGY_MODELS[0].name}: arithmetic only, no memory, leakage, comparisons.")


def _cells(curve: _Curves, at: int) -> tuple[str, ...]:
    ann, energy = curve.ann_accuracy, curve.energy[at]
    return (
        str(curve.ticks[at]),
        f"{curve.accuracy[at]:.1%}",
        "-" if ann is None else f"{ann:.1%}",
        f"{curve.synops[at]:,.0f}",
        f"{energy / 1e6:,.3g}",
        "-" if not curve.ann_energy else f"{energy / curve.ann_energy:.2f}",
    )


def _figure() -> Any:
    """The class of figures.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            'figures need matplotlib: python -m pip install "eventsnn[plot]"'
        ) from error
    return Figure


def _draw(curves: Sequence[_Curves], path: Path) -> None:
    from eventsnn.files.whole_file import replacing

    figure = _figure()(figsize=(12, 4), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for number, curve in enumerate(curves):
        energies = [cost / 1e6 for cost in curve.energy]
        for axes, values in zip(panels, (curve.ticks, curve.synops, energies), strict=True):
            axes.plot(values, [100 * a for a in curve.accuracy], label=curve.name)
            if curve.ann_accuracy is not None and curve.ann_accuracy not in {
                other.ann_accuracy for other in curves[:number]
            }:
                label = f"ANN {curve.ann_accuracy:.1%}"
                axes.axhline(100 * curve.ann_accuracy, color="0.3", linestyle=":", label=label)
    labels = ("ticks T", "synops per inference", "uJ per inference, arithmetic only")
    for axes, label in zip(panels, labels, strict=True):
        axes.set_xlabel(label)
        axes.set_xscale("log")
    panels[0].set_ylabel("accuracy, %")
    panels[0].legend(frameon=False)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=150)
