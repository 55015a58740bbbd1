"""Networks rewritten so that they mean the same: pure functions from network to network.

Each says what its result has in common with the network that it was made from;
`eventsnn.testing.properties` holds a simulator to it.
"""

from eventsnn.testing.transformations.channels import permute_channels, split_layer
from eventsnn.testing.transformations.inputs import delay_input
from eventsnn.testing.transformations.links import relay_on_the_way, reorder_links
from eventsnn.testing.transformations.rounding import round_parameters
from eventsnn.testing.transformations.scaling import can_be_scaled, scale_layer

__all__ = [
    "can_be_scaled",
    "delay_input",
    "permute_channels",
    "relay_on_the_way",
    "reorder_links",
    "round_parameters",
    "scale_layer",
    "split_layer",
]
