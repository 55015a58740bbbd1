"""CIFAR-10 with fewer pixels, as the very deep networks of ``trained/`` see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)


def small_images(x: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """``(mean of k x k pixels / 255 - MEAN) / STD``, (N, 3, size, size)."""
    k = x.shape[-1] // size
    means = x.reshape(len(x), 3, size, k, size, k).mean((3, 5), dtype=np.float32)
    return (means / 255 - MEAN) / STD


def read(path: Path, size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    with np.load(path) as stored:
        return small_images(stored["x"], size), stored["y"].astype(np.int64)
