"""Why common operators cannot become spikes, and what to use instead."""

from __future__ import annotations

from converters.intake.pytorch.refusal import Refusal

__all__ = ["MODULES", "NUMBER", "OF_THE_BATCH", "PLACES", "RANDOM", "is_known", "refusal"]

_ACTIVATION = (
    "is not a rectifier: the rate of a spiking neuron is min(max(x, 0), maximum)",
    "replace it by ReLU or ReLU6 and train again",
)
_PROBABILITIES = (
    "makes probabilities inside the network, by a division that no constant synapse can",
    "use it as the last step only, where it is left out; attention has no spiking counterpart here",
)
_NORMALISATION = (
    "normalises by statistics of the image at hand, which no constant synapse can",
    "use batch norm, whose statistics are fixed after training",
)
_ATTENTION = (
    "is attention: it multiplies values that depend on the image, a synapse only by a constant",
    "use convolutions and linear layers with trained weights",
)
_PRODUCT = (
    "multiplies two values that depend on the image; a synapse multiplies by a constant",
    "use convolutions and linear layers with trained weights",
)
_RECURRENT = ("has a state of its own", "use a feed-forward network")
NUMBER = (
    "takes a number out of the image's values, so what follows would be the same for all images",
    "compute it from constants, or fix it for inference",
)
RANDOM = (
    "uses random numbers at inference",
    "pass training=self.training to F.dropout, or use torch.nn.Dropout; leave out other noise",
)
OF_THE_BATCH = (
    "makes one number of all images of a batch, so an image's answer would depend on the others"
)
PLACES = (
    "tells the places of maxima, which no spikes tell",
    "use the maxima themselves",
)
_FAKE = (
    "is a fake quantization of quantization-aware training",
    "remove it (torch.ao.quantization.disable_fake_quant), or use the float model",
)
_INTEGERS = (
    "computes with quantized integers",
    "export the float model; eventsnn quantizes by itself",
)
_OTHER = (
    "has no spiking counterpart here",
    "build it from convolutions, linear layers, batch norm, ReLU, pooling, sums, concatenations",
)

_REASONS = {
    _ACTIVATION: "tanh silu gelu hardswish hardsigmoid leaky_relu elu selu celu prelu "
    "_prelu_kernel rrelu rrelu_with_noise softplus mish log_sigmoid_forward exp sqrt rsqrt "
    "square pow reciprocal log log1p expm1 sin cos erf atan softshrink hardshrink",
    _PROBABILITIES: "_softmax _log_softmax sigmoid",
    _NORMALISATION: "native_layer_norm native_group_norm linalg_vector_norm norm std var var_mean "
    "std_mean avg_pool3d",
    _ATTENTION: "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_attention_math "
    "_scaled_dot_product_flash_attention _scaled_dot_product_efficient_attention "
    "_native_multi_head_attention _transformer_encoder_layer_fwd",
    _PRODUCT: "glu _trilinear cross dot",
    _RECURRENT: "mkldnn_rnn_layer lstm gru rnn_tanh rnn_relu _thnn_fused_lstm_cell",
    NUMBER: "_local_scalar_dense is_nonzero equal nonzero unique2 _unique2",
    _FAKE: "fake_quantize_per_tensor_affine_cachemask fake_quantize_per_channel_affine_cachemask "
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams "
    "fused_moving_avg_obs_fake_quant _fused_moving_avg_obs_fq_helper",
    _INTEGERS: "quantize_per_tensor quantize_per_channel quantize_per_tensor_dynamic dequantize",
}
_BY_NAME = {name: reason for reason, names in _REASONS.items() for name in names.split()}

#: Modules that are refused as a whole: what they are made of would tell nothing.
MODULES = {
    "MultiheadAttention": _ATTENTION,
    "TransformerEncoderLayer": _ATTENTION,
    "TransformerDecoderLayer": _ATTENTION,
    "LayerNorm": _NORMALISATION,
    "RMSNorm": _NORMALISATION,
    "GroupNorm": _NORMALISATION,
    "InstanceNorm1d": _NORMALISATION,
    "InstanceNorm2d": _NORMALISATION,
    "LocalResponseNorm": _NORMALISATION,
    "LSTM": _RECURRENT,
    "GRU": _RECURRENT,
    "RNN": _RECURRENT,
    "LSTMCell": _RECURRENT,
    "GRUCell": _RECURRENT,
    "RNNCell": _RECURRENT,
    **dict.fromkeys(
        [
            "LeakyReLU",
            "PReLU",
            "RReLU",
            "GELU",
            "ELU",
            "SELU",
            "CELU",
            "SiLU",
            "Mish",
            "Hardswish",
            "Hardsigmoid",
            "Softplus",
            "Softsign",
            "Tanh",
            "Tanhshrink",
            "Hardshrink",
            "Softshrink",
        ],
        _ACTIVATION,
    ),
    "FakeQuantize": _FAKE,
    "FusedMovingAvgObsFakeQuantize": _FAKE,
}


def refusal(function: str) -> Refusal:
    """The error about a function that has no handler."""
    return Refusal(*_BY_NAME.get(function, _OTHER))


def is_known(function: str) -> bool:
    """Whether there is a reason of its own."""
    return function in _BY_NAME
