"""Modules as functions: which one, and the attributes that it is given."""

from __future__ import annotations

__all__ = ["MODULES"]

_CONVOLUTION = ("weight", "bias", "stride", "padding", "dilation", "groups", "padding_mode")
_NORM = ("running_mean", "running_var", "weight", "bias", "training", "eps")
_MAX_POOL = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVG_POOL = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
_DROPOUT = ("p", "training")
_PAD = ("padding",)
_SPIKE = ("decay", "threshold", "reset", "mean", "standard_deviation")

#: Class name -> (function, attributes); an attribute `padding` of a pad is its `pad`.
MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "AdaptiveAvgPool1d": ("adaptive_avg_pool1d", ("output_size",)),
    "AdaptiveAvgPool2d": ("adaptive_avg_pool2d", ("output_size",)),
    "AdaptiveMaxPool1d": ("adaptive_max_pool1d", ("output_size", "return_indices")),
    "AdaptiveMaxPool2d": ("adaptive_max_pool2d", ("output_size", "return_indices")),
    "AvgPool1d": ("avg_pool1d", _AVG_POOL),
    "AvgPool2d": ("avg_pool2d", (*_AVG_POOL, "divisor_override")),
    "BatchNorm1d": ("batch_norm", _NORM),
    "BatchNorm2d": ("batch_norm", _NORM),
    "ClippedReLU": ("clipped_relu", ("ceiling",)),  # of converters.training
    "Conv1d": ("conv1d", _CONVOLUTION),
    "Conv2d": ("conv2d", _CONVOLUTION),
    "Dropout": ("dropout", _DROPOUT),
    "Dropout1d": ("dropout", _DROPOUT),
    "Dropout2d": ("dropout", _DROPOUT),
    "AlphaDropout": ("dropout", _DROPOUT),
    "Flatten": ("flatten", ()),
    "Hardtanh": ("hardtanh", ("min_val", "max_val")),
    "Identity": ("identity", ()),
    "Linear": ("linear", ("weight", "bias")),
    "MaxPool1d": ("max_pool1d", _MAX_POOL),
    "MaxPool2d": ("max_pool2d", _MAX_POOL),
    "ReLU": ("relu", ()),
    "ReLU6": ("relu6", ()),
    "Spike": ("spike", _SPIKE),
    "SyncBatchNorm": ("batch_norm", _NORM),
    "Threshold": ("threshold", ("threshold", "value")),
    "Unflatten": ("reshape", ()),
    "ZeroPad1d": ("zero_pad", _PAD),
    "ZeroPad2d": ("zero_pad", _PAD),
}
