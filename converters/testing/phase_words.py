"""The words of a bistable network are the activations of its quantized ANN."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.ann import ops
from converters.ann.graph import Ann
from converters.ann.quantized import quantized_activations
from converters.lowering.lower import lower
from converters.lowering.phase_words import bistable
from converters.testing.origin import Origin, origin_of
from eventsnn import (
    Bistable,
    Network,
    PhaseAccumulator,
    Record,
    Run,
    reading_ticks,
    simulate,
)
from eventsnn.testing import exact_bits, rounding_bounds
from eventsnn.testing.properties import DoesNotApply, Held, Outcome

__all__ = ["words_equal_quantized_ann"]

Array = NDArray[np.float64]


def words_equal_quantized_ann(network: Network, ann: Ann, image: ArrayLike) -> Outcome:
    """``word = theta 2^-K clip(floor(2^K (z / theta + h)), 0, 2^K - 1)`` in every neuron.

    The first word of each bistable layer and the first reading, against
    `converters.quantized_activations`. To the bit within the exactness budget of float64.
    Beyond it, up to the first layer with another word; there z lies within the rounding bound
    of a level.

    Args:
        network: made of ``ann`` by `converters.bistable`, without carry.
        ann: where it came from.
        image: constant input of one sample.

    Raises:
        AssertionError: layer, neuron and both words.
    """
    read_out = network.layer(network.output).neuron
    if not isinstance(read_out, PhaseAccumulator):
        return DoesNotApply(f"the read-out `{network.output}` is no PhaseAccumulator")
    said = [layer.neuron for layer in network.layers if isinstance(layer.neuron, Bistable)]
    if any(neuron.carry for neuron in said):
        return DoesNotApply("layers keep what a word could not tell")
    rounding = any(neuron.rounding for neuron in said)
    origin = origin_of(
        network,
        ann,
        (Bistable,),
        lambda source, theta: bistable(
            lower(source, theta), read_out.phases, rounding=rounding, readings=read_out.readings
        ),
    )
    if isinstance(origin, DoesNotApply):
        return origin
    x = np.asarray(image, dtype=np.float64)
    ticks = int(reading_ticks(network, 1)[0])
    run: Run = simulate(
        network,
        x,
        ticks=ticks,
        precision="float64",
        record=Record(spikes=tuple(origin.thresholds)),
    )
    inputs = {network.inputs[0].name: x}
    exact = exact_bits(network, inputs, ticks) <= 53
    bounds = {} if exact else rounding_bounds(network, inputs, ticks, 2.0**-53)
    spikes = sum(map(len, run.spikes.values()))
    values = _quantized(origin, x, read_out.phases, rounding=rounding)
    for name, theta in origin.thresholds.items():
        found = _first_word(network, run, name, read_out.phases) * theta
        differs = found != values[name]
        if not differs.any():
            continue
        z = values[origin.ann.by_name[name].inputs[0]]
        step = np.broadcast_to(theta * 2.0**-read_out.phases, z.shape)
        level = z / step + (0.5 if rounding else 0.0)
        away = np.where(differs, np.abs(level - np.round(level)) * step, 0.0)
        if exact or np.any(away > bounds[name]):
            at = np.unravel_index(np.argmax(np.where(differs, away + 1, 0)), z.shape)
            raise AssertionError(
                f"layer `{name}`, neuron {tuple(map(int, at))}: said {found[at]:.9g}, the "
                f"quantized ANN has {values[name][at]:.9g}; z = {z[at]:.17g} is {away[at]:.3g} "
                f"from a level, rounding explains {0.0 if exact else bounds[name]:.3g}"
            )
        return Held(f"equal words up to `{name}`, where rounding decides one", spikes)
    off = np.abs(run.output - values[origin.ann.output]).max()
    allowed = 0.0 if exact else bounds[network.output]
    assert off <= allowed, f"reading off by {off:.3g}; rounding explains {allowed:.3g}"
    return Held(f"equal words in {len(origin.thresholds)} layers", spikes)


def _quantized(origin: Origin, x: Array, phases: int, *, rounding: bool) -> dict[str, Array]:
    """Words, and what they are words of."""
    ann = origin.ann
    relus = ann.names_of(ops.ReLU)
    names = (*relus, *(ann.by_name[name].inputs[0] for name in relus), ann.output)
    found = quantized_activations(
        ann, x[None], origin.thresholds, names, phases=phases, rounding=rounding
    )
    return {name: np.asarray(value[0], dtype=np.float64) for name, value in found.items()}


def _first_word(network: Network, run: Run, name: str, phases: int) -> Array:
    neuron = network.layer(name).neuron
    assert isinstance(neuron, Bistable)
    start = neuron.stage * phases
    return np.asarray(run.spikes[name].to_dense(start + phases)[start:].sum(axis=0))
