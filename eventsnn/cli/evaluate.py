"""``eventsnn evaluate``: a spiking network on data, beside its ANN."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eventsnn.cli.console import note, say
from eventsnn.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    confidence_number,
    exit_grid,
    workers_option,
)
from eventsnn.cli.target import check_target
from eventsnn.errors import EventsnnError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from converters import Ann
    from eventsnn.hdf5 import NetworkFile

__all__ = ["evaluate"]


@click.command()
@click.argument("network", type=EXISTING_FILE)
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
@click.option("--json", "report_path", type=OUTPUT_FILE, help="Write the report there.")
@click.option("--ann", "weights", type=EXISTING_FILE, help="Compare with this ANN (.npz) instead.")
@click.option("--arch", help="What the bare weights of --ann are.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Of the noise of layers that have any."
)
@click.option(
    "--exit-confidence",
    "confidence",
    type=confidence_number,
    metavar="C",
    help="Tell what stopping each sample at this confidence (0.5 to 1) would give.",
)
def evaluate(
    network: Path,
    data: Path,
    ticks: int | None,
    limit: int | None,
    workers: int | None,
    report_path: Path | None,
    weights: Path | None,
    arch: str | None,
    seed: int,
    confidence: float | None,
) -> None:
    """Run the spiking network NETWORK (HDF5) on DATA.

    DATA is .npz or HDF5 with x and y, the images of an MNIST IDX pair, or a folder of
    N-MNIST recordings.
    """
    from eventsnn.cli.measure import measure
    from eventsnn.cli.report_tables import print_early_exit, print_report
    from eventsnn.datasets import load_data
    from eventsnn.hdf5 import load_network
    from eventsnn.report import write_report

    if arch is not None and weights is None:
        raise click.UsageError("--arch says what the weights of --ann are; give --ann too")
    if report_path is not None:
        check_target(report_path, "--json", (network, data, weights, arch))
    file = load_network(network)
    ticks = _ticks(file, network, ticks)
    if confidence is not None and file.integers is not None:
        raise click.UsageError(
            f"--exit-confidence reads potentials in the units of the ANN; {network} has integers"
        )
    ann, ann_macs = _ann(file, network, weights, arch)
    loaded = load_data(data)
    samples = loaded if limit is None else loaded.head(limit)
    report = measure(
        file,
        network.name,
        samples,
        ticks=ticks,
        workers=workers,
        ann=ann,
        ann_macs=ann_macs,
        exit_confidences=() if confidence is None else exit_grid(confidence),
        seed=seed,
    )
    if report_path is not None:
        # before anything is printed: a closed pipe must not cost the measurement
        write_report(report_path, report)
    print_report(report)
    if confidence is not None:
        print_early_exit(report, confidence)
    if report_path is not None:
        say(f"report: {report_path}")


def _ticks(file: NetworkFile, network: Path, ticks: int | None) -> int:
    if ticks is None and file.ticks is None:
        raise click.UsageError(f"{network} names no T of its own; give --ticks")
    ticks = ticks or file.ticks
    assert ticks is not None
    if file.integers is not None and ticks > file.integers.ticks:
        raise click.UsageError(
            f"{network}: its integers are proven to fit for T = {file.integers.ticks}, asked for "
            f"{ticks}; quantize with --ticks {ticks}"
        )
    if file.ticks is not None and ticks > file.ticks:
        note(f"T = {ticks} is beyond the T = {file.ticks} of the conversion, which is allowed")
    return ticks


def _ann(
    file: NetworkFile, network: Path, weights: Path | None, arch: str | None
) -> tuple[Ann | None, Mapping[str, int] | None]:
    """The ANN to compare with, and its multiply-accumulates."""
    from converters import ann_from_source, load_ann, macs
    from eventsnn.cli.measure import input_shape

    if weights is not None:
        ann = load_ann(weights, arch)
        expected = input_shape(file, network.name)
        if ann.input_shape != expected:
            raise click.BadParameter(
                f"{weights} takes images of shape {ann.input_shape}, {network} of {expected}; "
                f"give the ANN that it was converted from",
                param_hint="'--ann'",
            )
        return ann, macs(ann)
    if file.source is None:
        note(f"{network} holds no ANN to compare with; give --ann")
        return None, file.ann_macs
    try:
        return ann_from_source(file.source.graph, file.source.arrays), file.ann_macs
    except EventsnnError as error:
        raise type(error)(f"{network}: the ANN inside: {error}") from None
