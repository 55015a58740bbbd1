"""``eventsnn demo``: the main job on the data and weights that the package carries."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import click

from eventsnn.cli.console import say
from eventsnn.cli.options import workers_option
from eventsnn.cli.running import Running

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["demo"]

#: The digits of scikit-learn have 16 levels of grey.
_SCALE = 16.0


@click.command()
@click.option(
    "--ticks",
    "-T",
    "--steps",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Ticks T.",
)
@workers_option
def demo(ticks: int, workers: int | None) -> None:
    """Convert a small trained CNN, simulate it on handwritten digits, compare with the ANN.

    The images are the UCI "Optical Recognition of Handwritten Digits" set as scikit-learn
    bundles it (CC BY 4.0).
    """
    from converters import load_ann
    from converters.recipes import RECIPES
    from eventsnn.cli.convert import convert_images
    from eventsnn.cli.images import preprocessed
    from eventsnn.cli.measure import measure
    from eventsnn.cli.report_tables import print_report
    from eventsnn.datasets import DataSet

    with as_file(files("eventsnn") / "demo_data" / "digits_cnn.npz") as weights:
        ann = load_ann(weights)
    arrays = _digits()
    known = DataSet(arrays["x_calibration"], arrays["y_calibration"], "digits.npz")
    calibration = preprocessed(known, ann.input_shape, scale=_SCALE)
    say(f"{ann}")
    say(f"recipe rate for T = {ticks}, {len(calibration)} calibration images")
    file = convert_images(RECIPES["rate"], ann, calibration, {"ticks": ticks})
    test = DataSet(arrays["x_test"], arrays["y_test"], "digits.npz")
    report = measure(
        file,
        "digits_cnn",
        test,
        ticks=ticks,
        run=Running(workers),
        ann=ann,
        ann_macs=file.ann_macs,
    )
    print_report(report)


def _digits() -> dict[str, NDArray[Any]]:
    import numpy as np

    with as_file(files("eventsnn") / "demo_data" / "digits.npz") as path, np.load(path) as archive:
        return {name: archive[name] for name in archive.files}
