"""What a caller hands in -> samples that fit the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.codings import Analog, Integers
from eventsnn.description.network import Input, Network
from eventsnn.description.neurons import Bistable, Maximum, PhaseAccumulator, PhaseMaximum
from eventsnn.description.word_stages import relayed_into_words
from eventsnn.errors import InputError
from eventsnn.signals.codings import check_words, code, settled_value, warn_of_another_scale
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = [
    "InputValue",
    "Sample",
    "as_samples",
    "coded_sample",
    "fed_as_coded",
    "later_sample",
    "warn_of_scales",
]

#: An image (coded as the input says), spikes, changing currents, or a batch of one of these.
InputValue = NDArray[np.floating[Any]] | Spikes | Currents | Sequence[Spikes] | Sequence[Currents]
#: One value per input, by name.
Sample = dict[str, Spikes | Currents]


def as_samples(
    network: Network, inputs: InputValue | Mapping[str, InputValue], *, begin: int = 0
) -> tuple[list[Sample], bool]:
    """Check and code the inputs; returns the samples and whether there was a batch axis.

    Arrays are coded as each input says, see `eventsnn.description.codings`, and flow from tick
    ``begin`` on.

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
    columns = [_column(network, node, inputs[node.name], begin) for node in network.inputs]
    batched = {batch for _, batch in columns}
    lengths = {len(values) for values, _ in columns}
    if len(batched) > 1 or len(lengths) > 1:
        found = ", ".join(f"`{n}` {len(v)}" for n, (v, _) in zip(expected, columns, strict=True))
        raise InputError(f"all inputs need the same number of samples, found {found}")
    rows = zip(*(values for values, _ in columns), strict=True)
    return [dict(zip(expected, row, strict=True)) for row in rows], batched.pop()


def coded_sample(
    network: Network, inputs: InputValue | Mapping[str, InputValue]
) -> tuple[Network, Sample]:
    """A network that takes one sample as it is coded, and the sample so.

    The same layers behind inputs of `Analog` coding: for whoever must see the very numbers
    that flow, such as a machine of integer registers or a bound on rounding.

    Raises:
        InputError: inputs that do not fit, or a batch.
    """
    samples, batched = as_samples(network, inputs)
    if batched:
        raise InputError(f"expected one sample, found a batch of {len(samples)}")
    return fed_as_coded(network), samples[0]


def fed_as_coded(network: Network) -> Network:
    """The same layers behind inputs that code nothing."""
    return replace(network, inputs=tuple(Input(n.name, n.shape) for n in network.inputs))


def warn_of_scales(network: Network, inputs: Any) -> None:
    """Warn where an array does not have the scale that its input knows.

    Warns:
        ScaleWarning: names the input and both ranges.
    """
    if not isinstance(inputs, Mapping):
        if len(network.inputs) != 1:
            return
        inputs = {network.inputs[0].name: inputs}
    for node in network.inputs:
        value = inputs.get(node.name)
        if value is not None and not isinstance(value, Spikes | Currents | Sequence):
            warn_of_another_scale(node, value)


def later_sample(
    network: Network, inputs: InputValue | Mapping[str, InputValue], begin: int
) -> Sample:
    """One sample for a run that goes on at tick ``begin``.

    Raises:
        InputError: a batch, or something that would have happened before ``begin``.
    """
    samples, batched = as_samples(network, inputs, begin=begin)
    if batched:
        raise InputError("resume: expected the inputs of one sample, found a batch")
    for name, value in samples[0].items():
        ticks = value.tick if isinstance(value, Spikes) else np.array(value.start)
        if ticks.size and int(ticks.min()) < begin:
            raise InputError(
                f"resume: input `{name}` has something at tick {int(ticks.min())}, but the "
                f"run goes on at tick {begin}; ticks count from the start of the run"
            )
    return samples[0]


def _column(
    network: Network, node: Input, value: InputValue, begin: int
) -> tuple[list[Spikes | Currents], bool]:
    where = f"input `{node.name}`"
    if isinstance(value, Spikes | Currents):
        return [_checked(network, node, value)], False
    if (
        isinstance(value, Sequence)
        and value
        and all(isinstance(s, Spikes | Currents) for s in value)
    ):
        return [_checked(network, node, s) for s in value], True
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{where}: expected an array, Spikes, Currents, or a list of Spikes or Currents, "
            f"found {type(value).__name__}"
        ) from error
    if not np.all(np.isfinite(array)):
        raise InputError(f"{where}: contains NaN or infinite values")
    if isinstance(node.coding, Analog | Integers):
        _check_analog_links(network, node)
    if array.shape == node.shape:
        return [code(node, array, begin)], False
    if array.shape[1:] == node.shape and array.ndim == len(node.shape) + 1:
        return [code(node, image, begin) for image in array], True
    raise InputError(
        f"{where} has shape {node.shape}; expected an array of that shape or (samples, "
        f"*{node.shape}), found {array.shape}. A spike train (ticks, *shape) goes in as "
        f"Spikes.from_dense(train), a current for each tick as Currents(range(ticks), values)"
    )


def _checked(network: Network, node: Input, value: Spikes | Currents) -> Spikes | Currents:
    if value.shape != node.shape:
        what = "spikes" if isinstance(value, Spikes) else "currents"
        raise InputError(
            f"input `{node.name}` has shape {node.shape}, the {what} have {value.shape}"
        )
    settled = settled_value(node, value)
    if isinstance(settled, Currents):
        _check_analog_links(network, node)
    else:
        _check_spike_links(network, node, settled)
    return settled


def _check_spike_links(network: Network, node: Input, spikes: Spikes) -> None:
    """Spikes into layers of words must come when those listen, and be words to be pooled."""
    for layer in network.layers:
        neuron = layer.neuron
        for link in layer.links:
            if link.source != node.name:
                continue
            if isinstance(neuron, PhaseMaximum):
                check_words(node, spikes, neuron.phases)
            elif (
                isinstance(neuron, Bistable | PhaseAccumulator)
                and 0 in link.delays()
                and neuron.stage > 1
                and not neuron.allow_loss
            ):
                raise InputError(
                    f"input `{node.name}`: spikes of stage 0 over a link without delay into "
                    f"layer `{layer.name}` of stage {neuron.stage}, which would not hear them; "
                    f"put Synchronous layers between, or give a constant image"
                )


def _check_analog_links(network: Network, node: Input) -> None:
    """A current has no running maximum: it is no sequence of spikes to add up."""
    for layer in network.layers:
        for link in layer.links:
            if link.source == node.name and isinstance(layer.neuron, Maximum):
                raise InputError(
                    f"input `{node.name}`: a constant image cannot feed the running maximum "
                    f"`{layer.name}`; pool the image before, or use spikes"
                )
    words = relayed_into_words(network.timings, node.name)
    if words is not None:
        raise InputError(
            f"input `{node.name}`: a constant image reaches layer `{words}` through a relay, "
            f"which hands it on in every tick of a cycle; link the image to the layer itself, "
            f"or use spikes"
        )
