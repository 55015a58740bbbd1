"""Line charts and histograms as inline SVG; colors come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Line", "line_chart", "stacked_histogram", "steps"]

_WIDTH, _HEIGHT = 440, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 22, 12, 44


@dataclass(frozen=True)
class Line:
    """One curve; ``style`` is a class of the style sheet."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    style: str


def steps(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that span low..high, about ``count`` of them."""
    if low == high:
        high = low + 1
    span = high - low
    size = 10.0 ** math.floor(math.log10(span / count))
    unit = next(u for u in (1, 2, 2.5, 5, 10) if span / (u * size) <= count) * size
    first = math.floor(low / unit + 1e-9)
    last = math.ceil(high / unit - 1e-9)
    return [round(n * unit, 12) for n in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**n for n in range(first, max(last, first + 1) + 1)]


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    marks: list[float]
    start: float
    length: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Where a value stands, in pixels."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return self.start + (value - low) / (high - low) * self.length


def _across(low: float, high: float, count: int) -> _Axis:
    """The x axis: from the first value to the last, marked at round numbers between."""
    marks = [mark for mark in steps(low, high, count) if low <= mark <= high]
    return _Axis(low, high, marks, _LEFT, _WIDTH - _LEFT - _RIGHT)


def _up(marks: list[float], *, logarithmic: bool = False) -> _Axis:
    """The y axis: from the first mark to the last."""
    height = _HEIGHT - _TOP - _BOTTOM
    return _Axis(marks[0], marks[-1], marks, _HEIGHT - _BOTTOM, -height, logarithmic)


def line_chart(
    title: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    show: Callable[[float], str],
    level: tuple[float, str] | None = None,
    logarithmic: bool = False,
) -> str:
    """Curves over a common x axis.

    Args:
        title: read aloud by screen readers.
        lines: to draw; none may be empty.
        x_label, y_label: what the axes show.
        show: a value of y as text.
        level: a horizontal line and its name.
        logarithmic: the y axis; values are > 0.
    """
    xs = [value for line in lines for value in line.x]
    ys = [value for line in lines for value in line.y] + ([level[0]] if level else [])
    marks = _decades(min(ys), max(ys)) if logarithmic else steps(min(ys), max(ys))
    x = _across(min(0, *xs), max(xs), 5)
    y = _up(marks, logarithmic=logarithmic)
    parts = [_frame(x, y, x_label, y_label, show)]
    for line in lines:
        points = " ".join(
            f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in zip(line.x, line.y, strict=True)
        )
        parts.append(f'<polyline class="curve {line.style}" points="{points}"/>')
        if len(line.x) == 1:
            parts.append(
                f'<circle class="dot {line.style}" cx="{x.at(line.x[0]):.1f}" '
                f'cy="{y.at(line.y[0]):.1f}" r="3"/>'
            )
    keys = [(line.style, line.label) for line in lines]
    if level is not None:
        height = y.at(level[0])
        parts.append(
            f'<line class="level" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height:.1f}" '
            f'y2="{height:.1f}"/>'
        )
        keys.append(("dashed", level[1]))
    return _picture(title, "".join(parts)) + (_legend(keys) if len(keys) > 1 else "")


def stacked_histogram(
    title: str,
    groups: Sequence[tuple[str, Sequence[float], str]],
    *,
    x_label: str,
    y_label: str,
    show: Callable[[float], str],
    bins: int = 24,
) -> str:
    """Counts of values in equal bins; groups (name, values, style) stand on each other."""
    values = [value for _, group, _ in groups for value in group]
    low, high = min(values), max(values)
    width = (high - low) / bins or 1.0
    heights = [[0] * bins for _ in groups]
    for row, (_, group, _) in zip(heights, groups, strict=True):
        for value in group:
            row[min(int((value - low) / width), bins - 1)] += 1
    tallest = max(map(sum, zip(*heights, strict=True)))
    x = _across(low, low + bins * width, 4)
    y = _up(steps(0, tallest))
    parts = [_frame(x, y, x_label, y_label, lambda n: f"{n:g}", show)]
    for index in range(bins):
        stacked = 0
        left, right = x.at(low + index * width), x.at(low + (index + 1) * width)
        for row, (_, _, style) in zip(heights, groups, strict=True):
            top, bottom = y.at(stacked + row[index]), y.at(stacked)
            stacked += row[index]
            if row[index]:
                parts.append(
                    f'<rect class="bar {style}" x="{left:.1f}" y="{top:.1f}" '
                    f'width="{max(right - left - 1, 0.5):.1f}" height="{bottom - top:.1f}"/>'
                )
    keys = [(style, f"{name} ({len(group)})") for name, group, style in groups]
    return _picture(title, "".join(parts)) + _legend(keys)


def _legend(keys: Sequence[tuple[str, str]]) -> str:
    """Names beside their colors."""
    items = "".join(
        f'<li><span class="key {style}"></span>{escape(name)}</li>' for style, name in keys
    )
    return f'<ul class="legend">{items}</ul>'


def _frame(
    x: _Axis,
    y: _Axis,
    x_label: str,
    y_label: str,
    show: Callable[[float], str],
    show_x: Callable[[float], str] = lambda value: f"{value:g}",
) -> str:
    parts = []
    for value in y.marks:
        height = y.at(value)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height:.1f}" '
            f'y2="{height:.1f}"/><text x="{_LEFT - 6}" y="{height + 4:.1f}" '
            f'text-anchor="end">{escape(show(value))}</text>'
        )
    for value in x.marks:
        place = x.at(value)
        parts.append(
            f'<line class="tick" x1="{place:.1f}" x2="{place:.1f}" y1="{_HEIGHT - _BOTTOM}" '
            f'y2="{_HEIGHT - _BOTTOM + 4}"/><text x="{place:.1f}" y="{_HEIGHT - _BOTTOM + 18}" '
            f'text-anchor="middle">{escape(show_x(value))}</text>'
        )
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}" '
        f'text-anchor="middle">{escape(x_label)}</text>'
        f'<text class="axis" transform="translate(12 {middle}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>'
    )
    return "".join(parts)


def _picture(title: str, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{inside}</svg>"
    )
