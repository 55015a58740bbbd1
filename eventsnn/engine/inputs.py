"""What a caller hands in -> samples that fit the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import InputError
from eventsnn.network import Input, Network
from eventsnn.neurons import RunningMaximum
from eventsnn.spikes import Spikes

__all__ = ["InputValue", "Sample", "as_samples"]

#: A constant image, spikes, or a batch of either.
InputValue = NDArray[np.floating[Any]] | Spikes | Sequence[Spikes]
#: One value per input, by name.
Sample = dict[str, NDArray[np.float64] | Spikes]


def as_samples(
    network: Network, inputs: InputValue | Mapping[str, InputValue]
) -> tuple[list[Sample], bool]:
    """Check the inputs; returns the samples and whether there was a batch axis.

    Raises:
        InputError: names the input, what was found and what was expected.
    """
    if not isinstance(inputs, Mapping):
        if len(network.inputs) != 1:
            names = ", ".join(f"`{node.name}`" for node in network.inputs)
            raise InputError(f"the network has several inputs: pass a mapping with keys {names}")
        inputs = {network.inputs[0].name: inputs}
    expected = [node.name for node in network.inputs]
    if set(inputs) != set(expected):
        raise InputError(f"expected inputs {sorted(expected)}, found {sorted(inputs)}")
    columns = [_column(network, node, inputs[node.name]) for node in network.inputs]
    batched = {batch for _, batch in columns}
    lengths = {len(values) for values, _ in columns}
    if len(batched) > 1 or len(lengths) > 1:
        found = ", ".join(f"`{n}` {len(v)}" for n, (v, _) in zip(expected, columns, strict=True))
        raise InputError(f"all inputs need the same number of samples, found {found}")
    rows = zip(*(values for values, _ in columns), strict=True)
    return [dict(zip(expected, row, strict=True)) for row in rows], batched.pop()


def _column(
    network: Network, node: Input, value: InputValue
) -> tuple[list[NDArray[np.float64] | Spikes], bool]:
    where = f"input `{node.name}`"
    if isinstance(value, Spikes):
        return [_checked_spikes(node, value)], False
    if isinstance(value, Sequence) and value and all(isinstance(s, Spikes) for s in value):
        return [_checked_spikes(node, s) for s in value], True
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{where}: expected an array, Spikes, or a list of Spikes, found {type(value).__name__}"
        ) from error
    if not np.all(np.isfinite(array)):
        raise InputError(f"{where}: contains NaN or infinite values")
    _check_analog_links(network, node)
    if array.shape == node.shape:
        return [array], False
    if array.shape[1:] == node.shape and array.ndim == len(node.shape) + 1:
        return list(array), True
    raise InputError(
        f"{where} has shape {node.shape}; expected an array of that shape or (samples, "
        f"*{node.shape}), found {array.shape}. A spike train (ticks, *shape) goes in as "
        f"Spikes.from_dense(train)"
    )


def _checked_spikes(node: Input, spikes: Spikes) -> Spikes:
    if spikes.shape != node.shape:
        raise InputError(
            f"input `{node.name}` has shape {node.shape}, the spikes have {spikes.shape}"
        )
    return spikes


def _check_analog_links(network: Network, node: Input) -> None:
    """A constant current has no arrival to delay, and no running maximum."""
    for layer in network.layers:
        for link in layer.links:
            if link.source != node.name:
                continue
            if link.delay:
                raise InputError(
                    f"input `{node.name}`: a constant image over a link with delay "
                    f"{link.delay} into layer `{layer.name}`; use delay 0 or spikes"
                )
            if isinstance(layer.neuron, RunningMaximum):
                raise InputError(
                    f"input `{node.name}`: a constant image cannot feed the running maximum "
                    f"`{layer.name}`; pool the image before, or use spikes"
                )
