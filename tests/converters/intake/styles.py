"""How people write models, style by style."""

import styles_activations
import styles_later_networks
import styles_models
import styles_networks
import styles_operations
from style import STYLES

__all__ = [
    "STYLES",
    "styles_activations",
    "styles_later_networks",
    "styles_models",
    "styles_networks",
    "styles_operations",
]
