"""A PyTorch model -> an ANN that answers as it does, or one error that says all that is wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from converters.ann.graph import Ann
from converters.intake.pytorch.check import check_answers
from converters.intake.pytorch.nodes import as_image
from converters.intake.pytorch.outputs import only_tensor
from converters.intake.pytorch.prepare import prepared, some_images
from converters.intake.pytorch.recorder import Recorder
from converters.intake.pytorch.rectifier import rectifier
from converters.intake.pytorch.refusal import Refusal, message
from converters.intake.pytorch.value import Value
from eventsnn import UnsupportedLayerError

__all__ = ["Traced", "trace_model"]

#: Images that run through the model while it is followed. Not 1, for which many mistakes with
#: the batch axis are none, and not 2, which is the number of many other things.
_BATCH = 3

_TORCH = Path(torch.__file__).resolve().parent
_OWN = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Traced:
    """What a model is.

    Attributes:
        ann: the network.
        left_out: last steps of the model that the network does without, by name.
    """

    ann: Ann
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Answer:
    """Where the answer is, and what the model makes of it in the end."""

    ann: Ann
    left_out: tuple[str, ...]
    finish: Callable[[torch.Tensor], torch.Tensor]


def trace_model(model: Any, example: Any) -> Traced:
    """The ANN of ``model``, checked on images that it was not traced with.

    Raises:
        UnsupportedLayerError, ConversionError: see `converters.export`.
    """
    images = some_images(example)
    try:
        as_image(images.shape[1:])
    except Refusal as error:
        raise UnsupportedLayerError(f"the model {error.why}; {error.remedy}") from None
    module = prepared(model)
    batch = images[torch.arange(_BATCH) % len(images)].clone()
    recorder, answer = _followed(module, batch)
    check_answers(
        module,
        answer.ann,
        answer.finish,
        images,
        in_place=recorder.in_place,
        other=lambda: _followed(prepared(model), torch.cat([batch, batch[:1]]))[1].ann,
    )
    return Traced(answer.ann, answer.left_out)


def _followed(module: torch.nn.Module, batch: torch.Tensor) -> tuple[Recorder, _Answer]:
    recorder = Recorder(module, batch)
    name = type(module).__name__
    try:
        with recorder.watching():
            output = module(batch)
    except Exception as error:  # noqa: BLE001 - whatever a model raises is explained
        if recorder.found:
            raise UnsupportedLayerError(message(name, recorder.found)) from None
        raise UnsupportedLayerError(
            f"{_place(error, name)}: fails on the example: {_first_line(error)}; check the "
            f"example's shape, (N, channels, rows, columns)"
        ) from None
    if recorder.found:
        raise UnsupportedLayerError(message(name, recorder.found))
    tensor = only_tensor(output)
    try:
        return recorder, _answer(recorder, tensor)
    except Refusal as error:
        raise UnsupportedLayerError(f"the answer {error.why}; {error.remedy}") from None


def _answer(recorder: Recorder, tensor: torch.Tensor) -> _Answer:
    graph = recorder.graph
    ending, unusable = recorder.ending(tensor), recorder.unusable(tensor)
    steps: list[Callable[[torch.Tensor], torch.Tensor]] = []  # from the last to the first
    left_out: tuple[str, ...] = ()
    if unusable is not None:
        raise Refusal(unusable.why, unusable.remedy)
    if ending is not None:
        value, left_out = ending.source, (ending.name,)
        steps.append(ending.finish)
    elif recorder.memory.holds(tensor):
        value = recorder.memory.read(tensor)
    else:
        raise Refusal("does not depend on the image", "return what is computed from it")
    without = _without_rectifier(recorder, value)
    if without is not None:
        steps.append(_rectified(recorder, value))
        value, left_out = without, ("ReLU", *left_out)
    shape = value.shape
    number = graph.node(value.reshaped((*shape, 1)) if len(shape) == 1 else value)
    if number == 0:
        raise Refusal("is the image itself", "expected at least one layer")

    def finish(x: torch.Tensor) -> torch.Tensor:
        x = x.reshape(-1, *shape[1:])
        for step in reversed(steps):
            x = step(x)
        return x

    return _Answer(graph.ann(number), left_out, finish)


def _rectified(recorder: Recorder, value: Value) -> Callable[[torch.Tensor], torch.Tensor]:
    """The last rectifier, on any images' values."""
    form = recorder.graph.forms[int(np.ravel(value.form)[0])]
    scale, shift = float(np.ravel(value.scale)[0]), float(np.ravel(value.shift)[0])

    def step(x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(scale * form(x.double().numpy()) + shift).to(x.dtype)

    return step


def _without_rectifier(recorder: Recorder, value: Value) -> Value | None:
    """What the last rectifier reads, where it is one without steps; it keeps the order of sums."""
    if not isinstance(value.form, int) or value.form == 0:
        return None
    found = rectifier(recorder.graph.forms[value.form])
    if found is None or isinstance(value.scale, np.ndarray) or isinstance(value.shift, np.ndarray):
        return None
    if found.factor * found.scale * value.scale < 0:
        return None
    return Value(value.shape, value.node, value.index)


def _place(error: Exception, model: str) -> str:
    """The last line of the user's own code on the way to ``error``."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not {_TORCH, _OWN} & set(Path(frame.filename).resolve().parents)
        and Path(frame.filename).exists()
    ]
    if not frames:
        return f"forward of {model}"
    last = frames[-1]
    return f"{Path(last.filename).name}:{last.lineno}: `{last.line}`"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines and "Traceback" in lines[0] else (lines or [type(error).__name__])[0]
