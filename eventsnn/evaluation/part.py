"""What some samples contribute to an evaluation, and how it is kept in a file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.counts.counts import Counts, LinkCount, OperationsAfter
from eventsnn.errors import FileFormatError

__all__ = ["Part", "part_from_arrays", "part_to_arrays"]

_OPERATIONS = ("spikes", "delivered", "ac", "mac")


@dataclass(frozen=True)
class Part:
    """Some samples' share of an evaluation.

    Attributes:
        answers: at the end, (samples,).
        outputs: the read-out at the end, (samples, classes).
        synops: of each sample, (samples,).
        correct, agreeing: answers equal to the label and to the ANN's answer, summed over
            samples, after each of `reported_ticks`; zeros where there are none.
        ann_answers: of the ANN, (samples,); None where there is none.
        exits: positions in `reported_ticks`, (samples, confidences).
        exit_answers: there, (samples, confidences).
        counts, after, exit_operations: summed over samples, see `Evaluation`.
    """

    answers: NDArray[np.int64]
    outputs: NDArray[np.float64]
    synops: NDArray[np.int64]
    correct: NDArray[np.int64]
    agreeing: NDArray[np.int64]
    ann_answers: NDArray[np.int64] | None
    exits: NDArray[np.int64]
    exit_answers: NDArray[np.int64]
    counts: Counts
    after: OperationsAfter
    exit_operations: OperationsAfter


def part_to_arrays(part: Part) -> dict[str, NDArray[Any]]:
    """All of a part as plain arrays."""
    arrays: dict[str, NDArray[Any]] = {
        field.name: getattr(part, field.name)
        for field in dataclasses.fields(part)
        if isinstance(getattr(part, field.name), np.ndarray)
    }
    for name in ("after", "exit_operations"):
        operations: OperationsAfter = getattr(part, name)
        arrays[f"{name}.ticks"] = np.array(operations.ticks, dtype=np.int64)
        for field in _OPERATIONS:
            arrays[f"{name}.{field}"] = getattr(operations, field)
    text = json.dumps(dataclasses.asdict(part.counts))
    return arrays | {"counts": np.frombuffer(text.encode(), np.uint8)}


def part_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Part:
    """What `part_to_arrays` made.

    Raises:
        FileFormatError: something is missing or of another kind.
    """
    try:
        found = json.loads(arrays["counts"].tobytes())
        links = tuple(LinkCount(**link) for link in found.pop("links"))
        after, exit_operations = (
            OperationsAfter(
                ticks=tuple(arrays[f"{name}.ticks"].tolist()),
                **{field: arrays[f"{name}.{field}"] for field in _OPERATIONS},
            )
            for name in ("after", "exit_operations")
        )
        return Part(
            **{
                field.name: arrays[field.name]
                for field in dataclasses.fields(Part)
                if field.name not in {"counts", "after", "exit_operations", "ann_answers"}
            },
            ann_answers=arrays.get("ann_answers"),
            counts=Counts(**found, links=links),
            after=after,
            exit_operations=exit_operations,
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"not a part of an evaluation ({error!r})") from error
