"""Event-driven sparse simulation of spiking neural networks on the CPU."""

from eventsnn.conversion import Conversion
from eventsnn.counts.counts import Counts, LinkCount
from eventsnn.description.codings import Analog, Coding, Events, Integers, Words
from eventsnn.description.fan_out import fan_out
from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
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
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
    Unflatten,
)
from eventsnn.engine.choices import Granularity, Order, Precision
from eventsnn.errors import (
    ConversionError,
    CycleError,
    DataError,
    EventsnnError,
    FileFormatError,
    InputError,
    MissingExtraError,
    NetworkError,
    ScaleWarning,
    ShapeError,
    UnsupportedLayerError,
)
from eventsnn.evaluation.evaluate import Evaluation, evaluate
from eventsnn.fixed_point import FixedPoint, quantize
from eventsnn.record import Record
from eventsnn.run import Queue, Run
from eventsnn.signals.currents import Currents
from eventsnn.signals.preprocessing import Preprocessing
from eventsnn.signals.samples import InputValue
from eventsnn.signals.spikes import Spikes
from eventsnn.signals.words import phase_coded, reading_ticks
from eventsnn.simulate import simulate, simulate_batch
from eventsnn.version import __version__

__all__ = [
    "IF",
    "LI",
    "LIF",
    "Analog",
    "AvgPool2d",
    "Bistable",
    "Burst",
    "Coding",
    "Conv2d",
    "Conversion",
    "ConversionError",
    "Counts",
    "CubaLIF",
    "Currents",
    "CycleError",
    "DataError",
    "Evaluation",
    "Events",
    "EventsnnError",
    "FileFormatError",
    "FixedPoint",
    "Flatten",
    "Granularity",
    "Input",
    "InputError",
    "InputValue",
    "Integers",
    "Layer",
    "Linear",
    "Link",
    "LinkCount",
    "MissingExtraError",
    "Network",
    "NetworkError",
    "Neuron",
    "NoReset",
    "Noise",
    "Order",
    "PhaseAccumulator",
    "PhaseIF",
    "PhaseMaximum",
    "Precision",
    "Preprocessing",
    "Queue",
    "Record",
    "Relay",
    "Reset",
    "Run",
    "RunningMaximum",
    "Scale",
    "ScaleWarning",
    "ShapeError",
    "Signed",
    "Sparse",
    "Spikes",
    "Subsample",
    "Subtract",
    "SumPool2d",
    "Synapse",
    "Synchronous",
    "ToValue",
    "Unflatten",
    "UnsupportedLayerError",
    "Words",
    "__version__",
    "evaluate",
    "fan_out",
    "phase_coded",
    "quantize",
    "reading_ticks",
    "simulate",
    "simulate_batch",
]
