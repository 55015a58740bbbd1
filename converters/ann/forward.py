"""The ANN's answer, in plain NumPy, a few images at a time to bound memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from converters.ann.apply import apply
from converters.ann.graph import INPUT, Ann, refuse_what_is_no_ann
from eventsnn import ConversionError, InputError

__all__ = ["activations", "answers", "classes_of", "forward", "stream"]

#: Images evaluated at once, unless their values would need more than `MEMORY` numbers.
BATCH = 64
MEMORY = 2**26

Array = NDArray[np.floating[Any]]


def forward(ann: Ann, images: ArrayLike, *, dtype: DTypeLike = np.float32) -> Array:
    """The output of ``ann`` for each image, (N, *shape of the output).

    Args:
        ann: the network.
        images: (N, C, H, W), preprocessed.
        dtype: of the computation; float32 or float64.

    Raises:
        InputError: images of another shape, none at all, or not finite.
        ConversionError: ``ann`` is something else.
    """
    refuse_what_is_no_ann(ann)
    return activations(ann, images, (ann.output,), dtype=dtype)[ann.output]


def activations(
    ann: Ann, images: ArrayLike, names: tuple[str, ...], *, dtype: DTypeLike = np.float32
) -> dict[str, Array]:
    """The values of the nodes called ``names``, each (N, *shape), for all images at once.

    Raises:
        InputError: as `forward`, or a name that is not a node.
    """
    chunks = list(stream(ann, images, names, dtype=dtype))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in names}


def stream(
    ann: Ann,
    images: ArrayLike,
    names: tuple[str, ...],
    *,
    dtype: DTypeLike = np.float32,
    batch: int | None = None,
) -> Iterator[dict[str, Array]]:
    """As `activations`, but one dict for each ``batch`` images.

    By default as many as leave all values of the network together below `MEMORY`.

    Raises:
        InputError: as `activations`, before the first batch is computed.
    """
    refuse_what_is_no_ann(ann)
    images = np.asarray(images)
    if images.shape[1:] != ann.input_shape or len(images) == 0:
        raise InputError(
            f"images: expected shape (N, {', '.join(map(str, ann.input_shape))}) with N >= 1, "
            f"found {images.shape}"
        )
    unknown = [name for name in names if name != INPUT and name not in ann.by_name]
    if unknown:
        raise InputError(f"no node {unknown} in the ANN; it has {list(ann.by_name)}")
    if images.dtype.kind not in "fiub":
        raise InputError(f"images: expected numbers, found {images.dtype}")
    bad = images.size - int(np.count_nonzero(np.isfinite(images)))
    if bad:
        raise InputError(f"images: expected finite numbers, found {bad} that are NaN or infinite")
    if batch is None:
        numbers = sum(math.prod(shape) for shape in ann.shapes.values())
        batch = max(1, min(BATCH, MEMORY // numbers))
    return (
        _evaluate(ann, images[start : start + batch].astype(dtype), names)
        for start in range(0, len(images), batch)
    )


def _evaluate(ann: Ann, batch: Array, names: tuple[str, ...]) -> dict[str, Array]:
    """Values of ``names``; every other one is dropped after its last use."""
    needed = ann.ancestors(names)
    values = {INPUT: batch}
    wanted: dict[str, Array] = {}
    uses = {
        name: sum(reader.name in needed for reader in readers)
        for name, readers in ann.consumers.items()
    }
    if INPUT in names:
        wanted[INPUT] = batch
    for node in ann.nodes:
        if node.name not in needed:
            continue
        value = apply(node.op, *(values[name] for name in node.inputs))
        values[node.name] = value
        if node.name in names:
            wanted[node.name] = value
        for name in node.inputs:
            uses[name] -= 1
            if uses[name] == 0:
                del values[name]
    return wanted


def classes_of(ann: Ann) -> int:
    """Number of outputs that are compared.

    Raises:
        ConversionError: the output is an image; one answer per image needs one number per class.
    """
    shape = ann.shapes[ann.output]
    if math.prod(shape) != shape[0]:
        raise ConversionError(
            f"output `{ann.output}` has shape {shape}; the accuracy, in % of the images, needs "
            f"one answer per image, so one number per class: is the pooling or flattening at the "
            f"end missing?"
        )
    return shape[0]


def answers(
    ann: Ann, images: Any, progress: Callable[[int], object] | None = None
) -> NDArray[np.int64]:
    """The class of each image, (N,): the argmax of the outputs, or whether a single one is > 0.

    Args:
        ann: the network.
        images: anything with a length whose slices are images, preprocessed.
        progress: called with the number of images finished since the last call.

    Raises:
        ConversionError: the output is an image.
    """
    outputs = classes_of(ann)
    found = []
    for start in range(0, len(images), BATCH):
        logits = forward(ann, images[start : start + BATCH])
        logits = logits.reshape(len(logits), -1)
        found.append(logits[:, 0] > 0 if outputs == 1 else logits.argmax(axis=1))
        if progress is not None:
            progress(len(logits))
    return np.concatenate(found).astype(np.int64)
