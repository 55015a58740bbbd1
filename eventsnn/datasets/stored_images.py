"""Images that stay on disk until they are indexed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.base import Shape
from eventsnn.errors import DataError, FileFormatError
from eventsnn.files.hdf5 import checked, member, open_to_read

__all__ = ["StoredImages"]


@dataclass(frozen=True)
class StoredImages:
    """The first ``shape[0]`` images of the dataset ``x`` of an HDF5 file.

    The file is opened for each access, so these can be sent to other processes.
    """

    path: Path
    shape: Shape
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Read a slice, or increasing indices.

        Raises:
            DataError: the file is damaged there.
        """
        if isinstance(key, slice):
            first, stop, step = key.indices(len(self))
            key = slice(first, max(first, stop), step)
        try:
            with open_to_read(self.path) as file:
                return np.asarray(checked(member(file, "x"))[key])
        except FileFormatError as error:
            raise DataError(str(error)) from error
        except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{self.path}: cannot read images {key}: {error}") from error

    def head(self, count: int) -> StoredImages:
        """The first ``count`` of these."""
        return replace(self, shape=(min(count, len(self)), *self.shape[1:]))
