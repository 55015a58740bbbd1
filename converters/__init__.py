"""Converters from trained artificial neural networks to spiking ones.

::

    from converters import load_ann, rate
    from eventsnn import simulate

    ann = load_ann("resnet20.npz", arch="resnet20-cifar")
    conversion = rate(ann, calibration_images, ticks=64)
    run = simulate(conversion.network, image, ticks=64)

Imports nothing of PyTorch, which only `converters.intake.export_torch` needs. `converters.testing`
has hypothesis strategies for ANNs.
"""

from converters.ann import ops
from converters.ann.forward import activations, forward
from converters.ann.graph import Ann, Node
from converters.ann.macs import macs
from converters.ann.quantized import quantized_activations
from converters.calibration.activation_quantiles import Per, activation_quantiles
from converters.conversion import Conversion
from converters.diagnosis import Diagnosis, diagnose
from converters.intake.architectures import architectures
from converters.intake.export import export
from converters.intake.graph_json import ann_from_source, ann_to_source
from converters.intake.load import load_ann, read_arrays, save_ann
from converters.lowering.lower import lower
from converters.lowering.neuron_kinds import NeuronKind, NeuronKinds
from converters.lowering.phase_words import bistable, phase_coding
from converters.passes.canonical import canonical
from converters.passes.dyadic_parameters import dyadic_parameters
from converters.passes.fold_batch_norm import fold_batch_norm
from converters.passes.max_pool_before_concat import max_pool_before_concat
from converters.passes.phase_coded_input import phase_coded_input, pixel_range
from converters.passes.relu_before_max_pool import relu_before_max_pool
from converters.recipes.bsnn import bsnn
from converters.recipes.from_torch import TrainedModel, from_torch
from converters.recipes.noise import Mode, noise
from converters.recipes.rate import rate
from converters.recipes.ttrbr import ttrbr

__all__ = [
    "Ann",
    "Conversion",
    "Diagnosis",
    "Mode",
    "NeuronKind",
    "NeuronKinds",
    "Node",
    "Per",
    "TrainedModel",
    "activation_quantiles",
    "activations",
    "ann_from_source",
    "ann_to_source",
    "architectures",
    "bistable",
    "bsnn",
    "canonical",
    "diagnose",
    "dyadic_parameters",
    "export",
    "fold_batch_norm",
    "forward",
    "from_torch",
    "load_ann",
    "lower",
    "macs",
    "max_pool_before_concat",
    "noise",
    "ops",
    "phase_coded_input",
    "phase_coding",
    "pixel_range",
    "quantized_activations",
    "rate",
    "read_arrays",
    "relu_before_max_pool",
    "save_ann",
    "ttrbr",
]
