"""What `verify` checks of networks that were converted from an ANN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eventsnn.hdf5 import NetworkFile
    from eventsnn.testing import Case
    from eventsnn.testing.properties import Outcome, Property

__all__ = ["converted_properties"]


def converted_properties(file: NetworkFile, path: Path) -> tuple[Property, ...]:
    """The properties of `converters.testing`, for one file; they ask for a constant image."""
    from converters.conversion import ann_inside
    from converters.testing import npz_round_trip, rates_within_bound, words_equal_quantized_ann
    from eventsnn.testing import constant_images
    from eventsnn.testing.properties import DoesNotApply, Property

    def on_image(check: Callable[[Case, Any, Any], Outcome]) -> Callable[[Case], Outcome]:
        def checked(case: Case) -> Outcome:
            if ann is None:
                return DoesNotApply("the file holds no ANN that the network came from")
            (image, *more) = case.inputs.values()
            if more or not hasattr(image, "astype"):
                return DoesNotApply("the input is no constant image")
            return check(case, ann, image)

        return checked

    ann = None if file.source is None else ann_inside(file.source, str(path))
    return (
        Property(
            "rate bound",
            "|theta n / T - a| <= E, E_l = |W_l| E_(l-1) + |a - clip(a, 0, theta)| + |V0 - V| / T",
            on_image(
                lambda case, ann, image: rates_within_bound(
                    case.network, ann, image, ticks=case.ticks
                )
            ),
            constant_images,
        ),
        Property(
            "phase words",
            "word = theta 2^-K clip(floor(2^K (z / theta + h)), 0, 2^K - 1)",
            on_image(lambda case, ann, image: words_equal_quantized_ann(case.network, ann, image)),
            constant_images,
        ),
        Property(
            "NPZ",
            "load(save(ann)) = ann, and the same answer",
            on_image(lambda _, ann, image: npz_round_trip(ann, image)),
            constant_images,
        ),
    )
