"""Functions of one number, linear between jumps and kinks: what activations are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IDENTITY", "Piecewise", "TooManyPieces"]

Array = NDArray[np.float64]

#: Steps of an unbounded staircase that are followed; a clamp has to cut off the others.
_WINDOW = 1024


class TooManyPieces(Exception):  # noqa: N818 - caught where the operation is refused
    """The function is not piecewise linear, or has too many pieces."""


@dataclass(frozen=True, eq=False)
class Piecewise:
    """``f(z) = slopes[i] z + intercepts[i]`` between ``knots[i - 1]`` and ``knots[i]``.

    Attributes:
        knots: rising, (k,).
        slopes, intercepts: of the pieces, (k + 1,).
        at: the values at the knots themselves, (k,).
        loose: beyond the knots the sloped pieces stand for a staircase without end.
    """

    knots: Array
    slopes: Array
    intercepts: Array
    at: Array
    loose: bool = False

    @property
    def key(self) -> bytes:
        """Equal for equal functions."""
        parts = (self.knots, self.slopes, self.intercepts, self.at)
        return b"|".join(part.tobytes() for part in parts) + bytes([self.loose])

    def __call__(self, z: Array) -> Array:
        """The values at ``z``."""
        piece = np.searchsorted(self.knots, z, side="right")
        values = self.slopes[piece] * z + self.intercepts[piece]
        if self.knots.size:
            last = np.maximum(piece - 1, 0)
            values = np.where(self.knots[last] == z, self.at[last], values)
        return np.asarray(values)

    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        if self.loose:
            return -np.inf, np.inf
        ends = np.concatenate(([-np.inf], self.knots, [np.inf]))
        values = [*self.at]
        for slope, intercept, low, high in zip(
            self.slopes, self.intercepts, ends[:-1], ends[1:], strict=True
        ):
            values += [slope * end + intercept if slope else intercept for end in (low, high)]
        return float(min(values)), float(max(values))

    def affine(self, factor: float, shift: float) -> Piecewise:
        """``factor f + shift``."""
        return Piecewise(
            self.knots,
            self.slopes * factor,
            self.intercepts * factor + shift,
            self.at * factor + shift,
            self.loose,
        )

    def mirrored(self) -> Piecewise:
        """``f(-z)``."""
        return Piecewise(
            -self.knots[::-1],
            -self.slopes[::-1],
            self.intercepts[::-1],
            self.at[::-1],
            self.loose,
        )

    def plus(self, other: Piecewise) -> Piecewise:
        """``f + g``."""
        f, g = _on_common_pieces(self, other)
        return _simple(
            Piecewise(
                f.knots,
                f.slopes + g.slopes,
                f.intercepts + g.intercepts,
                f.at + g.at,
                f.loose or g.loose,
            )
        )

    def times(self, other: Piecewise) -> Piecewise:
        """``f g``, where one of them is constant on every piece.

        Raises:
            TooManyPieces: the product is curved.
        """
        f, g = _on_common_pieces(self, other)
        if np.any((f.slopes != 0) & (g.slopes != 0)):
            raise TooManyPieces
        return _simple(
            Piecewise(
                f.knots,
                f.slopes * g.intercepts + g.slopes * f.intercepts,
                f.intercepts * g.intercepts,
                f.at * g.at,
                f.loose or g.loose,
            )
        )

    def maximum(self, other: Piecewise) -> Piecewise:
        """``max(f, g)``."""
        return _chosen(self, other, np.maximum)

    def minimum(self, other: Piecewise) -> Piecewise:
        """``min(f, g)``."""
        return _chosen(self, other, np.minimum)

    def compared(self, other: Piecewise, relation: Callable[[Array, Array], Any]) -> Piecewise:
        """1 where ``relation(f, g)`` holds, else 0."""
        f, g = _on_common_pieces(self, other, crossings=True)
        middle = _middles(f.knots)
        holds = relation(f.slopes * middle + f.intercepts, g.slopes * middle + g.intercepts)
        zeros = np.zeros_like(f.slopes)
        at = relation(f.at, g.at)
        return _simple(
            Piecewise(f.knots, zeros, holds.astype(float), at.astype(float), f.loose or g.loose)
        )

    def rounded(self, rule: Callable[[Array], Array]) -> Piecewise:
        """``rule(f)``, of `numpy.floor`, `numpy.ceil`, `numpy.round` and `numpy.trunc`.

        Raises:
            TooManyPieces: more steps than are followed.
        """
        offset = 0.5 if rule is np.round else 0.0
        edges = [*self.knots]
        loose = self.loose
        bounds = np.concatenate(([-np.inf], self.knots, [np.inf]))
        for slope, intercept, low, high in zip(
            self.slopes, self.intercepts, bounds[:-1], bounds[1:], strict=True
        ):
            if slope == 0:
                continue
            ends = sorted((slope * low + intercept, slope * high + intercept))
            if not np.isfinite(ends).all():
                loose = True
                centre = next((end for end in ends if np.isfinite(end)), 0.0)
                ends = [max(ends[0], centre - _WINDOW), min(ends[1], centre + _WINDOW)]
            if ends[1] - ends[0] > 2 * _WINDOW:
                raise TooManyPieces
            steps = np.arange(np.ceil(ends[0] - offset), np.floor(ends[1] - offset) + 1) + offset
            edges += [*((steps - intercept) / slope)]
        knots = np.unique(np.asarray(edges, dtype=np.float64))
        inside = knots[(knots > -np.inf) & (knots < np.inf)]
        f = _with_knots(self, inside)
        middle = _middles(inside)
        value = rule(f.slopes * middle + f.intercepts)
        slopes = np.zeros_like(f.slopes)
        intercepts = value.copy()
        for end in (0, -1) if loose else ():
            if f.slopes[end]:  # beyond the window: the line, which is off by a step at most
                slopes[end], intercepts[end] = f.slopes[end], f.intercepts[end]
        # a value that is at a step up to rounding is meant to be there
        step = _nearest(f.at, offset)
        near = np.abs(f.at - step) <= 1e-9 * np.maximum(1, np.abs(step))
        exact = np.where(near, step, f.at)
        return _simple(Piecewise(inside, slopes, intercepts, rule(exact), loose))

    def mapped(self, table: Callable[[Array], Array]) -> Piecewise:
        """``table(f)`` of a staircase.

        Raises:
            TooManyPieces: it has slopes.
        """
        if np.any(self.slopes != 0):
            raise TooManyPieces
        values = np.asarray(table(self.intercepts), dtype=np.float64)
        at = np.asarray(table(self.at), dtype=np.float64)
        return _simple(Piecewise(self.knots, self.slopes, values, at, self.loose))


def constant(value: float) -> Piecewise:
    """The same for every z."""
    none = np.zeros(0)
    return Piecewise(none, np.zeros(1), np.full(1, float(value)), none)


def _nearest(values: Array, offset: float) -> Array:
    return np.asarray(np.round(values - offset) + offset)


def _middles(knots: Array) -> Array:
    """A point inside each piece."""
    if not knots.size:
        return np.zeros(1)
    reach = max(1.0, float(np.abs(knots).max()))
    bounds = np.concatenate(([knots[0] - 2 * reach], knots, [knots[-1] + 2 * reach]))
    return np.asarray((bounds[:-1] + bounds[1:]) / 2)


def _with_knots(f: Piecewise, knots: Array) -> Piecewise:
    """The same function with more knots."""
    piece = np.searchsorted(f.knots, _middles(knots), side="right")
    return Piecewise(knots, f.slopes[piece], f.intercepts[piece], f(knots), f.loose)


def _on_common_pieces(
    f: Piecewise, g: Piecewise, *, crossings: bool = False
) -> tuple[Piecewise, Piecewise]:
    knots = np.union1d(f.knots, g.knots)
    if crossings:
        a, b = _with_knots(f, knots), _with_knots(g, knots)
        slope, gap = a.slopes - b.slopes, b.intercepts - a.intercepts
        low = np.concatenate(([-np.inf], knots))
        high = np.concatenate((knots, [np.inf]))
        with np.errstate(divide="ignore", invalid="ignore"):
            where = gap / slope
        inside = (slope != 0) & (where > low) & (where < high)
        knots = np.union1d(knots, where[inside])
    return _with_knots(f, knots), _with_knots(g, knots)


def _chosen(f: Piecewise, g: Piecewise, choose: Callable[[Array, Array], Array]) -> Piecewise:
    f, g = _on_common_pieces(f, g, crossings=True)
    middle = _middles(f.knots)
    first, second = f.slopes * middle + f.intercepts, g.slopes * middle + g.intercepts
    takes_first = choose(first, second) == first
    return _simple(
        Piecewise(
            f.knots,
            np.where(takes_first, f.slopes, g.slopes),
            np.where(takes_first, f.intercepts, g.intercepts),
            choose(f.at, g.at),
            f.loose or g.loose,
        )
    )


def _simple(f: Piecewise) -> Piecewise:
    """Without knots at which nothing happens."""
    if f.knots.size > 8 * _WINDOW:
        raise TooManyPieces
    steady = (f.slopes[:-1] == f.slopes[1:]) & (f.intercepts[:-1] == f.intercepts[1:])
    steady &= f.at == f.slopes[:-1] * f.knots + f.intercepts[:-1]
    if not steady.any():
        return f
    kept = ~steady
    pieces = np.concatenate(([True], kept))
    return Piecewise(f.knots[kept], f.slopes[pieces], f.intercepts[pieces], f.at[kept], f.loose)


IDENTITY = Piecewise(np.zeros(0), np.ones(1), np.zeros(1), np.zeros(0))
