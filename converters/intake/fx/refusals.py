"""Why common operators cannot become spikes, and what to use instead."""

from __future__ import annotations

from converters.intake.fx.call import Refusal

__all__ = ["refusal"]

_ACTIVATION = (
    "is not a rectifier: the rate of a spiking neuron is min(max(x, 0), maximum)",
    "replace it by ReLU or ReLU6 and train again",
)
_PROBABILITIES = (
    "makes probabilities of the logits, which no neuron needs to tell",
    "leave it out: the largest logit stays the largest, so the answer is the same",
)
_NORMALISATION = (
    "normalizes by statistics of the image at hand, which no constant synapse can",
    "use batch norm, whose statistics are fixed after training",
)
_PRODUCT = (
    "multiplies two values that depend on the image; a synapse multiplies by a constant",
    "use convolutions and linear layers with trained weights",
)
_UPSAMPLING = (
    "makes images larger, for which there are no synapses here",
    "use a classifier that only pools",
)
_PARTS = (
    "cuts a value into several parts",
    "compute the parts by layers of their own, e.g. one convolution each",
)
_AXES = ("exchanges axes", "keep channels, rows and columns in this order")
_RECURRENT = ("has a state of its own", "use a feed-forward network")
_OTHER = (
    "has no spiking counterpart here",
    "build it from convolutions, linear layers, batch norm, ReLU, pooling, sums, concatenations",
)

_REASONS = {
    _ACTIVATION: "sigmoid tanh silu gelu hardswish hardsigmoid leaky_relu elu selu celu prelu "
    "rrelu softplus softsign mish logsigmoid tanhshrink softshrink hardshrink abs exp sqrt square "
    "pow",
    _PROBABILITIES: "softmax log_softmax softmin",
    _NORMALISATION: "layer_norm group_norm instance_norm local_response_norm normalize rms_norm "
    "instance_norm1d instance_norm2d",
    _PRODUCT: "matmul bmm einsum scaled_dot_product_attention multihead_attention bilinear mm",
    _UPSAMPLING: "conv_transpose1d conv_transpose2d interpolate upsample pixel_shuffle",
    _PARTS: "chunk split unbind tensor_split",
    _AXES: "permute transpose movedim swapaxes t",
    _RECURRENT: "lstm gru rnn lstm_cell gru_cell rnn_cell",
}


def _key(name: str) -> str:
    """One spelling for ``log_softmax`` and ``LogSoftmax``."""
    return name.lower().replace("_", "")


_BY_KEY = {_key(name): reason for reason, names in _REASONS.items() for name in names.split()}


def refusal(function: str) -> Refusal:
    """The error about a function or module that has no handler."""
    return Refusal(*_BY_KEY.get(_key(function), _OTHER))
