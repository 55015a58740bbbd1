"""A check: recipes that code activations have no use for neurons that were trained as such."""

from __future__ import annotations

from converters.ann import ops
from converters.ann.graph import Ann, refuse_what_is_no_ann
from eventsnn import UnsupportedLayerError

__all__ = ["only_activations"]


def only_activations(ann: Ann) -> Ann:
    """``ann`` as it is.

    Raises:
        UnsupportedLayerError: a Spike, by name.
        ConversionError: ``ann`` is something else.
    """
    refuse_what_is_no_ann(ann)
    if spikes := ann.names_of(ops.Spike):
        raise UnsupportedLayerError(
            f"node `{spikes[0]}`: is a spiking neuron already and has no activation to code; "
            f"use recipe noise"
        )
    return ann
