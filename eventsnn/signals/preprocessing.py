"""Raw images -> what the network was trained on: ``(x / scale - mean) / std``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eventsnn.description.base import Shape
from eventsnn.errors import DataError

__all__ = ["ImageArray", "PreprocessedImages", "Preprocessing", "default_scale"]

#: Images examined at a time where the whole array would be too much.
_CHUNK = 1024


class ImageArray(Protocol):
    """Raw images: a NumPy array, or anything that slices like one along its first axis."""

    @property
    def shape(self) -> Shape:
        """(N, C, H, W), (N, H, W) or (N, D)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True)
class Preprocessing:
    """``(x / scale - mean) / std`` in float32, with mean and std per channel.

    Args:
        scale: > 0; 255 for bytes that stand for 0..1, see `default_scale`.
        mean, std: one value for all channels or one per channel, after the scale; std > 0.

    Raises:
        DataError: a value that is not finite, or a scale or std that is not positive.
    """

    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _finite([self.scale], "scale")[0])
        object.__setattr__(self, "mean", _finite(self.mean, "mean"))
        object.__setattr__(self, "std", _finite(self.std, "std"))
        if self.scale <= 0:
            raise DataError(f"preprocessing: scale divides, expected > 0, found {self.scale:g}")
        if min(self.std) <= 0:
            raise DataError(
                f"preprocessing: std divides, expected values > 0, found {min(self.std):g}"
            )

    def apply(self, x: ImageArray, shape: Shape) -> NDArray[np.float32]:
        """Images as float32 (N, *shape), for a network whose input has ``shape``.

        Args:
            x: (N, C, H, W), (N, D), or (N, H, W) where ``shape`` has one channel.
            shape: (C, H, W) or (D,).

        Raises:
            DataError: the images do not fit ``shape`` or have NaN or infinite pixels; mean
                or std do not fit the channels.
        """
        return PreprocessedImages(x, self, shape)[:]


@dataclass(frozen=True, eq=False)
class PreprocessedImages:
    """Images preprocessed where they are sliced, so a data set never lies in memory as floats.

    ``images[i:j]`` is `Preprocessing.apply` of ``x[i:j]``, ``images[i]`` one image.

    Args:
        x, shape: as in `Preprocessing.apply`, which tells the errors.
        preprocessing: what is done to a slice.
    """

    x: ImageArray
    preprocessing: Preprocessing
    shape: Shape

    def __post_init__(self) -> None:
        _check_layout(self.x, self.shape)
        _check_finite(self.x)
        for what in ("mean", "std"):
            found = len(getattr(self.preprocessing, what))
            if found not in {1, self.shape[0]}:
                raise DataError(
                    f"preprocessing: {what} has {found} values, expected 1 or {self.shape[0]}, "
                    f"one per channel of {self.shape}"
                )

    def __len__(self) -> int:
        return len(self.x)

    @overload
    def __getitem__(self, key: slice) -> NDArray[np.float32]: ...
    @overload
    def __getitem__(self, key: int) -> NDArray[np.float32]: ...
    def __getitem__(self, key: slice | int) -> NDArray[np.float32]:
        if not isinstance(key, slice):
            at = range(len(self))[key]
            one: NDArray[np.float32] = self[at : at + 1][0]
            return one
        pixels = np.array(self.x[key], dtype=np.float32)
        pixels = pixels.reshape(len(pixels), *self.shape)
        per_channel = (-1,) + (1,) * (len(self.shape) - 1)
        pixels /= np.float32(self.preprocessing.scale)
        pixels -= np.array(self.preprocessing.mean, dtype=np.float32).reshape(per_channel)
        pixels /= np.array(self.preprocessing.std, dtype=np.float32).reshape(per_channel)
        return pixels


def default_scale(dtype: DTypeLike) -> float:
    """255 for uint8, 1 for floats and bools.

    Raises:
        DataError: other integers, whose range nobody can guess.
    """
    kind = np.dtype(dtype)
    if kind == np.uint8:
        return 255.0
    if kind.kind in "fb":
        return 1.0
    raise DataError(
        f"images of type {kind} have no default scale; give it (--scale 255 for pixels 0..255)"
    )


def _finite(values: Iterable[float], what: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise DataError(f"preprocessing: {what} {values!r} is no list of numbers") from error
    if not numbers or not all(map(math.isfinite, numbers)):
        raise DataError(f"preprocessing: {what} must be finite numbers, found {list(numbers)}")
    return numbers


def _check_layout(x: ImageArray, shape: Shape) -> None:
    found = tuple(x.shape)
    one = found[1:]
    if x.dtype.kind not in "biuf":
        raise DataError(f"images: expected real numbers, found type {x.dtype}")
    if one == shape or (len(shape) == 3 and shape[0] == 1 and one == shape[1:]):
        return
    expected = f"expected (N, {', '.join(map(str, shape))})"
    if len(one) == 3 and len(shape) == 3 and one == (*shape[1:], shape[0]):
        raise DataError(
            f"images: {expected}, found {found}, which looks like NHWC; use x.transpose(0, 3, 1, 2)"
        )
    remedy = "use the data that the network was trained on"
    if math.prod(one) == math.prod(shape):
        remedy = f"the sizes agree, so x.reshape({', '.join(map(str, (-1, *shape)))}) may do"
    raise DataError(f"images: {expected}, found {found}; {remedy}")


def _check_finite(x: ImageArray) -> None:
    if x.dtype.kind != "f":
        return
    for first in range(0, len(x), _CHUNK):
        bad = np.argwhere(~np.isfinite(x[first : first + _CHUNK]))
        if bad.size:
            raise DataError(
                f"images: image {first + int(bad[0, 0])} has a pixel that is NaN or infinite; "
                f"expected finite pixels"
            )
