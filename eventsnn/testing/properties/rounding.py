"""Whether a case is exact, and by how much rounding may move it where it is not."""

from __future__ import annotations

from dataclasses import replace

from eventsnn.description.network import Network
from eventsnn.description.neurons import Relay, RunningMaximum
from eventsnn.testing.budget import exact_bits, rounding_bounds
from eventsnn.testing.strategies import Case

__all__ = ["bounds_of", "is_exact", "without_bounds"]

_BITS = {"float32": 24, "float64": 53}


def is_exact(case: Case) -> bool:
    """Whether no sum of the case is rounded, see `eventsnn.testing.exact_bits`."""
    return exact_bits(_by_position(case.network), case.inputs, case.ticks) <= _BITS[case.precision]


def bounds_of(case: Case) -> dict[str, float]:
    """How far rounding may move the potentials of each layer while spikes are the same.

    See `eventsnn.testing.rounding_bounds`.
    """
    unit = 2.0 ** -_BITS[case.precision]
    return rounding_bounds(_by_position(case.network), case.inputs, case.ticks, unit)


def without_bounds(network: Network) -> str | None:
    """Why rounding cannot be bounded, or None: a relay or running maximum on a cycle."""
    known = set(network.shapes) - {
        layer.name for layer in network.layers if isinstance(layer.neuron, Relay | RunningMaximum)
    }
    for layer in _by_position(network).layers:
        if layer.name not in known and any(link.source not in known for link in layer.links):
            return (
                f"layer `{layer.name}` hands on amplitudes of its own past, which have no bound, "
                f"so that rounding cannot be told from an error"
            )
        known.add(layer.name)
    return None


def _by_position(network: Network) -> Network:
    """Declared so that relays follow what feeds them, as the budget wants it."""
    order = network.positions
    return replace(
        network, layers=tuple(sorted(network.layers, key=lambda layer: order[layer.name]))
    )
