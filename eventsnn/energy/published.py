"""The published constants, as data. Where sources conflict, each stands under its own name."""

from __future__ import annotations

from eventsnn.energy.lemaire import LEMAIRE, LemaireModel
from eventsnn.energy.model import EnergyModel
from eventsnn.errors import InputError

__all__ = ["ENERGY_MODELS", "energy_model"]

_TANG = "G. Tang et al., Front. Neurosci. 17:1187252, 2023, table 3, doi:10.3389/fnins.2023.1187252"
_SYNOP = "synaptic operations as the source counts them"
_WITH_NEURON = "synaptic operations and neuron updates as the source counts them"


def _horowitz(numbers: str, ac_pj: float, mac_pj: float) -> EnergyModel:
    return EnergyModel(
        name=f"horowitz-{numbers}",
        ac_pj=ac_pj,
        mac_pj=mac_pj,
        source="M. Horowitz, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323",
        year=2014,
        includes="arithmetic units only",
        technology="45 nm, 0.9 V",
    )


def _chip(
    name: str, synop_pj: float, source: str, year: int, *, neuron_pj: float = 0.0, note: str = ""
) -> EnergyModel:
    return EnergyModel(
        name=name,
        ac_pj=synop_pj,
        mac_pj=synop_pj,
        source=source,
        year=year,
        includes=_WITH_NEURON if neuron_pj else _SYNOP,
        technology="as reported for the chip",
        neuron_update_pj=neuron_pj,
        runs_ann=False,
        note=note,
    )


#: All models, the default first. Horowitz: add / multiply + add of the same table.
ENERGY_MODELS: tuple[EnergyModel | LemaireModel, ...] = (
    _horowitz("fp32", ac_pj=0.9, mac_pj=4.6),
    _horowitz("fp16", ac_pj=0.4, mac_pj=1.5),
    _horowitz("int32", ac_pj=0.1, mac_pj=3.2),
    _horowitz("int8", ac_pj=0.03, mac_pj=0.23),
    LEMAIRE,
    _chip("loihi", 23.6, "M. Davies et al., IEEE Micro 38(1), 2018", 2018, neuron_pj=81.0),
    _chip(
        "truenorth-2015",
        2.5,
        f"F. Akopyan et al., IEEE TCAD 34(10), 2015, as tabulated in {_TANG}",
        2015,
        note="conflicts with truenorth-quoted",
    ),
    _chip(
        "truenorth-quoted",
        26.0,
        "the figure usually quoted for TrueNorth",
        2014,
        note="conflicts with truenorth-2015",
    ),
    _chip(
        "spinnaker-2013",
        45.0,
        "E. Stromatias et al., IJCNN 2013",
        2013,
        note="conflicts with spinnaker-2019",
    ),
    _chip(
        "spinnaker-2019",
        13_300.0,
        "S. Hoeppner et al., 2019",
        2019,
        neuron_pj=26_000.0,
        note="conflicts with spinnaker-2013",
    ),
    _chip(
        "spinnaker2-2021",
        10.0,
        "S. Hoeppner et al., 2021",
        2021,
        note="conflicts with spinnaker2-prototype",
    ),
    _chip(
        "spinnaker2-prototype",
        450.0,
        "S. Hoeppner et al., 2019, prototype",
        2019,
        neuron_pj=2_190.0,
        note="conflicts with spinnaker2-2021",
    ),
    _chip("odin", 12.7, _TANG, 2023),
    _chip("reckon", 5.3, _TANG, 2023),
    _chip("ubrain", 26.0, _TANG, 2023),
    _chip("tianjic", 1.54, _TANG, 2023),
    _chip("neuronflow", 20.0, _TANG, 2023),
    _chip("seneca", 2.8, _TANG, 2023),
)


def energy_model(name: str) -> EnergyModel | LemaireModel:
    """The model called ``name``.

    Raises:
        InputError: there is none; lists those that exist.
    """
    for model in ENERGY_MODELS:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in ENERGY_MODELS)
    raise InputError(f"no energy model `{name}`; known are {known}, or a file.toml of your own")
