"""N-MNIST: a folder of ``.bin`` recordings and ``labels.csv``."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from eventsnn.datasets.dataset import DataSet
from eventsnn.datasets.recordings import EVENT_BYTES, EventRecordings, read_recording
from eventsnn.errors import DataError

__all__ = ["read_event_folder"]


def read_event_folder(folder: Path) -> DataSet:
    """All ``.bin`` recordings of a folder, in the order of ``labels.csv``.

    ``labels.csv`` has the columns ``file`` and ``label``. Without it there are no labels
    and the order is that of the names, shorter ones first.

    Raises:
        DataError: no recordings, a truncated one, or one without a label.
    """
    files = {path.name: path for path in folder.glob("*.bin")}
    if not files:
        raise DataError(f"{folder}: a folder without event recordings; expected N-MNIST .bin files")
    for path in files.values():
        if path.stat().st_size % EVENT_BYTES:
            read_recording(path)  # tells what is wrong with it
    labels = folder / "labels.csv"
    if not labels.is_file():
        ordered = sorted(files.values(), key=lambda path: (len(path.name), path.name))
        return DataSet(EventRecordings(tuple(ordered)), None, folder.name)
    classes = _read_labels(labels)
    unknown, missing = sorted(files.keys() - classes), sorted(classes.keys() - files)
    if unknown or missing:
        what = f"no label for {unknown[0]}" if unknown else f"{missing[0]} is not in the folder"
        raise DataError(f"{labels}: {what}; expected each .bin file of the folder exactly once")
    paths = tuple(files[name] for name in classes)
    return DataSet(EventRecordings(paths), np.array(list(classes.values())), folder.name)


def _read_labels(path: Path) -> dict[str, int]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        classes = {row["file"]: int(row["label"]) for row in rows}
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: expected the columns file,label with integer labels ({error!r})"
        ) from error
    if len(classes) != len(rows):
        raise DataError(f"{path}: a file is listed twice; expected each .bin file exactly once")
    return classes
