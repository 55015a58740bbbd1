"""The memory of a running model: what every tensor holds, whatever views of it are written to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.intake.pytorch.value import Value, constants, joined

__all__ = ["Memory"]


class Memory:
    """Contents of storages, read and written through tensors with their strides.

    A view and its base share a storage, so what is written in place through one of them is
    seen through all others, as in PyTorch.
    """

    def __init__(self) -> None:
        self._contents: dict[int, tuple[Value, int]] = {}  # values and their itemsize
        self._alive: list[Any] = []  # a freed storage's number would be given to another

    def holds(self, tensor: Any) -> bool:
        """Whether anything in the tensor's storage may depend on the image."""
        return _key(tensor) in self._contents

    def read(self, tensor: Any) -> Value:
        """What the tensor holds; constants where nothing else is known."""
        if not self.holds(tensor):
            return constants(tensor.detach().cpu().double().numpy())
        value, itemsize = self._contents[_key(tensor)]
        shape = tuple(tensor.shape)
        if itemsize != tensor.element_size():
            raise TypeError("the bytes of a tensor are read as another type")
        if value.size == tensor.numel() and tensor.is_contiguous():
            return value.reshaped(shape)
        return value.taken(_positions(tensor))

    def write(self, tensor: Any, value: Value) -> None:
        """Put ``value`` where the tensor lies."""
        key, size = _key(tensor), _elements(tensor)
        value = value.broadcast(tuple(tensor.shape))
        if size == tensor.numel() and tensor.is_contiguous():
            content = value.reshaped((size,))
        else:
            if key in self._contents:
                old = self._contents[key][0]
            else:
                flat = tensor.detach().as_strided((size,), (1,), 0)
                old = constants(flat.cpu().double().numpy())
            both = joined([old, value])
            positions = np.arange(size)
            positions[_positions(tensor).ravel()] = size + np.arange(value.size)
            content = both.taken(positions)
        if key not in self._contents:
            self._alive.append(tensor.untyped_storage())
        self._contents[key] = content, tensor.element_size()


def _key(tensor: Any) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - its only identity


def _elements(tensor: Any) -> int:
    return int(tensor.untyped_storage().nbytes()) // int(tensor.element_size())


def _positions(tensor: Any) -> NDArray[np.int64]:
    """Where in its storage each element of the tensor lies."""
    positions = np.full((), tensor.storage_offset(), dtype=np.int64)
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        positions = positions[..., None] + np.arange(size) * stride
    return positions
