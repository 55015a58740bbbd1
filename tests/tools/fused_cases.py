"""Drawn feed-forward networks of the kinds that fused layers carry, with weights of any kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from eventsnn import (
    IF,
    LI,
    LIF,
    AvgPool2d,
    Conv2d,
    Currents,
    Flatten,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    NoReset,
    Scale,
    Spikes,
    Subsample,
    Subtract,
    SumPool2d,
    ToValue,
)
from eventsnn.description.synapses import chain_shape

__all__ = ["FusedCase", "fused_cases"]

CHANNELS = [1, 2, 3, 5, 8, 9, 16, 17, 24, 32, 33, 64, 65, 72]


@dataclass(frozen=True)
class FusedCase:
    """A network, one sample and a number of ticks."""

    network: Network
    inputs: object
    ticks: int


def fused_cases(numbers):
    """Cases whose weights are ``any``, ``dyadic`` or ``whole`` numbers."""
    return st.integers(0, 2**32 - 1).map(lambda seed: _Drawn(seed, numbers).case())


class _Drawn:
    def __init__(self, seed, numbers):
        self.rng = np.random.default_rng(seed)
        self.numbers = numbers

    def pick(self, *values):
        return values[self.rng.integers(len(values))]

    def often(self, share):
        return self.rng.random() < share

    def values(self, shape, size=1.0):
        """Of zero mean; a sum of many stays small."""
        if self.numbers == "any":
            return self.rng.normal(0.1, size, shape)
        if self.numbers == "dyadic":
            return self.rng.integers(-3, 5, shape) / 4
        return self.rng.integers(-9, 12, shape).astype(float)

    def positive(self, shape):
        if self.numbers == "any":
            return self.rng.uniform(0.4, 1.6, shape)
        if self.numbers == "dyadic":
            return self.rng.integers(2, 9, shape) / 4
        return self.rng.integers(3, 30, shape).astype(float)

    def case(self):
        rng = self.rng
        channels = int(self.pick(*CHANNELS))
        most = 9 if channels < 10 else 5 if channels < 40 else 4
        image = (channels, *(int(n) for n in rng.integers(1, most, 2)))
        if self.often(0.2):
            image = (int(rng.integers(1, 140)),)
        shapes = {"in": image}
        layers = []
        for number in range(int(rng.integers(1, 4))):
            name = f"layer{number}"
            source = self.pick(*shapes)
            chain = self.chain(shapes[source])
            shape = chain_shape(chain, shapes[source])
            links = [Link(source, chain, self.delay())]
            for other, its in shapes.items():
                more = self.onto(its, shape)
                if more is not None and self.often(0.4):
                    links.append(Link(other, more, self.delay()))
            if self.often(0.3):
                links.reverse()
            layers.append(
                Layer(name, shape, self.neuron(shape), tuple(links), self.parameter(shape, 0.3))
            )
            shapes[name] = shape
        last = f"layer{len(layers) - 1}"
        flat = int(np.prod(shapes[last]))
        classes = int(rng.integers(1, 12))
        chain = (Flatten(), Linear(self.values((classes, flat), flat**-0.5)))
        if len(shapes[last]) == 3 and self.often(0.4):
            pool = self.pick(AvgPool2d, SumPool2d)(shapes[last][1:])
            if self.numbers != "any":
                pool = SumPool2d(shapes[last][1:])
            chain = (pool, Flatten(), Linear(self.values((classes, shapes[last][0]))))
        layers.append(Layer("out", (classes,), LI(), (Link(last, chain),)))
        network = Network((Input("in", image),), tuple(layers))
        ticks = int(self.pick(1, 2, 3, 4, 5, 7, 11))
        return FusedCase(network, self.inputs(image, ticks), ticks)

    def delay(self):
        return int(self.pick(0, 0, 0, 1, 2, 5))

    def parameter(self, shape, scale):
        """For the layer, for each channel, or for each neuron."""
        what = self.pick((), (shape[0], *(1,) * (len(shape) - 1)), shape)
        return self.values(what) * (scale if self.numbers == "any" else 1)

    def neuron(self, shape):
        what = self.pick((), (), (shape[0], *(1,) * (len(shape) - 1)), shape)
        threshold = self.positive(what)
        reset = self.pick(
            Subtract(),
            Subtract(),
            Subtract(self.positive(())),
            ToValue(0.0),
            ToValue(self.values(()) * 0 - 1.0),
            NoReset(),
        )
        options = {"threshold": threshold, "reset": reset, "v0": self.parameter(shape, 0.5)}
        if self.often(0.3):
            options["v_min"] = -self.positive(())
        if self.often(0.2) and self.numbers != "whole":
            decay = self.rng.uniform(0.3, 1.0) if self.numbers == "any" else 0.5
            return LIF(decay, **options)
        if self.often(0.3):
            options["v_max"] = np.max(threshold) + self.positive(())
        return IF(**options)

    def chain(self, shape):
        rng = self.rng
        if len(shape) == 1:
            chain = (Linear(self.values((int(rng.integers(1, 80)), shape[0]), shape[0] ** -0.5)),)
            return (Scale(self.values(shape)), *chain) if self.often(0.3) else chain
        kind = self.pick("conv", "conv", "conv", "pool conv", "scale conv", "pool", "flat", "short")
        if kind == "flat":
            size = int(np.prod(shape))
            return (Flatten(), Linear(self.values((int(rng.integers(1, 70)), size), size**-0.5)))
        if kind == "short":
            before, after = (int(n) for n in rng.integers(0, 9, 2))
            return (Subsample(int(rng.integers(1, 3)), (before, after)), self.scale(None))
        if kind == "scale conv":
            return (self.scale(shape), self.conv(shape))
        if kind in ("pool", "pool conv"):
            kernel = int(rng.integers(1, min(3, *shape[1:]) + 1))
            made = AvgPool2d if self.numbers == "any" else SumPool2d
            pool = made(kernel, int(rng.integers(1, 3)), int(rng.integers(0, kernel // 2 + 1)))
            if kind == "pool":
                return (pool,)
            return (pool, self.conv(chain_shape((pool,), shape)))
        return (self.conv(shape),)

    def scale(self, shape):
        if shape is None or self.often(0.5):
            return Scale(self.positive(()))
        return Scale(self.values((shape[0], 1, 1)))

    def conv(self, shape):
        rng = self.rng
        channels = shape[0]
        axes = []
        for size in shape[1:]:
            kernel, dilation = int(rng.integers(1, 6)), int(self.pick(1, 1, 2))
            padding = int(rng.integers(0, kernel))
            while size + 2 * padding < dilation * (kernel - 1) + 1:
                kernel -= 1
            axes.append((kernel, int(rng.integers(1, 4)), padding, dilation))
        groups = self.pick(1, 1, channels, 2 if channels % 2 == 0 else 1)
        out = groups * int(self.pick(1, 2)) if groups > 1 else int(self.pick(*CHANNELS))
        if groups == channels and self.often(0.7):
            out = channels
        kernels, strides, paddings, dilations = zip(*axes, strict=True)
        weight = self.values(
            (out, channels // groups, *kernels), (channels // groups * np.prod(kernels)) ** -0.5
        )
        return Conv2d(weight, strides, paddings, dilations, groups)

    def onto(self, shape, wanted):
        """A chain from ``shape`` to exactly ``wanted``; None where none comes to mind."""
        if shape == wanted:
            return self.pick((), (self.scale(shape if len(shape) == 3 else None),))
        if len(shape) == len(wanted) == 3 and shape[1:] == wanted[1:]:
            return (Conv2d(self.values((wanted[0], shape[0], 1, 1), shape[0] ** -0.5)),)
        if len(wanted) == 1:
            size = int(np.prod(shape))
            return (Flatten(), Linear(self.values((wanted[0], size), size**-0.5)))
        return None

    def inputs(self, shape, ticks):
        rng = self.rng
        kind = self.pick("image", "spikes", "spikes", "currents")
        if kind == "spikes":
            return Spikes.from_dense(rng.random((ticks, *shape)) < self.pick(0.05, 0.2, 0.7))
        if kind == "currents" and ticks >= 4:
            values = self.values((2, *shape))
            return Currents((0, int(rng.integers(1, ticks))), values)
        return self.values(shape)
