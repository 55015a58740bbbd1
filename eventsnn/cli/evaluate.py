"""``eventsnn evaluate``: a spiking network on data, beside its ANN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventsnn.cli.console import note, say
from eventsnn.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    confidence_number,
    exit_grid,
    workers_option,
)
from eventsnn.cli.running import Running, running_options
from eventsnn.cli.target import check_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from converters import Ann
    from eventsnn.datasets import DataSet
    from eventsnn.evaluation.evaluate import Evaluation
    from eventsnn.hdf5 import NetworkFile

__all__ = ["evaluate", "read_evaluated", "show_report", "what_options"]


@dataclass(frozen=True)
class Evaluated:
    """What is evaluated, read and checked.

    Attributes:
        file, name: the network.
        samples: the data.
        ticks: T.
        ann, ann_macs: to compare with, where there is one.
        confidence: for early exit.
        seed: of noise.
    """

    file: NetworkFile
    name: str
    samples: DataSet
    ticks: int
    ann: Ann | None
    ann_macs: Mapping[str, int] | None
    confidence: float | None
    seed: int

    def report(self, run: Callable[..., Evaluation]) -> dict[str, Any]:
        """The report of ``run``, see `eventsnn.cli.measure.measure`."""
        from eventsnn.cli.measure import measure

        return measure(
            self.file,
            self.name,
            self.samples,
            ticks=self.ticks,
            run=run,
            ann=self.ann,
            ann_macs=self.ann_macs,
            exit_confidences=() if self.confidence is None else exit_grid(self.confidence),
            seed=self.seed,
        )


def what_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Arguments and options that say what is evaluated, for `read_evaluated`."""
    options = (
        click.argument("network", type=EXISTING_FILE),
        click.argument("data", type=click.Path(exists=True, path_type=Path)),
        click.option(
            "--ticks",
            "-T",
            "--steps",
            type=click.IntRange(min=1),
            help="Ticks T. Default: as converted for.",
        ),
        click.option("--limit", type=click.IntRange(min=1), help="Only the first N samples."),
        click.option("--json", "report_path", type=OUTPUT_FILE, help="Write the report there."),
        click.option(
            "--ann",
            "weights",
            type=EXISTING_FILE,
            help="Compare with this ANN (.npz) instead.",
        ),
        click.option("--arch", help="What the bare weights of --ann are."),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            help="Of the noise of layers that have any.",
        ),
        click.option(
            "--exit-confidence",
            "confidence",
            type=confidence_number,
            metavar="C",
            help="Tell what stopping each sample at this confidence (0.5 to 1) would give.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_evaluated(
    network: Path,
    data: Path,
    ticks: int | None,
    limit: int | None,
    report_path: Path | None,
    weights: Path | None,
    arch: str | None,
    seed: int,
    confidence: float | None,
) -> Evaluated:
    """What the options of `what_options` name; refused before the work where it is wrong."""
    from eventsnn.datasets import load_data
    from eventsnn.hdf5 import load_network

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
    return Evaluated(file, network.name, samples, ticks, ann, ann_macs, confidence, seed)


def show_report(
    report: Mapping[str, Any], report_path: Path | None, confidence: float | None
) -> None:
    """Write the report, then print it: a closed pipe must not cost the measurement."""
    from eventsnn.cli.report_tables import print_early_exit, print_report
    from eventsnn.report import write_report

    if report_path is not None:
        write_report(report_path, report)
    print_report(report)
    if confidence is not None:
        print_early_exit(report, confidence)
    if report_path is not None:
        say(f"report: {report_path}")


@click.command()
@what_options
@workers_option
@running_options
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    workers: int | None,
    executor: str | None,
    journal: Path | None,
    shard: tuple[int, int],
    until: float | None,
    **what: Any,
) -> None:
    """Run the spiking network NETWORK (HDF5) on DATA.

    DATA is .npz or HDF5 with x and y, the images of an MNIST IDX pair, or a folder of
    N-MNIST recordings. Ctrl-C ends it after what is running, and shows what is finished.

    Exit status: 0 done, 2 wrong usage, 130 interrupted.
    """
    from eventsnn.cli.measure import MeasurementInterrupted
    from eventsnn.evaluation.executors import check_executor_name

    if executor is not None:
        if workers is not None:
            raise click.UsageError("--executor and --workers are two ways to say the same")
        check_executor_name(executor)
    evaluated = read_evaluated(**what)
    if until is not None and getattr(evaluated.samples.x, "random_access", True) is False:
        raise click.UsageError(
            f"--until draws samples at random, and {what['data']} can only be read from its "
            f"beginning on; write it without compression (numpy.savez, gunzip)"
        )
    run = Running(workers, executor, journal, shard, None if until is None else until / 100)
    try:
        report = evaluated.report(run)
    except MeasurementInterrupted as interrupt:
        _show_partial(interrupt.report, journal)
        context.exit(130)
    show_report(report, what["report_path"], what["confidence"])


def _show_partial(report: Mapping[str, Any] | None, journal: Path | None) -> None:
    if report is not None:
        show_report(report, None, None)
    kept = "" if journal is None else f"; {journal} has it, and the same command goes on"
    if report is None:
        note("interrupted before a sample was finished")
    else:
        note(
            f"interrupted after {report['samples']} of {report['samples_in_data']} samples{kept}; "
            f"no report was written"
        )


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
    from converters import load_ann, macs
    from converters.conversion import ann_inside
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
    return ann_inside(file.source, str(network)), file.ann_macs
