"""A style of writing models: a small network, and what becomes of it."""

from __future__ import annotations

from torch import nn

IMAGE = (3, 16, 16)


class Style:
    """A model, the shape of its images, and ``refused``: what its refusal says, or None."""

    def __init__(self, make, shape=IMAGE, refused=None):
        self.make, self.shape, self.refused = make, shape, refused


STYLES: dict[str, Style] = {}


def style(name, shape=IMAGE, refused=None):
    def register(make):
        assert name not in STYLES
        STYLES[name] = Style(make, shape, refused)
        return make

    return register


class Of(nn.Module):
    """A model whose forward is a function of itself and the image."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def conv(before, after, kernel=3, **more):
    return nn.Conv2d(before, after, kernel, **{"padding": kernel // 2} | more)


def small(function, channels=8, pixels=256, **parts):
    """conv - function - linear; the function gets (model, image of ``channels``)."""
    body = Of(function, **parts)
    head = nn.Linear(pixels, 5)
    return nn.Sequential(conv(3, channels), body, nn.Flatten(), head)
