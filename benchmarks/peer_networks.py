"""A converted network in PyTorch, time folded into the batch: what dense simulators do best.

The links are PyTorch's convolutions on (ticks x samples) images at once, which is faster than a
loop over ticks; the neurons are each simulator's own. Same weights, thresholds, first potentials
and biases as the network that eventsnn runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from eventsnn import (
    IF,
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Network,
    Scale,
    Subsample,
)

#: Spikes (ticks, samples, C, H, W) from the currents of all ticks.
Fire = Callable[[torch.Tensor], torch.Tensor]


def tensor(values: Any) -> torch.Tensor:
    """A float32 tensor."""
    return torch.from_numpy(np.array(values, dtype=np.float32))


def plain(threshold: float, v0: float) -> Fire:
    """A loop over ticks, in place."""

    def fire(current: torch.Tensor) -> torch.Tensor:
        v = torch.full_like(current[0], v0)
        for now in current:
            v += now
            now.copy_(v >= threshold)
            v.sub_(now, alpha=threshold)
        return current

    return fire


def spikingjelly(threshold: float, v0: float) -> Fire:
    """`IFNode`, all ticks in one call."""
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    node = neuron.IFNode(v_threshold=threshold, v_reset=None, step_mode="m")

    def fire(current: torch.Tensor) -> torch.Tensor:
        node.reset()
        node.v = torch.full_like(current[0], v0)
        return node(current)

    return fire


def sinabs(threshold: float, v0: float) -> Fire:
    """`IAF` with single spikes and subtraction, all ticks in one call."""
    activation = importlib.import_module("sinabs.activation")
    layers = importlib.import_module("sinabs.layers")
    iaf = layers.IAF(
        torch.tensor(threshold),
        spike_fn=activation.SingleSpike,
        reset_fn=activation.MembraneSubtract(),
    )

    def fire(current: torch.Tensor) -> torch.Tensor:
        by_sample = current.transpose(0, 1)
        iaf.init_state_with_shape(tuple(by_sample[:, 0].shape))
        iaf.v_mem = torch.full_like(by_sample[:, 0], v0)
        return iaf(by_sample).transpose(0, 1)

    return fire


def snntorch(threshold: float, v0: float) -> Fire:
    """`Leaky` without a leak, tick by tick, its reset at once."""
    library = importlib.import_module("snntorch")
    below = float(np.nextafter(np.float32(threshold), np.float32(0)))  # it asks for v > threshold
    leaky = library.Leaky(beta=1.0, threshold=below, reset_mechanism="subtract", reset_delay=False)

    def fire(current: torch.Tensor) -> torch.Tensor:
        v = torch.full_like(current[0], v0)
        spikes = []
        for now in current:
            fired, v = leaky(now, v)
            spikes.append(fired)
        return torch.stack(spikes)

    return fire


def norse(threshold: float, v0: float) -> Fire:
    """Norse has no neuron that subtracts its threshold: nothing to compare with."""
    raise NotImplementedError("Norse resets to a value; converted networks subtract the threshold")


class FoldedNetwork:
    """Answers of a batch of images."""

    def __init__(
        self, network: Network, ticks: int, neuron: Callable[[float, float], Fire]
    ) -> None:
        self._network, self._ticks = network, ticks
        self._layers = sorted(network.layers, key=lambda layer: network.positions[layer.name])
        self._weights: dict[int, torch.Tensor] = {}
        self._fire: dict[str, Fire] = {}
        self._bias: dict[str, torch.Tensor] = {}
        for layer in self._layers:
            # thresholds of a channel are folded into its weights, so that one number is left
            scale = np.ones((layer.shape[0], 1, 1))
            if isinstance(layer.neuron, IF):
                theta = np.broadcast_to(layer.neuron.threshold, layer.shape)[:, :1, :1]
                v0 = np.broadcast_to(layer.neuron.v0, layer.shape)[:, :1, :1] / theta
                assert np.ptp(v0) < 1e-12, layer.name
                self._fire[layer.name] = neuron(1.0, float(v0.flat[0]))
                scale = 1 / theta
            bias = np.broadcast_to(layer.bias, layer.shape)
            folded = bias * scale if bias.ndim == 3 else bias
            self._bias[layer.name] = tensor(folded)
            for link in layer.links:
                for synapse in link.chain:
                    if isinstance(synapse, Conv2d):
                        weight = tensor(np.asarray(synapse.weight) * scale[..., None])
                        weight = weight.contiguous(memory_format=torch.channels_last)
                        self._weights[id(synapse)] = weight
                    elif isinstance(synapse, Linear):
                        self._weights[id(synapse)] = tensor(synapse.weight)
            self._scale = getattr(self, "_scale", {}) | {layer.name: tensor(scale)}

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """The output's sum over all ticks, (samples, classes)."""
        ticks, samples = self._ticks, len(images)
        input_ = self._network.inputs[0].name
        spikes: dict[str, torch.Tensor] = {}
        for layer in self._layers:
            total: torch.Tensor | None = None
            for link in layer.links:
                constant = link.source == input_
                x = images if constant else spikes[link.source]
                convolved = any(isinstance(s, Conv2d | Linear) for s in link.chain)
                for synapse in link.chain:
                    x = self._through(synapse, x)
                if not convolved:
                    x = x * self._scale[layer.name]
                if constant:
                    x = (x + self._bias[layer.name]).repeat(ticks, 1, 1, 1)
                    x = x.contiguous(memory_format=torch.channels_last)
                total = x if total is None else total.add_(x)
            assert total is not None
            if layer.name not in self._fire:
                return total.view(ticks, samples, -1).sum(0) + ticks * self._bias[layer.name]
            if layer.links[0].source != input_:
                total.add_(self._bias[layer.name])
            current = total.view(ticks, samples, *total.shape[1:])
            spikes[layer.name] = self._fire[layer.name](current).flatten(0, 1)
        raise AssertionError("no read-out")

    def _through(self, synapse: Any, x: torch.Tensor) -> torch.Tensor:
        match synapse:
            case Conv2d():
                options = (synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
                return functional.conv2d(x, self._weights[id(synapse)], None, *options)
            case Linear():
                return functional.linear(x, self._weights[id(synapse)])
            case AvgPool2d(kernel_size=kernel, stride=stride, padding=padding):
                if x.shape[2:] == tuple(np.ravel(kernel)):
                    return x.mean((2, 3), keepdim=True)
                return functional.avg_pool2d(x, kernel, stride, padding)
            case Flatten():
                return x.flatten(1)
            case Scale(factor=factor):
                return x * tensor(factor)
            case Subsample(stride=(s_y, s_x), pad_channels=(before, after)):
                return functional.pad(x[..., ::s_y, ::s_x], (0, 0, 0, 0, before, after))
            case _:
                raise NotImplementedError(type(synapse).__name__)
