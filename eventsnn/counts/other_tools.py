"""Other tools' figures, told from our counters, under the keys that the tools print.

Each view follows the tool's definition, not ours, where the two agree on what a spike is:
amplitudes of 0 and 1 (`as_neurobench`: -1 too). Tools count at convolutions and linear
layers, so links without weights, such as shortcuts, are in none of them. What cannot be
told from counters is refused. ``docs/counting.md`` lists where the tools go wrong.
"""

from __future__ import annotations

from typing import Any

from eventsnn.counts.counts import Counts, LinkCount
from eventsnn.counts.footprint import footprint
from eventsnn.description.fan_out import fan_out
from eventsnn.description.link import Link
from eventsnn.description.network import Network
from eventsnn.description.neurons import Maximum, ReadOut, Relay
from eventsnn.description.synapses import AvgPool2d, Conv2d, Flatten, Linear, SumPool2d
from eventsnn.errors import InputError

__all__ = ["as_neurobench", "as_sinabs", "as_spikingjelly"]


def as_neurobench(counts: Counts, network: Network, *, samples: int, ticks: int) -> dict[str, Any]:
    """NeuroBench 2.3: per sample, summed over steps; zero weights are not counted.

    ``Effective_ACs`` of spikes, ``Effective_MACs`` of relayed amplitudes and, in every
    step, of a constant image (unless its pixels all are -1, 0 or 1), ``Dense`` the same
    with everything active. The tool sums in float32, these are exact.

    Args:
        counts: summed over ``samples``.
        network: that was run.
        samples: how many.
        ticks: of each.

    Raises:
        InputError: a link that the tool would see otherwise: with a pool, or with spikes
            of which only some are additions.
    """
    additions = multiplications = dense = 0
    for link, count in _weighted(counts, network, "NeuroBench", pools=False):
        if count.ac and count.mac:
            raise _refused(
                "NeuroBench", count, "it calls all operations of a step additions or none"
            )
        if count.mac:
            multiplications += count.synops_effective
        else:
            additions += count.synops_effective
        dense += int(fan_out(link.chain, network.shapes[link.source]).sum())
    size = footprint(network)
    firing = [layer for layer in network.layers if not isinstance(layer.neuron, ReadOut | Relay)]
    visits = sum(layer.size for layer in firing) * samples * ticks
    spikes = sum(counts.spikes[layer.name] for layer in firing)
    return {
        "Footprint": size.parameter_bytes(),
        "ConnectionSparsity": round(size.connection_sparsity, 4),
        "ActivationSparsity": (visits - spikes) / visits if visits else 0.0,
        "SynapticOperations": {
            "Effective_MACs": (multiplications + counts.input_macs_effective * ticks) / samples,
            "Effective_ACs": additions / samples,
            "Dense": float(dense * ticks),
        },
    }


def as_sinabs(counts: Counts, network: Network, *, samples: int, ticks: int) -> dict[str, Any]:
    """sinabs 3.1, `sinabs.hooks.ModelSynopsHook`: means over samples and steps.

    Zero weights count. Average pools in front of a synapse are undone by the tool, as long
    as their windows do not overlap. The links of a constant image are left out: the tool
    adds up pixel values times fan-out there.

    Args:
        counts, network, samples, ticks: see `as_neurobench`.

    Raises:
        InputError: a pool with overlapping windows or padding.
    """
    layers: dict[str, float] = {}
    for _, count in _weighted(counts, network, "sinabs", pools=True):
        synops = count.synops / (samples * ticks)
        layers[count.target] = layers.get(count.target, 0.0) + synops
    return {
        "synops_per_timestep": layers,
        "total_synops_per_timestep": sum(layers.values()),
    }


def as_spikingjelly(counts: Counts, network: Network) -> dict[str, int]:
    """SpikingJelly 2.0, `SynOpCounter`: sums over samples and steps, by layer and ``Global``.

    Zero weights count. An input that is not all 0 or 1 counts nothing: constant images and
    relays are 0 here too.

    Args:
        counts, network: see `as_neurobench`.

    Raises:
        InputError: a link with a pool, whose values the tool would see.
    """
    layers: dict[str, int] = {}
    for _, count in _weighted(counts, network, "SpikingJelly", pools=False):
        layers[count.target] = layers.get(count.target, 0) + (0 if count.mac else count.synops)
    return {"Global": sum(layers.values())} | layers


def _weighted(
    counts: Counts, network: Network, tool: str, *, pools: bool
) -> list[tuple[Link, LinkCount]]:
    """The links that a tool would see as one convolution or linear layer."""
    by_position = sorted(network.layers, key=lambda layer: network.positions[layer.name])
    links = [(layer, link) for layer in by_position for link in layer.links]
    found = []
    for (layer, link), count in zip(links, counts.links, strict=True):
        weighted = [synapse for synapse in link.chain if isinstance(synapse, Conv2d | Linear)]
        rest = [synapse for synapse in link.chain if not isinstance(synapse, Conv2d | Linear)]
        if isinstance(layer.neuron, Maximum) or not link.chain:
            continue
        allowed = (Flatten, AvgPool2d, SumPool2d) if pools else (Flatten,)
        plain = all(isinstance(synapse, allowed) for synapse in rest)
        apart = all(
            synapse.kernel_size == synapse.stride and synapse.padding == (0, 0)
            for synapse in rest
            if isinstance(synapse, AvgPool2d | SumPool2d)
        )
        pooled_after = bool(weighted) and isinstance(link.chain[-1], AvgPool2d | SumPool2d)
        if not weighted and plain:
            continue
        if len(weighted) != 1 or not plain or not apart or pooled_after:
            raise _refused(tool, count, "its chain is more than one weighted synapse")
        found.append((link, count))
    return found


def _refused(tool: str, count: LinkCount, reason: str) -> InputError:
    return InputError(
        f"link `{count.source}` -> `{count.target}`: {tool}'s figure cannot be told from "
        f"counters, {reason}; give the tool itself this network"
    )
