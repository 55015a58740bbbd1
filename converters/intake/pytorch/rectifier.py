"""Which functions of one number are the activation of a spiking neuron, and which one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.intake.pytorch.piecewise import Piecewise

__all__ = ["Rectifier", "rectifier"]

#: Differences that rounding makes, in parts of the function's own size.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Rectifier:
    """``f(z) = factor Q(scale z + shift) + offset`` with ``Q`` a `converters.ann.ops.ReLU`.

    Attributes:
        scale, shift: before.
        ceiling: of Q; None without.
        levels: of Q: None for a straight line, a number of equal steps, or rising fractions
            of the ceiling.
        factor, offset: behind.
    """

    scale: float
    shift: float
    ceiling: float | None
    levels: int | tuple[float, ...] | None
    factor: float
    offset: float


def rectifier(f: Piecewise) -> Rectifier | None:
    """What ``f`` is as an activation; None where no rate of a neuron can be it."""
    size = float(np.abs(f.slopes).max())
    sloped = np.flatnonzero(np.abs(f.slopes) > _ROUNDING * size)
    if f.loose and any(piece in sloped for piece in (0, len(f.slopes) - 1)):
        return None
    if len(sloped) == 0:
        return _staircase(f)
    if sloped[-1] - sloped[0] + 1 != len(sloped):
        return None
    return _line(f, int(sloped[0]), int(sloped[-1]))


def _line(f: Piecewise, first: int, last: int) -> Rectifier | None:
    """Constant, then one straight line, then perhaps constant again."""
    slope = float(f.slopes[first])
    reach = max(
        1.0, float(np.abs(f.intercepts).max()), float(np.abs(slope * f.knots).max(initial=0))
    )
    straight = np.allclose(f.slopes[first : last + 1], slope, rtol=_ROUNDING, atol=0)
    even = np.allclose(
        f.intercepts[first : last + 1], f.intercepts[first], rtol=0, atol=_ROUNDING * reach
    )
    if not (straight and even) or _jumps(f, reach):
        return None
    if first > 0:
        low, value = float(f.knots[first - 1]), float(f.intercepts[first - 1])
        ceiling = None if last == len(f.slopes) - 1 else float(f.knots[last]) - low
        if any(abs(f.intercepts[i] - value) > _ROUNDING * reach for i in range(first)):
            return None
        sign = 1.0
    elif last < len(f.slopes) - 1:  # -relu(-x) and its like: the line comes from below
        low, value = float(f.knots[last]), float(f.intercepts[last + 1])
        ceiling, sign = None, -1.0
    else:
        return None
    return Rectifier(sign, -sign * low + 0.0, ceiling, None, sign * slope, value)


def _jumps(f: Piecewise, reach: float) -> bool:
    """Whether the function is not continuous."""
    left = f.slopes[:-1] * f.knots + f.intercepts[:-1]
    right = f.slopes[1:] * f.knots + f.intercepts[1:]
    off = np.maximum(np.abs(left - right), np.abs(left - f.at))
    return bool(np.any(off > _ROUNDING * reach))


def _staircase(f: Piecewise) -> Rectifier | None:
    """Steps up only, or down only."""
    steps = np.diff(f.intercepts)
    span = float(np.abs(steps).sum())
    real = np.abs(steps) > _ROUNDING * span
    if not real.any():
        return None
    if np.all(steps[real] < 0):
        mirrored = _staircase(f.mirrored())
        if mirrored is None:
            return None
        m = mirrored
        return Rectifier(-m.scale, m.shift, m.ceiling, m.levels, m.factor, m.offset)
    if not np.all(steps[real] > 0):
        return None
    values = np.concatenate((f.intercepts[:1], f.intercepts[1:][real]))
    knots, at = f.knots[real], f.at[real]
    # at its very step a value may go either way, unless whole layers of zeros stand there
    if np.any((knots == 0) & (np.abs(at - values[1:]) > _ROUNDING * span)):
        return None
    heights = np.diff(values)
    count, low = len(heights), float(values[0])
    ceiling = float(values[-1]) - low
    middles = (values[:-1] + values[1:]) / 2 - low
    scale = 1.0 if count == 1 else float((middles[-1] - middles[0]) / (knots[-1] - knots[0]))
    shift = float(middles[0] - scale * knots[0])
    if np.any(np.abs(scale * knots + shift - middles) > _ROUNDING * ceiling):
        return None
    if abs(scale - 1) < _ROUNDING:
        scale = 1.0
    if abs(shift) < _ROUNDING * ceiling:
        shift = 0.0
    if np.allclose(heights, ceiling / count, rtol=1e-5, atol=0):
        return Rectifier(scale, shift, ceiling, count, 1.0, low)
    fractions = tuple(float(value) for value in (values[1:] - low) / ceiling)
    return Rectifier(scale, shift, ceiling, fractions, 1.0, low)
