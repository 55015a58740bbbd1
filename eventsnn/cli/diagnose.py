"""``eventsnn diagnose``: why each layer differs from the ANN, and which costs the accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eventsnn.cli.console import progress_bar, say, say_table
from eventsnn.cli.options import EXISTING_FILE, OUTPUT_FILE
from eventsnn.cli.target import check_target

if TYPE_CHECKING:
    from converters import Ann, Diagnosis
    from converters.diagnosis import Cost, LayerDiagnosis
    from eventsnn.datasets import DataSet
    from eventsnn.hdf5 import NetworkFile

__all__ = ["diagnose"]


@click.command()
@click.argument("network", type=EXISTING_FILE)
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Images: the first N after a shuffle that is always the same.",
)
@click.option(
    "--ticks",
    "-T",
    "--steps",
    type=click.IntRange(min=1),
    help="Ticks T. Default: as converted for.",
)
@click.option("--json", "report_path", type=OUTPUT_FILE, help="Write all numbers there.")
@click.option("--plot", "picture", type=OUTPUT_FILE, help="Draw the errors there, as PNG.")
def diagnose(
    network: Path,
    data: Path,
    samples: int,
    ticks: int | None,
    report_path: Path | None,
    picture: Path | None,
) -> None:
    """Say for each layer of NETWORK (HDF5) why its rates differ from the ANN's activations.

    DATA is .npz or HDF5 with x (and y), or an MNIST IDX file. To choose a conversion by what
    is found here, use training images.
    """
    from converters import diagnose as run_diagnosis
    from converters.diagnosis.plot import diagnosis_figure, figure_type
    from eventsnn.cli.measure import images_for
    from eventsnn.datasets import load_data
    from eventsnn.files.whole_file import replacing
    from eventsnn.hdf5 import load_network
    from eventsnn.report import write_report

    for target, option in ((report_path, "--json"), (picture, "--plot")):
        if target is not None:
            check_target(target, option, (network, data))
    if picture is not None:
        figure_type()
    file = load_network(network)
    if file.integers is not None:
        raise click.UsageError(
            f"{network} has integers, which are no activations; diagnose the one it was made from"
        )
    ticks = ticks or file.ticks
    if ticks is None:
        raise click.UsageError(f"{network} names no T of its own; give --ticks")
    ann = _source(file, network)
    drawn = _drawn(load_data(data), samples, ann)
    images = images_for(file, network.name, drawn)
    with progress_bar() as bar:
        task = bar.add_task("images", total=len(drawn))
        found = run_diagnosis(
            file.network,
            ann,
            images[:],
            drawn.y,
            ticks=ticks,
            progress=lambda count: bar.advance(task, count),
        )
    if report_path is not None:
        write_report(report_path, {"network": network.name, "data": drawn.name, **found.as_dict()})
    if picture is not None:
        figure = diagnosis_figure(found)
        with replacing(picture) as partial:
            figure.savefig(partial, format="png", dpi=150)
    _print(found, network.name, drawn.name)
    if report_path is not None:
        say(f"report: {report_path}")
    if picture is not None:
        say(f"plot: {picture}")


def _source(file: NetworkFile, network: Path) -> Ann:
    from converters.conversion import ann_inside

    if file.source is None:
        raise click.BadParameter(
            f"{network} holds no ANN to compare with; convert again with this version",
            param_hint="'NETWORK'",
        )
    return ann_inside(file.source, str(network))


def _drawn(data: DataSet, samples: int, ann: Ann) -> DataSet:
    from converters.ann.forward import classes_of

    drawn = data.draw(samples)
    drawn.check_classes(classes_of(ann))
    return drawn


def _print(found: Diagnosis, network: str, data: str) -> None:
    say(
        f"{network}: T = {found.ticks}, {found.samples} images of {data}; answers as the ANN on "
        f"{found.agreement:.1%}"
    )
    if found.accuracy is not None:
        say(f"accuracy {found.accuracy:.1%}, ANN {found.ann_accuracy:.1%}")
    say_table(
        "errors of the rate theta count / T, root mean square over that of the activation",
        ("layer", "total", "deviation", "quantization", "clipping", "inherited"),
        [
            (layer.name, *(_share(value, layer.activation) for value in _errors(layer)))
            for layer in found.layers
        ],
    )
    say("deviation + quantization - clipping + inherited = total, exactly, in each neuron.")
    say_table(
        "input currents and spikes",
        (
            *("layer", "neuron", "theta", "mean", "variance", "below 0", "above theta"),
            *("SIN", "dead", "saturated", "spikes/tick"),
        ),
        [_state(layer) for layer in found.layers],
    )
    costs = [*((layer.name, layer.cost) for layer in found.layers), ("read-out", found.read_out)]
    say_table(
        "what each layer costs, on top of those before it",
        ("layer", "divergence, nats", "agreement", "accuracy"),
        [_cost(name, cost) for name, cost in costs],
    )
    say(f"all layers together: {found.divergence:.4f} nats; the costliest: {found.costliest}")
    for name, reason in found.others.items():
        say(f"{name}: {reason}")


def _errors(layer: LayerDiagnosis) -> tuple[float, ...]:
    terms = layer.rms
    return terms.total, terms.deviation, terms.quantization, terms.clipping, terms.inherited


def _share(value: float, of: float) -> str:
    return f"{value / of:.1%}" if of else "-"


def _state(layer: LayerDiagnosis) -> tuple[str, ...]:
    return (
        layer.name,
        layer.neuron,
        f"{layer.theta:.3g}",
        f"{layer.input_mean:.3f}",
        f"{layer.input_variance:.3f}",
        f"{layer.inputs_below:.1%}",
        f"{layer.inputs_above:.1%}",
        f"{layer.spikes_of_inactivated:.1%}",
        f"{layer.dead:.1%}",
        f"{layer.saturated:.1%}",
        f"{layer.spikes_per_tick:.4f}",
    )


def _cost(name: str, cost: Cost) -> tuple[str, ...]:
    return (
        name,
        f"{cost.divergence:+.4f}",
        f"{0 - cost.agreement_lost:+.1%}",
        "-" if cost.accuracy_lost is None else f"{0 - cost.accuracy_lost:+.1%}",
    )
