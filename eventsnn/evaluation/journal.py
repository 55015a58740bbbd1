"""An evaluation on disk: each finished chunk in a file of its own, so that nothing is lost.

A journal is a folder with ``journal.json``, which says what was evaluated, and a file for each
finished chunk, ``00000008.npz`` for the one whose first sample is number 8. Every file is
written whole or not at all. A file that is damaged, or of another evaluation, counts for nothing
and is written again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.errors import FileFormatError, JournalError
from eventsnn.evaluation.part import Part, part_from_arrays, part_to_arrays
from eventsnn.files.npz import read_npz, write_npz
from eventsnn.files.whole_file import write_whole
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes

__all__ = ["Identity", "Journal", "data_digest"]

_FORMAT = "eventsnn journal 1"
_LARGEST_HEADER = 2**20


@dataclass(frozen=True)
class Identity:
    """What an evaluation is of: two with the same identity have the same answers and counts.

    Attributes:
        network: `eventsnn.hdf5.network_digest`.
        data: `data_digest` of the samples, as the network sees them.
        labels: digest of the labels; empty without any.
        ann: what the answers are compared with; empty for nothing.
        samples, ticks, seed, precision, confidences: see `eventsnn.evaluate`.
        chunk: samples in a file.
        version: of eventsnn.
    """

    network: str
    data: str
    labels: str
    ann: str
    samples: int
    ticks: int
    seed: int
    precision: str
    confidences: tuple[float, ...]
    chunk: int
    version: str

    def digest(self) -> str:
        """SHA-256 of all of these."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class Journal:
    """The journal of one evaluation.

    Args:
        folder: of the journal; made if it is missing.
        identity: of the evaluation.

    Raises:
        JournalError: the folder holds the journal of another evaluation, or something else.
        OSError: it cannot be read or written.
    """

    def __init__(self, folder: str | os.PathLike[str], identity: Identity) -> None:
        self.folder = Path(folder)
        self._digest = identity.digest()
        head = self.folder / "journal.json"
        wanted = {"format": _FORMAT, **json.loads(json.dumps(asdict(identity)))}
        if head.exists():
            _compare(self.folder, _header(head), wanted)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if any(self.folder.glob("[!.]*")):
            raise JournalError(
                f"{self.folder}: holds files, but no journal; name a folder that is empty or "
                f"missing"
            )
        write_whole(head, f"{json.dumps(wanted, indent=2)}\n".encode())

    def read(self, samples: range) -> Part | None:
        """The part of a chunk; None where it is missing, damaged or of something else.

        Raises:
            OSError: the file is there and cannot be opened.
        """
        path = self._path(samples)
        try:
            arrays = read_npz(path)
            stored = arrays.pop("identity").tobytes().decode(), *arrays.pop("samples").tolist()
            part = part_from_arrays(arrays)
        except FileNotFoundError:
            return None
        except (FileFormatError, LookupError, ValueError):
            return None
        whole = stored == (self._digest, samples.start, samples.stop)
        return part if whole and len(part.answers) == len(samples) else None

    def keep(self, samples: range, part: Part) -> None:
        """Keep the part of a chunk.

        Raises:
            OSError: it cannot be written; what was kept before is whole.
        """
        arrays = part_to_arrays(part)
        arrays["identity"] = np.frombuffer(self._digest.encode(), np.uint8)
        arrays["samples"] = np.array([samples.start, samples.stop], dtype=np.int64)
        try:
            write_npz(self._path(samples), arrays)
        except OSError as error:
            reason = (
                f"{error.strerror}; the journal has all that was finished before, and the same "
                f"command goes on from there"
            )
            raise OSError(error.errno, reason, error.filename) from error

    def tidy(self) -> None:
        """Remove what processes that were killed left half written.

        Nobody else may be writing to the folder.
        """
        for partial in self.folder.glob(".*.partial"):
            partial.unlink(missing_ok=True)

    def _path(self, samples: range) -> Path:
        return self.folder / f"{samples.start:08d}.npz"


def _header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_HEADER + 1)
        found = json.loads(text) if len(text) <= _LARGEST_HEADER else None
    except (ValueError, RecursionError) as error:
        raise JournalError(f"{path}: damaged ({error}); remove the folder to begin anew") from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise JournalError(f"{path}: no journal of this eventsnn; name another folder")
    return found


def _compare(folder: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    different = [
        f"{name} (there {_short(found.get(name))}, now {_short(value)})"
        for name, value in wanted.items()
        if found.get(name) != value
    ]
    if different:
        raise JournalError(
            f"{folder}: is the journal of another evaluation, with another {', '.join(different)}; "
            f"name another folder, or repeat that evaluation"
        )


def _short(value: Any) -> str:
    text = str(value) or "none"
    return text if len(text) <= 24 else f"{text[:12]}..."


def data_digest(values: Any, step: int = 256) -> str:
    """SHA-256 of samples: arrays, or anything that is sliced into arrays or events.

    Args:
        values: an array, lazily read images, or recordings.
        step: samples at a time.
    """
    digest = hashlib.sha256(f"{len(values)}".encode())
    for first in range(0, len(values), step):
        piece = values[first : first + step]
        if isinstance(piece, Sequence):
            for sample in piece:
                _feed_sample(digest, sample)
        else:
            _feed(digest, np.asarray(piece))
    return digest.hexdigest()


def _feed_sample(digest: Any, sample: Spikes | Currents | NDArray[Any]) -> None:
    match sample:
        case Spikes():
            digest.update(f"spikes {sample.shape}".encode())
            for values in (sample.tick, sample.index, sample.amplitude):
                _feed(digest, values)
        case Currents():
            digest.update(b"currents")
            _feed(digest, np.asarray(sample.start))
            _feed(digest, sample.values)
        case _:
            _feed(digest, np.asarray(sample))


def _feed(digest: Any, values: NDArray[Any]) -> None:
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    digest.update(f"{little.dtype.str} {little.shape}".encode())
    digest.update(little.tobytes())
