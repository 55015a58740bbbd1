"""Event-driven sparse simulation of spiking neural networks on the CPU."""

from eventsnn.currents import Currents
from eventsnn.errors import (
    ConversionError,
    CycleError,
    DataError,
    EventsnnError,
    FileFormatError,
    InputError,
    MissingExtraError,
    NetworkError,
    ShapeError,
    UnsupportedLayerError,
)
from eventsnn.evaluate import Evaluation, evaluate
from eventsnn.fan_out import fan_out
from eventsnn.link import Link
from eventsnn.network import Input, Layer, Network
from eventsnn.neurons import (
    IF,
    LIF,
    Accumulator,
    Burst,
    CubaLIF,
    Neuron,
    Noise,
    NoReset,
    Relay,
    Reset,
    RunningMaximum,
    Signed,
    Subtract,
    ToValue,
)
from eventsnn.record import Record
from eventsnn.run import Counts, LinkCount, Queue, Run
from eventsnn.simulate import simulate
from eventsnn.spikes import Spikes
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
from eventsnn.version import __version__

__all__ = [
    "IF",
    "LIF",
    "Accumulator",
    "AvgPool2d",
    "Burst",
    "Conv2d",
    "ConversionError",
    "Counts",
    "CubaLIF",
    "Currents",
    "CycleError",
    "DataError",
    "Dense",
    "Evaluation",
    "EventsnnError",
    "FileFormatError",
    "Flatten",
    "Input",
    "InputError",
    "Layer",
    "Link",
    "LinkCount",
    "MissingExtraError",
    "Network",
    "NetworkError",
    "Neuron",
    "NoReset",
    "Noise",
    "Queue",
    "Record",
    "Relay",
    "Reset",
    "Run",
    "RunningMaximum",
    "Scale",
    "ShapeError",
    "Signed",
    "Sparse",
    "Spikes",
    "Subsample",
    "Subtract",
    "SumPool2d",
    "Synapse",
    "ToValue",
    "UnsupportedLayerError",
    "__version__",
    "evaluate",
    "fan_out",
    "simulate",
]
