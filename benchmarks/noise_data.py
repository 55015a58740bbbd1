"""MNIST and CIFAR-10 as the networks of `train_noise` take them.

Reads the folder named by ``EVENTSNN_DATA``: ``mnist/`` with the four IDX files,
``cifar10_train_{1..5}of5.npz`` and ``cifar10_test_958.npz`` (958 of the official test images).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from eventsnn.datasets import DataSet, load_data

__all__ = ["PREPROCESSING", "test_data", "training_data", "training_images"]

#: (mean, standard deviation) per channel, of pixels / 255.
PREPROCESSING = {
    "mnist": ((0.0,), (1.0,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)),
}


def training_data(data_set: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All training images (N, C, H, W) as pixels, and their labels."""
    if data_set == "mnist":
        return _pixels(load_data(_folder() / "mnist" / "train-images-idx3-ubyte.gz"))
    parts = [_pixels(load_data(_folder() / f"cifar10_train_{k}of5.npz")) for k in range(1, 6)]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def test_data(data_set: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All test images that are there: 10,000 of MNIST, 958 of CIFAR-10."""
    name = {"mnist": "mnist/t10k-images-idx3-ubyte.gz", "cifar10": "cifar10_test_958.npz"}
    return _pixels(load_data(_folder() / name[data_set]))


def training_images(data_set: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The first ``count`` of `training_data`, for PyTorch."""
    images, labels = training_data(data_set)
    return torch.tensor(images[:count]), torch.tensor(labels[:count])


def _folder() -> Path:
    return Path(os.environ["EVENTSNN_DATA"])


def _pixels(data: DataSet) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    x = np.asarray(data.images()[:])
    assert data.y is not None
    return (x[:, None] if x.ndim == 3 else x), data.y
