"""``eventsnn quantize``: a spiking network -> one in integers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
import numpy as np

from eventsnn.cli.console import note, say, say_table
from eventsnn.cli.options import EXISTING_FILE, OUTPUT_FILE, positive_number
from eventsnn.cli.target import check_target

if TYPE_CHECKING:
    from eventsnn.fixed_point import FixedPoint
    from eventsnn.signals.preprocessing import Preprocessing

__all__ = ["quantize"]


@click.command()
@click.argument("network", type=EXISTING_FILE)
@click.option("-o", "--output", "target", required=True, type=OUTPUT_FILE, help="File to write.")
@click.option(
    "--weight-bits",
    type=click.IntRange(2, 16),
    default=8,
    show_default=True,
    help="Of a weight, sign included.",
)
@click.option(
    "--potential-bits",
    type=click.Choice(["16", "32"]),
    default="32",
    show_default=True,
    help="Of a potential, sign included; a read-out has 32.",
)
@click.option(
    "--ticks",
    "-T",
    "--steps",
    type=click.IntRange(min=1),
    help="Longest T. Default: as converted for.",
)
@click.option(
    "--clamp",
    type=positive_number,
    metavar="N",
    help="Keep potentials within N thresholds of 0: makes 16 bits possible, changes the network.",
)
@click.option(
    "--input-bits",
    type=click.IntRange(2, 16),
    default=8,
    show_default=True,
    help="Of a pixel after preprocessing, sign included.",
)
@click.option(
    "--input-range",
    type=positive_number,
    metavar="X",
    help="Largest magnitude of a preprocessed pixel. Default: of bytes if scaled, else of 0..1.",
)
@click.option(
    "--most-spikes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Largest magnitude of the amplitudes that an input neuron receives in one tick, where "
    "the input is spikes.",
)
def quantize(
    network: Path,
    target: Path,
    weight_bits: int,
    potential_bits: Literal["16", "32"],
    ticks: int | None,
    clamp: float | None,
    input_bits: int,
    input_range: float | None,
    most_spikes: int,
) -> None:
    """Put the spiking network NETWORK (HDF5) into integers, and prove that they fit."""
    from eventsnn import Analog, Conversion
    from eventsnn.fixed_point import quantize as put_into_integers

    check_target(target, "--output", (network,))
    file = Conversion.load(network)
    if file.integers is not None:
        raise click.UsageError(f"{network} has integers already; quantize the one it was made from")
    ticks = ticks or file.ticks
    if ticks is None:
        raise click.UsageError(f"{network} names no T of its own; give --ticks")
    if len(file.network.inputs) != 1:
        raise click.UsageError(f"{network} has several inputs; use eventsnn.quantize in Python")
    if input_range is None and file.preprocessing is not None:
        input_range = _range(file.preprocessing)
    coding = file.network.inputs[0].coding
    if input_range is None and not (isinstance(coding, Analog) and coding.high is not None):
        note(f"{network} names no preprocessing, so its input is spikes; else give --input-range")
    fixed = put_into_integers(
        file,
        ticks=ticks,
        weight_bits=weight_bits,
        potential_bits=16 if potential_bits == "16" else 32,
        clamp=clamp,
        analog=input_range,
        input_bits=input_bits,
        most_spikes=most_spikes,
    )
    fixed.save(target)
    _print(fixed)
    assert fixed.integers is not None
    exact = fixed.integers.precision
    say(f"{target}: {weight_bits}-bit weights, proven for T = {ticks}, exact in {exact}")


def _range(preprocessing: Preprocessing) -> float:
    """The largest magnitude of a preprocessed pixel: of bytes where they are scaled, of 0..1."""
    brightest = 255 / preprocessing.scale if preprocessing.scale > 1 else 1.0
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    return float((np.maximum(np.abs(mean), np.abs(brightest - mean)) / std).max())


def _print(fixed: FixedPoint) -> None:
    rows = []
    for name, layer in fixed.layers.items():
        neuron = fixed.network.layer(name).neuron
        threshold = getattr(neuron, "threshold", None)
        rows.append(
            (
                name,
                _span(layer.step, ".3g"),
                "-" if threshold is None else _span(threshold, ",.0f"),
                f"{layer.extent.lowest:,}",
                f"{layer.extent.highest:,}",
                str(layer.needed_bits),
                str(layer.bits),
                f"{layer.weight_error:.1%}",
            )
        )
    columns = (
        "layer",
        "step",
        "threshold in steps",
        "lowest",
        "highest",
        "bits needed",
        "bits",
        "weight error",
    )
    say_table(f"potentials within T = {fixed.ticks}, in steps", columns, rows)


def _span(values: np.ndarray, form: str) -> str:
    low, high = f"{float(values.min()):{form}}", f"{float(values.max()):{form}}"
    return low if low == high else f"{low}..{high}"
