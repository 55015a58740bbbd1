"""A network in a few lines: what `print` shows instead of a thousand weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eventsnn.description.network import Network

__all__ = ["network_table"]

#: Rows that are shown at the beginning and the end of a long network.
_SHOWN = 8


def network_table(network: Network) -> str:
    """Inputs and layers, a line each: name, shape, kind, sources; long ones without the middle."""
    rows = [
        (node.name, _shape(node.shape), type(node.coding).__name__, "") for node in network.inputs
    ]
    rows += [
        (
            layer.name,
            _shape(layer.shape),
            type(layer.neuron).__name__,
            ", ".join(dict.fromkeys(link.source for link in layer.links)),
        )
        for layer in network.layers
    ]
    if len(rows) > 2 * _SHOWN + 1:
        left_out = len(rows) - 2 * _SHOWN
        rows = [*rows[:_SHOWN], (f"... {left_out} more", "", "", ""), *rows[-_SHOWN:]]
    rows = [tuple(_short(cell) for cell in row) for row in rows]  # type: ignore[misc]  # four cells
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(row[k].ljust(widths[k]) for k in range(3)), f"<- {row[3]}" if row[3] else ""])
        for row in rows
    ]
    neurons = sum(layer.size for layer in network.layers)
    total = f"{len(network.layers)} layers, {neurons:,} neurons, output {network.output}"
    return "\n".join([*(line.rstrip() for line in lines), _short(total)])


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
