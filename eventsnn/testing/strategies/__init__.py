"""Random networks and inputs, drawn so that tests can demand equality.

All numbers are dyadic (multiples of a power of two), so that sums are exact within the
budget of `eventsnn.testing.exact_bits`. Weights lean to the positive and thresholds are
low, so that most drawn networks spike in several layers. Everything shrinks towards one
layer, one neuron and zero weights.
"""

from eventsnn.testing.strategies.cases import Case, cases
from eventsnn.testing.strategies.feed_forward import feed_forward_networks
from eventsnn.testing.strategies.fixed_point import FixedPointCase, fixed_point_cases
from eventsnn.testing.strategies.inputs import analog_inputs, currents, spike_trains
from eventsnn.testing.strategies.networks import layers, networks
from eventsnn.testing.strategies.neurons import neurons
from eventsnn.testing.strategies.samples import constant_images, samples
from eventsnn.testing.strategies.synapses import chains, synapses

__all__ = [
    "Case",
    "FixedPointCase",
    "analog_inputs",
    "cases",
    "chains",
    "constant_images",
    "currents",
    "feed_forward_networks",
    "fixed_point_cases",
    "layers",
    "networks",
    "neurons",
    "samples",
    "spike_trains",
    "synapses",
]
