"""Networks trained in one step with noise: the same weights, run for as many steps as wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from converters.ann import ops
from converters.ann.graph import Ann, refuse_what_is_no_ann
from converters.conversion import Conversion, converted, fed_with
from converters.lowering.lower import lower
from converters.passes.fold_batch_norm import fold_batch_norm
from converters.recipes.recipe import TICKS, Option, Recipe
from eventsnn import LIF, ConversionError, Layer, Network, Noise, UnsupportedLayerError
from eventsnn.datasets.batches import images_and_labels

__all__ = ["NOISE", "Mode", "noise"]

Mode = Literal["reset", "carry", "noise"]


def noise(ann: Ann, *, ticks: int, mode: Mode = "carry") -> Conversion:
    """Convert a network of `ops.Spike` layers from one step to ``ticks``, weights unchanged.

    A neuron starts its first step from the mean of the noise that it was trained with. Every
    later step starts, by ``mode``,

    - "reset": from the mean again: ``v <- mean + x``. With a constant image each step is the
      first one to the bit.
    - "carry": from what the step before left: ``v <- lambda v + x``, fire, reset, with the
      leak lambda and the reset that the network was trained with. No noise.
    - "noise": from a fresh draw: ``v <- xi + x``, ``xi ~ N(mean, deviation^2)``. Its first
      step is drawn too, so it is the network that was trained. The seed is that of
      `eventsnn.simulate`.

    A reconstruction after Jiang and Zhang, Neural Computation 35(9):1593-1608 (2023), arXiv
    2211.05453, of which the abstract alone was at hand: which of the three the paper calls
    lossless is not known here.

    Args:
        ann: trained with `converters.training.spiking.Spike`; batch norm is folded.
        ticks: how long the network is meant to run. It does not change the network, and is
            kept with it.
        mode: see above.

    Raises:
        ConversionError: impossible parameters, or no `ops.Spike` at all.
        UnsupportedLayerError: a ReLU, or another node that cannot be part of such a network;
            by name.
    """
    refuse_what_is_no_ann(ann)
    if not isinstance(ticks, int) or ticks < 1:
        raise ConversionError(f"ticks: expected an int >= 1, found {ticks!r}")
    if mode not in get_args(Mode):
        raise ConversionError(f"mode: expected one of {get_args(Mode)}, found {mode!r}")
    spikes = {name: ann.by_name[name].op for name in ann.names_of(ops.Spike)}
    if relus := ann.names_of(ops.ReLU):
        raise UnsupportedLayerError(
            f"node `{relus[0]}`: a ReLU was not trained as a neuron, so recipe noise has no "
            f"threshold for it; train with converters.training.spiking.Spike in its place, or "
            f"use recipe rate"
        )
    if not spikes:
        raise ConversionError(
            "the network has no Spike node; recipe noise is for networks trained with "
            "converters.training.spiking.Spike"
        )
    carrying = lower(fold_batch_norm(ann), {})
    layers = []
    for layer in carrying.layers:
        spike = spikes.get(layer.name)
        if isinstance(spike, ops.Spike) and mode != "carry":
            layers.append(_forgetful(layer, spike, mode))
        else:
            layers.append(layer)
    network = Network(carrying.inputs, tuple(layers), carrying.output)
    thresholds = {
        name: spike.threshold for name, spike in spikes.items() if isinstance(spike, ops.Spike)
    }
    return converted(
        network, ann, "noise", ticks=ticks, parameters={"mode": mode}, thresholds=thresholds
    )


def _forgetful(layer: Layer, spike: ops.Spike, mode: Literal["reset", "noise"]) -> Layer:
    """``layer`` with neurons that keep nothing: the mean, or the draw, comes with the current."""
    if mode == "noise":
        drawn = Noise(standard_deviation=spike.standard_deviation, mean=spike.mean)
        return dataclasses.replace(
            layer, neuron=LIF(decay=0.0, threshold=spike.threshold, noise=drawn)
        )
    bias = np.asarray(layer.bias) + spike.mean
    return dataclasses.replace(layer, neuron=LIF(decay=0.0, threshold=spike.threshold), bias=bias)


def _build(
    ann: Ann, images: Any, progress: Callable[[int], object] | None, **options: Any
) -> Conversion:
    del progress  # no work worth a bar
    made = noise(ann, **options)
    if images is None:
        return made
    images, _ = images_and_labels(images, ann.input_shape)
    return dataclasses.replace(made, network=fed_with(made.network, images))


NOISE = Recipe(
    "noise",
    "Networks that were trained in one step with noise, run for T ticks.",
    _build,
    (
        Option("ticks", "int", TICKS.help, least=1, required=True, metavar="T"),
        Option(
            "mode",
            "choice",
            "Start every step after the first from the mean (reset), from what the step before "
            "left (carry, the default), or from a fresh draw (noise).",
            choices=get_args(Mode),
        ),
    ),
    calibrates=False,
)
