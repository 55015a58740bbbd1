"""Operation counts -> energy: `operations` what is counted, models as data, `estimate`."""

from eventsnn.energy.estimate import EnergyEstimate, energy
from eventsnn.energy.lemaire import LEMAIRE, LemaireModel
from eventsnn.energy.model import EnergyModel
from eventsnn.energy.operations import LayerWork, LinkWork, Operations
from eventsnn.energy.own import model_from_mapping, model_from_toml
from eventsnn.energy.published import ENERGY_MODELS, energy_model

__all__ = [
    "ENERGY_MODELS",
    "LEMAIRE",
    "EnergyEstimate",
    "EnergyModel",
    "LayerWork",
    "LemaireModel",
    "LinkWork",
    "Operations",
    "energy",
    "energy_model",
    "model_from_mapping",
    "model_from_toml",
]
