"""``eventsnn convert --recipe bsnn``: its options and what they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from converters import Ann
    from eventsnn.hdf5 import NetworkFile
    from eventsnn.signals.preprocessing import PreprocessedImages

__all__ = ["WordOptions", "convert_by_words", "word_options"]


@dataclass(frozen=True)
class WordOptions:
    """What the command line said; see `converters.bsnn`."""

    phases: int | None
    readings: int
    carry: bool
    rounding: bool
    coding: Literal["analog", "phase"]


def word_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of the recipe, for the command that has them."""
    for option in (
        click.option(
            "--coding",
            type=click.Choice(["analog", "phase"]),
            default="analog",
            show_default=True,
            help="bsnn: a constant image, or spikes that spell its pixels.",
        ),
        click.option(
            "--rounding/--no-rounding",
            default=True,
            show_default=True,
            help="bsnn: to the nearest word, or the one below.",
        ),
        click.option("--carry", is_flag=True, help="bsnn: keep what a word could not tell."),
        click.option(
            "--readings",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="bsnn: words per neuron and image.",
        ),
        click.option("--phases", type=click.IntRange(1, 16), help="bsnn: bits K of a word."),
    ):
        command = option(command)
    return command


def convert_by_words(
    ann: Ann,
    images: PreprocessedImages,
    options: WordOptions,
    *,
    quantile: float | None,
    per: Literal["layer", "channel"] | None,
) -> NetworkFile:
    """The network by recipe ``bsnn``, with the ANN that it came from."""
    from converters import ann_to_source, bsnn, macs
    from eventsnn.hdf5 import NetworkFile, Source

    assert options.phases is not None
    conversion = bsnn(
        ann,
        images[:],
        phases=options.phases,
        readings=options.readings,
        carry=options.carry,
        rounding=options.rounding,
        coding=options.coding,
        per=per or "channel",
        quantile=quantile,
    )
    ticks = conversion.parameters["ticks"]
    assert isinstance(ticks, int)
    return NetworkFile(
        network=conversion.network,
        preprocessing=images.preprocessing,
        source=Source(*ann_to_source(ann)),
        ann_macs=macs(ann),
        recipe=conversion.recipe,
        ticks=ticks,
        parameters=conversion.parameters,
    )
