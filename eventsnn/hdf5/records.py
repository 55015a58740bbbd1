"""Networks <-> records: the kinds of the file format and their fields, both ways."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
import scipy.sparse as sp

from eventsnn.description import Values
from eventsnn.errors import FileFormatError
from eventsnn.hdf5.storage import Item, Record, naming
from eventsnn.link import Link
from eventsnn.network import Input, Layer, Network
from eventsnn.neurons import (
    IF,
    LIF,
    Accumulator,
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
from eventsnn.synapses import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
)

__all__ = ["network_record", "read_network"]


def network_record(network: Network) -> Record:
    """The group ``/network``."""
    return {
        "output": network.output,
        "inputs": [{"name": node.name, "shape": node.shape} for node in network.inputs],
        "layers": [
            {
                "name": layer.name,
                "shape": layer.shape,
                "bias": layer.bias,
                "neuron": _neuron_record(layer.neuron),
                "links": [
                    {
                        "source": link.source,
                        "delay": _delay_record(link.delay),
                        "chain": [_synapse_record(synapse) for synapse in link.chain],
                    }
                    for link in layer.links
                ],
            }
            for layer in network.layers
        ],
    }


def read_network(item: Item) -> Network:
    """The network of the group ``/network``.

    Raises:
        FileFormatError: a missing or damaged item, or values that mean nothing.
    """
    inputs = []
    for node in item.children("inputs"):
        with naming(node.where()):
            inputs.append(Input(node.text("name"), node.integers("shape")))
    layers = []
    for layer in item.children("layers"):
        with naming(layer.where()):
            layers.append(
                Layer(
                    name=layer.text("name"),
                    shape=layer.integers("shape"),
                    neuron=_read_neuron(layer.child("neuron")),
                    links=tuple(_read_link(link) for link in layer.children("links")),
                    bias=layer.array("bias"),
                )
            )
    with naming(item.where()):
        return Network(tuple(inputs), tuple(layers), item.text("output"))


def _neuron_record(neuron: Neuron) -> Record:
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
        case Burst(threshold=threshold, limit=limit, v0=v0):
            return {"kind": "burst", "threshold": threshold, "limit": limit, "v0": v0}
        case Signed(threshold=threshold, negative=negative, v0=v0):
            return {"kind": "signed", "threshold": threshold, "negative": negative, "v0": v0}
        case Accumulator(v0=v0, decay=decay):
            return {"kind": "accumulator", "v0": v0, "decay": decay}
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


def _read_neuron(item: Item) -> Neuron:
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
            return Burst(item.array("threshold"), item.integer("limit"), item.array("v0"))
        case "signed":
            return Signed(item.array("threshold"), item.array("negative"), item.array("v0"))
        case "accumulator":
            return Accumulator(item.array("v0"), item.array("decay"))
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
                "if, lif, cuba_lif, burst, signed, accumulator, relay, running_maximum, "
                "phase_maximum, synchronous, bistable, phase_accumulator, phase_if"
            )
            raise _unknown(item, kind, known)


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
            raise _unknown(item, kind, "subtract, to_value, none")


def _read_link(item: Item) -> Link:
    chain = tuple(_read_synapse(synapse) for synapse in item.children("chain"))
    return Link(item.text("source"), chain, _read_delay(item))


def _delay_record(delay: Any) -> Any:
    """A number, an array, or a sparse matrix as a group."""
    if sp.issparse(delay):
        return _matrix_record(delay)
    return delay if isinstance(delay, int) else delay.astype(np.float64)


def _read_delay(item: Item) -> Any:
    if item.has_group("delay"):
        return _read_matrix(item.child("delay"))
    return item.array("delay")


def _matrix_record(matrix: Any) -> Record:
    return {
        "shape": matrix.shape,
        "row_starts": matrix.indptr,
        "columns": matrix.indices,
        "values": matrix.data,
    }


def _read_matrix(item: Item) -> Any:
    rows = (item.array("values"), item.array("columns"), item.array("row_starts"))
    matrix = sp.csr_array(rows, shape=item.pair("shape"), dtype=np.float64)
    matrix.check_format()
    return matrix


def _synapse_record(synapse: Synapse) -> Record:
    match synapse:
        case Dense(weight=weight):
            return {"kind": "dense", "weight": weight}
        case Conv2d():
            return {
                "kind": "conv2d",
                "weight": synapse.weight,
                "stride": synapse.stride,
                "padding": synapse.padding,
                "dilation": synapse.dilation,
                "groups": synapse.groups,
            }
        case AvgPool2d() | SumPool2d():
            return {
                "kind": "avg_pool2d" if isinstance(synapse, AvgPool2d) else "sum_pool2d",
                "kernel_size": synapse.kernel_size,
                "stride": synapse.stride,
                "padding": synapse.padding,
            }
        case Sparse(weight=weight):
            return {"kind": "sparse", **_matrix_record(weight)}
        case Subsample():
            return {
                "kind": "subsample",
                "stride": synapse.stride,
                "pad_channels": synapse.pad_channels,
            }
        case Flatten():
            return {"kind": "flatten"}
        case Scale(factor=factor):
            return {"kind": "scale", "factor": factor}
        case _:
            assert_never(synapse)


def _read_synapse(item: Item) -> Synapse:
    with naming(item.where()):
        match kind := item.text("kind"):
            case "dense":
                return Dense(item.array("weight"))
            case "conv2d":
                return Conv2d(
                    item.array("weight"),
                    item.pair("stride"),
                    item.pair("padding"),
                    item.pair("dilation"),
                    item.integer("groups"),
                )
            case "avg_pool2d":
                return AvgPool2d(
                    item.pair("kernel_size"), item.pair("stride"), item.pair("padding")
                )
            case "sum_pool2d":
                return SumPool2d(
                    item.pair("kernel_size"), item.pair("stride"), item.pair("padding")
                )
            case "sparse":
                return Sparse(_read_matrix(item))
            case "subsample":
                return Subsample(item.pair("stride"), item.pair("pad_channels"))
            case "flatten":
                return Flatten()
            case "scale":
                return Scale(item.array("factor"))
            case _:
                raise _unknown(
                    item,
                    kind,
                    "dense, conv2d, avg_pool2d, sum_pool2d, sparse, subsample, flatten, scale",
                )


def _unknown(item: Item, kind: str, known: str) -> FileFormatError:
    return FileFormatError(
        f"{item.where('kind')}: `{kind}` is unknown; this eventsnn knows {known}; "
        f"the file may come from a newer one"
    )
