"""Neuron models <-> records, both ways; part of `eventsnn.hdf5.description_fields`."""

from __future__ import annotations

from typing import assert_never

from eventsnn.description.base import Values
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    CubaLIF,
    Neuron,
    Noise,
    NoReset,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    Reset,
    RunningMaximum,
    Signed,
    Subtract,
    Synchronous,
    ToValue,
)
from eventsnn.hdf5.storage import Item, Record, unknown_kind

__all__ = ["neuron_record", "read_neuron"]


def neuron_record(neuron: Neuron) -> Record:
    """The group ``neuron`` of a layer."""
    match neuron:
        case IF() | LIF():
            record: Record = {
                "kind": "lif" if isinstance(neuron, LIF) else "if",
                "threshold": neuron.threshold,
                "reset": _reset_record(neuron.reset),
                "v0": neuron.v0,
                "refractory": neuron.refractory,
            }
            if neuron.v_min is not None:
                record["v_min"] = neuron.v_min
            if isinstance(neuron, IF) and neuron.v_max is not None:
                record["v_max"] = neuron.v_max
            if isinstance(neuron, LIF):
                record["decay"] = neuron.decay
            if neuron.noise is not None:
                record["noise"] = {
                    "standard_deviation": neuron.noise.standard_deviation,
                    "mean": neuron.noise.mean,
                }
            return record
        case CubaLIF():
            return {
                "kind": "cuba_lif",
                "synaptic_decay": neuron.synaptic_decay,
                "decay": neuron.decay,
                "gain": neuron.gain,
                "threshold": neuron.threshold,
                "reset": _reset_record(neuron.reset),
                "v0": neuron.v0,
                "refractory": neuron.refractory,
            }
        case Burst(threshold=threshold, max_spikes=max_spikes, v0=v0):
            return {"kind": "burst", "threshold": threshold, "max_spikes": max_spikes, "v0": v0}
        case Signed():
            return {
                "kind": "signed",
                "threshold": neuron.threshold,
                "negative": neuron.negative,
                "v0": neuron.v0,
                "max_spikes": neuron.max_spikes,
            }
        case LI(v0=v0, decay=decay):
            return {"kind": "li", "v0": v0, "decay": decay}
        case Relay():
            return {"kind": "relay"}
        case RunningMaximum() | PhaseMaximum():
            record = {
                "kind": "running_maximum",
                "kernel_size": neuron.kernel_size,
                "stride": neuron.stride,
                "padding": neuron.padding,
            }
            if isinstance(neuron, PhaseMaximum):
                record |= {"kind": "phase_maximum", "phases": neuron.phases}
            return record
        case Synchronous():
            return {"kind": "synchronous", **_timing_record(neuron)}
        case Bistable():
            return {
                "kind": "bistable",
                **_timing_record(neuron),
                "threshold": neuron.threshold,
                "carry": int(neuron.carry),
                "rounding": int(neuron.rounding),
            }
        case PhaseAccumulator(carry=carry):
            return {"kind": "phase_accumulator", **_timing_record(neuron), "carry": int(carry)}
        case PhaseIF(phases=phases, threshold=threshold):
            return {"kind": "phase_if", "phases": phases, "threshold": threshold}
        case _:
            assert_never(neuron)


def _timing_record(neuron: Bistable | PhaseAccumulator) -> Record:
    record: Record = {
        "stage": neuron.stage,
        "phases": neuron.phases,
        "allow_loss": int(neuron.allow_loss),
    }
    if neuron.readings is not None:
        record["readings"] = neuron.readings
    return record


def read_neuron(item: Item) -> Neuron:
    """What `neuron_record` wrote."""
    match kind := item.text("kind"):
        case "if":
            ceiling = item.array("v_max") if item.has("v_max") else None
            return IF(*_read_firing(item), v_max=ceiling)
        case "lif":
            return LIF(item.array("decay"), *_read_firing(item))
        case "cuba_lif":
            return CubaLIF(
                item.array("synaptic_decay"),
                item.array("decay"),
                item.array("gain"),
                item.array("threshold"),
                _read_reset(item.child("reset")),
                item.array("v0"),
                item.array("refractory"),
            )
        case "burst":
            return Burst(item.array("threshold"), item.integer("max_spikes"), item.array("v0"))
        case "signed":
            return Signed(
                item.array("threshold"),
                item.array("negative"),
                item.array("v0"),
                item.integer("max_spikes"),
            )
        case "li":
            return LI(item.array("v0"), item.array("decay"))
        case "relay":
            return Relay()
        case "running_maximum":
            return RunningMaximum(*_read_windows(item))
        case "phase_maximum":
            return PhaseMaximum(item.integer("phases"), *_read_windows(item))
        case "synchronous":
            stage, phases, readings, loss = _read_timing(item)
            return Synchronous(stage, phases, readings=readings, allow_loss=loss)
        case "bistable":
            stage, phases, readings, loss = _read_timing(item)
            carry, rounding = item.integer("carry") != 0, item.integer("rounding") != 0
            return Bistable(stage, phases, item.array("threshold"), carry, rounding, readings, loss)
        case "phase_accumulator":
            stage, phases, readings, loss = _read_timing(item)
            return PhaseAccumulator(stage, phases, item.integer("carry") != 0, readings, loss)
        case "phase_if":
            return PhaseIF(item.integer("phases"), item.array("threshold"))
        case _:
            known = (
                "if, lif, cuba_lif, burst, signed, li, relay, running_maximum, "
                "phase_maximum, synchronous, bistable, phase_accumulator, phase_if"
            )
            raise unknown_kind(item, kind, known)


def _read_timing(item: Item) -> tuple[int, int, int | None, bool]:
    """What `_timing_record` wrote: stage, phases, readings, allow_loss."""
    return (
        item.integer("stage"),
        item.integer("phases"),
        item.integer("readings") if item.has("readings") else None,
        item.integer("allow_loss") != 0,
    )


def _read_windows(item: Item) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    return item.pair("kernel_size"), item.pair("stride"), item.pair("padding")


def _read_firing(
    item: Item,
) -> tuple[Values, Reset, Values, Values | None, Values, Noise | None]:
    """What IF and LIF share, in the order of their fields."""
    return (
        item.array("threshold"),
        _read_reset(item.child("reset")),
        item.array("v0"),
        item.array("v_min") if item.has("v_min") else None,
        item.array("refractory"),
        _read_noise(item.child("noise")) if item.has("noise") else None,
    )


def _read_noise(item: Item) -> Noise:
    return Noise(item.array("standard_deviation"), item.array("mean"))


def _reset_record(reset: Reset) -> Record:
    match reset:
        case Subtract(amount=None):
            return {"kind": "subtract"}
        case Subtract(amount=amount):
            return {"kind": "subtract", "amount": amount}
        case ToValue(value=value):
            return {"kind": "to_value", "value": value}
        case NoReset():
            return {"kind": "none"}
        case _:
            assert_never(reset)


def _read_reset(item: Item) -> Reset:
    match kind := item.text("kind"):
        case "subtract":
            return Subtract(item.array("amount") if item.has("amount") else None)
        case "to_value":
            return ToValue(item.array("value"))
        case "none":
            return NoReset()
        case _:
            raise unknown_kind(item, kind, "subtract, to_value, none")
