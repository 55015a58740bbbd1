"""Event-driven sparse simulation of spiking neural networks on the CPU."""

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
from eventsnn.network import Input, Layer, Link, Network
from eventsnn.neurons import (
    IF,
    Accumulator,
    Neuron,
    NoReset,
    Relay,
    Reset,
    RunningMaximum,
    Subtract,
    ToValue,
)
from eventsnn.run import Counts, LinkCount, Queue, Record, Run
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
    "Accumulator",
    "AvgPool2d",
    "Conv2d",
    "ConversionError",
    "Counts",
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
    "Queue",
    "Record",
    "Relay",
    "Reset",
    "Run",
    "RunningMaximum",
    "Scale",
    "ShapeError",
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
