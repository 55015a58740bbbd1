"""A diagnosis as a figure, with matplotlib (``pip install "eventsnn[plot]"``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.diagnosis.diagnose import Diagnosis
from eventsnn import MissingExtraError

__all__ = ["diagnosis_figure", "figure_type"]

_COLOURS = {
    "total": "#1c1e21",
    "deviation": "#c2571a",
    "quantization": "#1f6fb4",
    "clipping": "#2d8a57",
    "inherited": "#8b5bb5",
}
_LONGEST_NAME = 28


def figure_type() -> Any:
    """The class of figures; asked for before the work, so that a lack costs nothing.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            'the plot needs matplotlib: python -m pip install "eventsnn[plot]"; the table and '
            "--json do not"
        ) from error
    return Figure


def diagnosis_figure(diagnosis: Diagnosis) -> Any:
    """Errors relative to the activation, inputs outside [0, theta], and costs, by depth.

    Returns:
        A matplotlib figure, not registered with pyplot.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    layers = diagnosis.layers
    places = range(len(layers))
    figure = figure_type()(figsize=(12, 1.6 + 0.24 * len(layers)), layout="constrained")
    errors, inputs, costs = figure.subplots(1, 3, sharey=True)
    scale = np.array([layer.activation for layer in layers])
    for term, color in _COLOURS.items():
        values = np.array([getattr(layer.rms, term) for layer in layers])
        relative = np.divide(values, scale, out=np.zeros_like(values), where=scale > 0)
        errors.plot(relative, places, "o-", color=color, label=term, markersize=3, linewidth=1)
    errors.set_xlabel("error of the rate / activation (rms)")
    errors.legend(frameon=False, fontsize="small")
    errors.set_yticks(places, [_short(layer.name) for layer in layers])
    errors.invert_yaxis()
    below = [layer.inputs_below for layer in layers]
    inputs.barh(places, below, color=_COLOURS["deviation"], label="below 0")
    above = [layer.inputs_above for layer in layers]
    inputs.barh(places, above, left=below, color=_COLOURS["clipping"], label="above theta")
    inputs.set_xlabel("share of inputs outside [0, theta]")
    inputs.legend(frameon=False, fontsize="small")
    costs.barh(places, [layer.cost.divergence for layer in layers], color=_COLOURS["quantization"])
    costs.set_xlabel("divergence from the ANN's answers added, nats")
    for axes in (errors, inputs, costs):
        axes.grid(visible=True, color="#dcdfe3", linewidth=0.7)
        axes.set_axisbelow(True)
    figure.suptitle(
        f"T = {diagnosis.ticks}, {diagnosis.samples} images, same answer as the ANN on "
        f"{diagnosis.agreement:.1%}"
    )
    return figure


def _short(name: str) -> str:
    short = name if len(name) <= _LONGEST_NAME else f"...{name[3 - _LONGEST_NAME :]}"
    return short.replace("$", r"\$")  # no formula of matplotlib's
