"""The calls of a traced model -> an ANN."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from converters.ann.graph import INPUT, Ann
from converters.ann.shapes import Shape
from converters.intake.fx import arithmetic, arrangement, layers, pools, spiking
from converters.intake.fx.call import Builder, Call, Ref, Refusal, Tensor, as_image
from converters.intake.fx.refusals import refusal
from eventsnn import NetworkError, UnsupportedLayerError

__all__ = ["translate"]

#: Names of functions and methods, without a trailing underscore, by what they do.
_HANDLERS: dict[Callable[..., Tensor], str] = {
    layers.conv1d: "conv1d",
    layers.conv2d: "conv2d",
    layers.linear: "linear",
    layers.batch_norm: "batch_norm",
    pools.max_pool1d: "max_pool1d",
    pools.max_pool2d: "max_pool2d",
    pools.avg_pool1d: "avg_pool1d",
    pools.avg_pool2d: "avg_pool2d",
    pools.adaptive_avg_pool1d: "adaptive_avg_pool1d",
    pools.adaptive_avg_pool2d: "adaptive_avg_pool2d",
    pools.adaptive_max_pool1d: "adaptive_max_pool1d",
    pools.adaptive_max_pool2d: "adaptive_max_pool2d",
    pools.mean: "mean",
    arithmetic.relu: "relu",
    arithmetic.relu6: "relu6",
    arithmetic.clipped_relu: "clipped_relu",
    arithmetic.hardtanh: "hardtanh",
    arithmetic.clamp: "clamp clip clamp_min",
    arithmetic.threshold: "threshold",
    spiking.spike: "spike",
    arithmetic.dropout: "dropout dropout1d dropout2d feature_dropout alpha_dropout",
    arithmetic.identity: "identity contiguous clone detach to float type",
    arithmetic.add: "add iadd",
    arithmetic.sub: "sub isub subtract",
    arithmetic.neg: "neg negative",
    arithmetic.mul: "mul imul multiply",
    arithmetic.true_divide: "true_divide truediv itruediv div divide",
    arrangement.reshape: "reshape view flatten squeeze unsqueeze unflatten",
    arrangement.cat: "cat concat concatenate",
    arrangement.getitem: "getitem",
    arrangement.pad: "pad",
    arrangement.zero_pad: "zero_pad",
}
_BY_NAME = {name: handler for handler, names in _HANDLERS.items() for name in names.split()}


def translate(calls: Iterable[Call], image: str, input_shape: Shape, output: str) -> Ann:
    """The ANN that ``calls`` compute.

    Args:
        calls: in order.
        image: what `Ref` calls the image.
        input_shape: PyTorch's, without the batch axis; (C, L) becomes (C, 1, L).
        output: name of the answer.

    Raises:
        UnsupportedLayerError: a call without a counterpart; names it, its operator, the
            reason and a remedy.
    """
    try:
        build = Builder(input_shape)
    except Refusal as error:
        raise UnsupportedLayerError(f"the image {error.why}; {error.remedy}") from None
    results = {image: Tensor(INPUT, input_shape)}
    for call in calls:
        results[call.key] = _result(build, call, results)
    answer = results[output].node
    if answer == INPUT:
        raise UnsupportedLayerError("the model returns its image; expected at least one layer")
    needed = {answer}
    for name, node in reversed(build.nodes.items()):
        if name in needed:
            needed.update(node.inputs)
    nodes = tuple(node for name, node in build.nodes.items() if name in needed)
    return Ann(build.shapes[INPUT], nodes, answer)


def _result(build: Builder, call: Call, results: dict[str, Tensor]) -> Tensor:
    build.call = call
    try:
        result = _applied(_handler(call.function), build, call, results)
        _check_shape(build.shape_of(result), call.shape)
    except Refusal as error:
        raise UnsupportedLayerError(
            f"node `{call.name}` ({call.operator}) {error.why}; {error.remedy}"
        ) from None
    except NetworkError as error:
        raise UnsupportedLayerError(f"node `{call.name}` ({call.operator}): {error}") from None
    return dataclasses.replace(result, shape=call.shape)


def _handler(function: str) -> Callable[..., Tensor]:
    if function not in _BY_NAME:
        raise refusal(function)
    return _BY_NAME[function]


def _check_shape(made: Shape, expected: Shape) -> None:
    if made != as_image(expected):
        raise Refusal(
            f"makes {expected} in PyTorch, but {made} here",
            "use an operation that keeps (channels, rows, columns) apart",
        )


def _applied(
    handler: Callable[..., Tensor], build: Builder, call: Call, results: dict[str, Tensor]
) -> Tensor:
    """The handler's answer; PyTorch calls the operands of a function ``input, other``."""
    kwargs = {key: _resolved(value, results) for key, value in call.kwargs.items()}
    first = (kwargs.pop("input"),) if "input" in kwargs else ()
    second = (kwargs.pop("other"),) if "other" in kwargs else ()
    args = (*first, *_resolved(call.args, results), *second)
    for meaningless in ("inplace", "dtype"):
        kwargs.pop(meaningless, None)
    try:
        bound = inspect.signature(handler).bind(build, *args, **kwargs)
    except TypeError as error:
        raise Refusal(
            f"is called in a way that is not understood here ({error})",
            "call it with the parameters of torch.nn.functional",
        ) from None
    return handler(*bound.args, **bound.kwargs)


def _resolved(value: Any, results: dict[str, Tensor]) -> Any:
    match value:
        case Ref(name=name):
            return results[name]
        case list() | tuple():
            return type(value)(_resolved(item, results) for item in value)
        case _:
            return value
