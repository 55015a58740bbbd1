"""Prints a digest of what fused layers give for a few networks, and the width of the code.

Run in processes of their own, for other machines than this one: ``NUMBA_CPU_NAME=haswell`` with
``NUMBA_CPU_FEATURES=`` (with the name alone, the host's features stay on).
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np

from eventsnn import IF, LI, Conv2d, Flatten, Input, Layer, Linear, Link, Network, Record, simulate
from eventsnn.kernels.fused import run_layers


def network(generator, whole):
    """Two convolutions, a shortcut, and a read-out, of weights that round or of integers."""

    def weights(*shape):
        drawn = generator.normal(0.05, 0.4, shape)
        return np.rint(20 * drawn) if whole else drawn

    theta = 12.0 if whole else 0.7
    first = Conv2d(weights(16, 3, 3, 3), padding=1)
    second = Conv2d(weights(16, 16, 3, 3), padding=1)
    layers = (
        Layer("first", (16, 6, 7), IF(theta), (Link("in", (first,)),)),
        Layer(
            "second",
            (16, 6, 7),
            IF(theta, v_min=-2 * theta, v_max=2 * theta),
            (Link("first", (second,)), Link("first", (), 1)),
        ),
        Layer("out", (5,), LI(), (Link("second", (Flatten(), Linear(weights(5, 16 * 42)))),)),
    )
    return Network((Input("in", (3, 6, 7)),), layers)


def main():
    """Digest of spikes and potentials, then the vector registers that the code uses."""
    found = hashlib.sha256()
    for seed in range(4):
        generator = np.random.default_rng(seed)
        net = network(generator, whole=seed % 2 == 1)
        image = np.rint(generator.normal(0, 2, (3, 6, 7)))
        run = simulate(net, image, ticks=13, record=Record.everything(net))
        for name in net.positions:
            found.update(run.spikes[name].index.tobytes())
            found.update(run.spikes[name].tick.tobytes())
            found.update(run.potentials[name].tobytes())
    code = "".join(run_layers.inspect_asm().values())
    registers = [name for name in ("zmm", "ymm", "xmm") if f"%{name}" in code]
    sys.stdout.write(" ".join([found.hexdigest(), *registers]))


if __name__ == "__main__":
    main()
