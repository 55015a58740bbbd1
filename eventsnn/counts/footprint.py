"""How large a network is, and how sparse: numbers of the description, before any run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventsnn.description.network import Network
from eventsnn.description.neurons import Relay
from eventsnn.description.nonzero_fan_out import weights_and_zeros

__all__ = ["Footprint", "footprint"]


@dataclass(frozen=True)
class Footprint:
    """Numbers to store.

    Attributes:
        weights: of all chains; a convolution stores its kernel once.
        zero_weights: those that are 0.
        biases: of layers where any is not 0, as declared (one per channel is stored so).
        potentials: neurons with a state.
    """

    weights: int
    zero_weights: int
    biases: int
    potentials: int

    @property
    def connection_sparsity(self) -> float:
        """Share of the weights that are 0."""
        return self.zero_weights / self.weights if self.weights else 0.0

    def parameter_bytes(self, bits: int = 32) -> int:
        """Weights and biases in words of ``bits``."""
        return (self.weights + self.biases) * bits // 8

    def state_bytes(self, bits: int = 32) -> int:
        """Potentials in words of ``bits``."""
        return self.potentials * bits // 8


def footprint(network: Network) -> Footprint:
    """Count what ``network`` stores."""
    chains = [synapse for layer in network.layers for link in layer.links for synapse in link.chain]
    stored = [weights_and_zeros(synapse) for synapse in chains]
    return Footprint(
        weights=sum(weights for weights, _ in stored),
        zero_weights=sum(zeros for _, zeros in stored),
        biases=sum(
            int(np.size(layer.bias)) for layer in network.layers if np.any(np.asarray(layer.bias))
        ),
        potentials=sum(
            layer.size for layer in network.layers if not isinstance(layer.neuron, Relay)
        ),
    )
