"""The last word: the ANN and the model answer images that nobody traced."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.forward import forward
from converters.ann.graph import Ann
from converters.intake.pytorch.outputs import only_tensor
from eventsnn import ConversionError

__all__ = ["check_answers"]

#: Largest difference in float64, in parts of the spread of the answers.
_TOLERANCE = 1e-5
#: The same in float32, for models that insist on it.
_COARSE = 1e-3
#: Share of the images that may differ in float32 where rounding decides between levels.
_FEW = 0.25

Array = NDArray[Any]


def check_answers(
    model: torch.nn.Module,
    ann: Ann,
    finish: Callable[[torch.Tensor], torch.Tensor],
    example: torch.Tensor,
    *,
    in_place: Sequence[str],
    other: Callable[[], Ann],
) -> None:
    """Compare answers, on the example and on random images of several sizes.

    In float64, so that where steps decide, rounding does not. Each batch has another number of
    images, and each call gets images of its own.

    Args:
        model: a copy, for inference.
        ann: what it became.
        finish: the last steps that were left out.
        example: the user's images.
        in_place: operations that change values in place.
        other: the ANN of a trace with another batch.

    Raises:
        ConversionError: they differ; says by how much, and what may be the reason.
    """
    model, dtype = _in_float64(model, example)
    for images in _images(example):
        given = images.to(dtype)
        first, second = (_answer(model, given.clone()) for _ in range(2))
        if not np.array_equal(first, second, equal_nan=True):
            raise ConversionError(
                f"{type(model).__name__}: answers the same images differently each time; it draws "
                f"random numbers or keeps something between calls, which a spiking network "
                f"cannot; remove that for inference, e.g. pass training=self.training to F.dropout"
            )
        found = forward(
            ann, given.numpy().reshape(len(given), *ann.input_shape), dtype=_kind(dtype)
        )
        with torch.no_grad():
            answer = finish(torch.from_numpy(found)).numpy()
        worst = _difference(ann, first, answer.reshape(first.shape), dtype)
        if worst is not None:
            raise ConversionError(_explained(type(model).__name__, worst, ann, in_place, other))


def _in_float64(
    model: torch.nn.Module, example: torch.Tensor
) -> tuple[torch.nn.Module, torch.dtype]:
    """The model in float64 where it can compute so."""
    try:
        with warnings.catch_warnings():  # of PyTorch about its own copying
            warnings.simplefilter("ignore")
            model.double()
        _answer(model, example[:1].double())
    except Exception:  # noqa: BLE001 - whatever a model does when its numbers have another type
        return model.float(), torch.float32
    return model, torch.float64


def _answer(model: torch.nn.Module, images: torch.Tensor) -> Array:
    with torch.no_grad():
        return np.array(only_tensor(model(images)).detach().double().numpy())


def _images(example: torch.Tensor) -> Iterator[torch.Tensor]:
    """The example; more like it; larger and negative ones, which reach every ceiling."""
    yield example[:2]
    generator = torch.Generator().manual_seed(1)
    low, high = float(example.min()), float(example.max())
    width = high - low if high > low else max(1.0, abs(high))
    shape = example.shape[1:]
    yield low + width * torch.rand(4, *shape, generator=generator)
    for scale in (1.0, 10.0):
        yield scale * width * torch.randn(2, *shape, generator=generator)


def _difference(ann: Ann, expected: Array, found: Array, dtype: torch.dtype) -> float | None:
    """The largest difference in parts of the spread, where it is too large."""
    if not np.isfinite(expected).all():
        return None if np.array_equal(np.isfinite(expected), np.isfinite(found)) else np.inf
    spread = float(np.abs(expected - expected.mean()).max())
    size = float(np.abs(expected).max())
    allowed = _TOLERANCE if dtype == torch.float64 else _COARSE
    off = np.abs(found - expected).reshape(len(expected), -1).max(axis=1)
    bad = off > allowed * max(spread, 1e-3 * size) + 1e-12
    steps = ann.names_of(ops.Spike) or any(
        relu.levels is not None
        for relu in (ann.by_name[name].op for name in ann.names_of(ops.ReLU))
        if isinstance(relu, ops.ReLU)
    )
    few = dtype != torch.float64 and steps and bad.mean() <= _FEW
    return None if few or not bad.any() else float(off.max() / max(spread, 1e-300))


def _explained(
    name: str, worst: float, ann: Ann, in_place: Sequence[str], other: Callable[[], Ann]
) -> str:
    head = (
        f"{name}: the exported network's answers to images that it was not traced with differ "
        f"from the model's by {worst:.2g} of their spread"
    )
    batch = _depends_on_the_batch(ann, other)
    if batch is not None:
        return (
            f"{head}; `{batch}` has another value for another number of images: use size(0) and "
            f"len(x) for shapes only"
        )
    if in_place:
        return f"{head}; look at what it does in place: {', '.join(dict.fromkeys(in_place))}"
    return f"{head}; does it read values of the image as constants, or branch on them?"


def _depends_on_the_batch(ann: Ann, other: Callable[[], Ann]) -> str | None:
    try:
        again = other()
    except ConversionError:
        return "forward"
    for node in ann.nodes:
        if node.name not in again.by_name or again.by_name[node.name].op != node.op:
            return node.name
    return None


def _kind(dtype: torch.dtype) -> type[np.floating[Any]]:
    return np.float64 if dtype == torch.float64 else np.float32
