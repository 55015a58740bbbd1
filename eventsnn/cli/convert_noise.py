"""``eventsnn convert --recipe noise``: what it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from converters import Ann
    from eventsnn.hdf5 import NetworkFile
    from eventsnn.signals.preprocessing import PreprocessedImages

__all__ = ["convert_by_noise"]


def convert_by_noise(
    ann: Ann,
    images: PreprocessedImages,
    *,
    ticks: int,
    mode: Literal["reset", "carry", "noise"],
) -> NetworkFile:
    """The network by recipe ``noise``, with the one-step network that it came from."""
    from converters import ann_to_source, macs, noise
    from eventsnn.hdf5 import NetworkFile, Source

    conversion = noise(ann, ticks=ticks, mode=mode)
    return NetworkFile(
        network=conversion.network,
        preprocessing=images.preprocessing,
        source=Source(*ann_to_source(ann)),
        ann_macs=macs(ann),
        recipe=conversion.recipe,
        ticks=ticks,
        parameters=conversion.parameters,
    )
