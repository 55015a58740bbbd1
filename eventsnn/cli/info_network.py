"""``eventsnn info`` on a spiking network: where it came from, its layers and links."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eventsnn.cli.console import say, say_table
from eventsnn.cli.describe import describe
from eventsnn.description.fan_out import fan_out
from eventsnn.hdf5 import NetworkFile, load_network

if TYPE_CHECKING:
    from pathlib import Path

    from eventsnn.description.link import Link
    from eventsnn.description.network import Network

__all__ = ["print_network"]


def print_network(path: Path) -> None:
    """Everything but the weights."""
    file = load_network(path)
    _print_origin(path.name, file)
    _print_layers(file.network)
    _print_links(file.network)
    if file.ann_macs is not None:
        rows = [(name, f"{macs:,}") for name, macs in file.ann_macs.items()]
        rows.append(("all", f"{sum(file.ann_macs.values()):,}"))
        say_table("the ANN it was converted from", ("node", "MACs"), rows)


def _print_origin(name: str, file: NetworkFile) -> None:
    parameters = ", ".join(f"{key} {value}" for key, value in file.parameters.items())
    say(f"{name}: spiking network, written by eventsnn {file.version}")
    say(f"recipe: {file.recipe or 'unknown'}{f' ({parameters})' if parameters else ''}")
    say(f"T of the conversion: {file.ticks or 'unknown'}")
    say(f"preprocessing: {file.preprocessing or 'unknown'}")


def _print_layers(network: Network) -> None:
    rows = [(node.name, _shape(node.shape), "", "input", "") for node in network.inputs]
    rows += [
        (
            layer.name,
            _shape(layer.shape),
            f"{layer.size:,}",
            describe(layer.neuron),
            f"{np.count_nonzero(layer.bias):,}",
        )
        for layer in network.layers
    ]
    rows.append(("all", "", f"{sum(layer.size for layer in network.layers):,}", "", ""))
    columns = ("layer", "shape", "neurons", "neuron", "biases")
    say_table(f"layers; `{network.output}` is read out", columns, rows)


def _print_links(network: Network) -> None:
    rows = []
    parameters = synapses = 0
    for layer in network.layers:
        for link in layer.links:
            reached = fan_out(link.chain, network.shapes[link.source])
            weights = _parameters(link)
            parameters += weights
            synapses += int(reached.sum())
            rows.append(
                (
                    f"{link.source} -> {layer.name}",
                    " > ".join(describe(synapse) for synapse in link.chain) or "identity",
                    "..".join(str(d) for d in sorted({link.delays()[0], link.delays()[-1]})),
                    f"{weights:,}",
                    f"{reached.mean():,.1f}",
                    f"{int(reached.sum()):,}",
                )
            )
    rows.append(("all", "", "", f"{parameters:,}", "", f"{synapses:,}"))
    columns = ("link", "chain", "delay", "parameters", "mean fan-out", "synapses")
    say_table("links; a spike costs its fan-out in synaptic operations", columns, rows)


def _parameters(link: Link) -> int:
    """Weights stored by the chain."""
    total = 0
    for synapse in link.chain:
        for name in ("weight", "factor"):
            total += int(getattr(getattr(synapse, name, None), "size", 0))
    return total


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
