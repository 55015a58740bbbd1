"""The part that all PyTorch simulators leave to their user: a loop over ticks and layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn import (
    IF,
    LIF,
    AvgPool2d,
    Conv2d,
    Flatten,
    Layer,
    Linear,
    Link,
    MissingExtraError,
    Network,
    Scale,
    Spikes,
    SumPool2d,
    UnsupportedLayerError,
)

try:
    import torch
    from torch.nn import functional
except ImportError as error:
    raise MissingExtraError(
        'other simulators need PyTorch: python -m pip install "eventsnn[torch]"'
    ) from error

__all__ = ["Step", "firing", "number", "run_tick_by_tick"]

#: Spikes of one layer in one tick, (1, *shape), from the current that it receives.
Step = Callable[[torch.Tensor], torch.Tensor]


def run_tick_by_tick(
    network: Network,
    inputs: Mapping[str, Spikes],
    ticks: int,
    neurons: Callable[[Layer], Step],
) -> dict[str, NDArray[np.float32]]:
    """Spikes of every layer, (ticks, *shape); within a tick, layers act one behind the other.

    Args:
        network: without delays.
        inputs: spikes, by name.
        ticks: how many.
        neurons: makes the simulator's neurons of a layer, at rest.

    Raises:
        UnsupportedLayerError: a delay, or a synapse that has no counterpart in PyTorch.
    """
    layers = sorted(network.layers, key=lambda layer: network.positions[layer.name])
    steps = {layer.name: neurons(layer) for layer in layers}
    trains = {
        name: torch.from_numpy(spikes.to_dense(ticks)).float() for name, spikes in inputs.items()
    }
    said: dict[str, list[torch.Tensor]] = {layer.name: [] for layer in layers}
    with torch.no_grad():
        for tick in range(ticks):
            now = {name: train[tick][None] for name, train in trains.items()}
            for layer in layers:
                bias = torch.from_numpy(np.broadcast_to(layer.bias, layer.shape).copy()).float()
                current = bias[None].clone()
                for link in layer.links:
                    current += _through(link, now[link.source], layer)
                now[layer.name] = steps[layer.name](current)
                said[layer.name].append(now[layer.name][0])
    return {name: torch.stack(spikes).numpy() for name, spikes in said.items()}


def _through(link: Link, x: torch.Tensor, layer: Layer) -> torch.Tensor:
    """The current that spikes ``x`` of one tick bring over a link."""
    if not isinstance(link.delay, int) or link.delay:
        raise UnsupportedLayerError(
            f"layer `{layer.name}`: its link from `{link.source}` has a delay, which PyTorch "
            f"simulators leave to their user"
        )

    def tensor(values: Any) -> torch.Tensor:
        return torch.from_numpy(np.array(values)).float()

    for synapse in link.chain:
        match synapse:
            case Linear(weight=weight):
                x = functional.linear(x, tensor(weight))
            case Conv2d():
                options = (synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
                x = functional.conv2d(x, tensor(synapse.weight), None, *options)
            case AvgPool2d(kernel_size=kernel, stride=stride, padding=padding):
                x = functional.avg_pool2d(x, kernel, stride, padding)
            case SumPool2d(kernel_size=kernel, stride=stride, padding=padding):
                x = functional.avg_pool2d(x, kernel, stride, padding, divisor_override=1)
            case Flatten():
                x = x.flatten(1)
            case Scale(factor=factor):
                x = x * tensor(factor)
            case _:
                raise UnsupportedLayerError(
                    f"layer `{layer.name}`: {type(synapse).__name__} has no counterpart in PyTorch"
                )
    return x


def firing(layer: Layer, *, floor: bool = False) -> IF | LIF:
    """The neuron of a layer, if it is an `IF` or `LIF` without noise and refractory ticks.

    Raises:
        UnsupportedLayerError: another neuron, or a floor of the potential unless allowed.
    """
    neuron = layer.neuron
    if not isinstance(neuron, IF | LIF):
        raise UnsupportedLayerError(
            f"layer `{layer.name}`: expected IF or LIF, found {type(neuron).__name__}"
        )
    if neuron.noise is not None or np.any(neuron.refractory) or not (floor or neuron.v_min is None):
        raise UnsupportedLayerError(
            f"layer `{layer.name}`: noise, refractory ticks or a floor, which this simulator "
            f"does not have"
        )
    return neuron


def number(layer: Layer, value: Any, what: str) -> float:
    """A parameter that the simulator takes as one number for all neurons.

    Raises:
        UnsupportedLayerError: they differ from neuron to neuron.
    """
    values = np.unique(np.asarray(value, dtype=np.float64))
    if values.size != 1:
        raise UnsupportedLayerError(
            f"layer `{layer.name}`: expected one {what} for all neurons, found {values.size}"
        )
    return float(values[0])
