"""``eventsnn verify``: properties held against the user's own network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventsnn.cli.console import progress_bar, say
from eventsnn.cli.options import EXISTING_FILE, OUTPUT_FILE
from eventsnn.cli.target import check_target
from eventsnn.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventsnn.hdf5 import NetworkFile
    from eventsnn.testing.properties import Property

__all__ = ["verify"]


@click.command()
@click.argument("network", type=EXISTING_FILE)
@click.argument("data", type=click.Path(exists=True, path_type=Path), required=False)
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    help="Drawn inputs for each property. Default: by the size of the network, 4 to 25.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of them.")
@click.option(
    "--ticks",
    "-T",
    "--steps",
    type=click.IntRange(min=1),
    help="Ticks T, at most. Default: as converted for, or fewer by the size of the network.",
)
@click.option("--only", metavar="PROPERTY", multiple=True, help="One property; may be repeated.")
@click.option("--json", "report_path", type=OUTPUT_FILE, help="Write the certificate there.")
@click.pass_context
def verify(
    context: click.Context,
    network: Path,
    data: Path | None,
    examples: int | None,
    seed: int,
    ticks: int | None,
    only: tuple[str, ...],
    report_path: Path | None,
) -> None:
    """Hold the properties of docs/verify.md against NETWORK (HDF5), and print a certificate.

    The inputs are drawn, by --seed, and samples of DATA where that is given. A property that
    fails is shown on the smallest input found, with a command that finds it again.

    Exit status: 0 no property fails, 1 one does, 2 wrong usage.
    """
    try:
        import hypothesis  # noqa: F401  # all of eventsnn.testing needs it
    except ImportError as error:
        raise MissingExtraError(
            "eventsnn verify needs hypothesis: python -m pip install 'eventsnn[test]'"
        ) from error
    from eventsnn.cli.verify_print import print_certificate
    from eventsnn.hdf5 import load_network
    from eventsnn.report import write_report
    from eventsnn.testing.verification import certificate, effort_for
    from eventsnn.testing.verification import verify as hold

    if report_path is not None:
        check_target(report_path, "--json", (network, data))
    file = load_network(network)
    properties = _chosen(file, network, only)
    effort = effort_for(file.network, file.ticks, ticks=ticks, examples=examples)
    real = [] if data is None else _samples(file, network, data, effort.ticks, effort.examples)
    rounds = len(properties) * (effort.examples + len(real))
    with progress_bar() as bar:
        task = bar.add_task("", total=rounds)

        def progress(name: str) -> None:
            bar.update(task, description=name, advance=1)

        findings = hold(file.network, properties, effort, seed=seed, real=real, progress=progress)
    found = certificate(file.network, findings, effort, seed)
    if report_path is not None:
        write_report(report_path, {"file": network.name, **found})
    print_certificate(network, data, found)
    if report_path is not None:
        say(f"certificate: {report_path}")
    if found["verdict"] == "fails":
        context.exit(1)


def _chosen(file: NetworkFile, network: Path, only: tuple[str, ...]) -> Sequence[Property]:
    from eventsnn.cli.verify_converted import converted_properties
    from eventsnn.testing.properties import PROPERTIES

    every = {entry.name: entry for entry in (*PROPERTIES, *converted_properties(file, network))}
    unknown = [name for name in only if name not in every]
    if unknown:
        names = ", ".join(f"'{name}'" for name in every)
        raise click.BadParameter(
            f"no property '{unknown[0]}'; there are {names}", param_hint="'--only'"
        )
    return [entry for name, entry in every.items() if not only or name in only]


def _samples(
    file: NetworkFile, network: Path, data: Path, ticks: int, examples: int
) -> list[dict[str, Any]]:
    """A few samples of the data, as inputs of the network by name: a quarter of the examples."""
    from eventsnn.cli.measure import images_for, input_shape
    from eventsnn.datasets import load_data

    shape = input_shape(file, network.name)
    drawn = load_data(data).draw(max(2, examples // 4))
    name = file.network.inputs[0].name
    if drawn.kind != "events":
        images = images_for(file, network.name, drawn)
        return [{name: images[i]} for i in range(len(drawn))]
    recordings = drawn.recordings()
    if recordings[0].shape != shape:
        raise DataError(
            f"{drawn.name}: event recordings of shape {recordings[0].shape}, but the input of "
            f"{network.name} has shape {shape}"
        )
    return [{name: _beginning(recording, ticks)} for recording in recordings]


def _beginning(recording: Any, ticks: int) -> Any:
    """The ticks from the first event on; the oracle would take hours for all of them."""
    from eventsnn.signals.spikes import Spikes

    first = int(recording.tick[0]) if len(recording) else 0
    kept = recording.tick < first + ticks
    return Spikes(
        recording.shape,
        recording.tick[kept] - first,
        recording.index[kept],
        recording.amplitude[kept],
    )
