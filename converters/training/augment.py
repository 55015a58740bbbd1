"""What training does to an image, so that no image is seen twice."""

from __future__ import annotations

import torch

__all__ = ["flipped_and_shifted"]


def flipped_and_shifted(images: torch.Tensor, most: int) -> torch.Tensor:
    """Each image mirrored or not, and moved by up to ``most`` pixels each way.

    What moves in from outside is 0. Each image has draws of its own, from PyTorch's global
    generator of the images' device.

    Args:
        images: (N, C, H, W), of any type.
        most: >= 0.
    """
    count, _, height, width = images.shape
    device = images.device
    padded = torch.nn.functional.pad(images, (most, most, most, most))
    down, right = torch.randint(0, 2 * most + 1, (2, count, 1), device=device)
    mirrored = torch.rand(count, 1, device=device) < 0.5
    columns = torch.arange(width, device=device)
    columns = torch.where(mirrored, columns.flip(0), columns) + right
    rows = torch.arange(height, device=device) + down
    every = torch.arange(count, device=device)[:, None, None]
    # one gather for all; its result has the channels last, which convolutions like
    return padded[every, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
