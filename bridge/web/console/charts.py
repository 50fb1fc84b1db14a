"""Charts drawn on the server: where each column and line of the scale lies in an SVG image. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

WIDTH, HEIGHT = 340, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 4, 8, 22
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
NOTHING = 1e-6  # a span that is too small to be drawn
LINES = 4  # of the scale, at most


@dataclass(frozen=True, slots=True)
class Column:
    """`index` is the place of its value; `series` the place of its series."""

    x: float
    y: float
    width: float
    height: float
    index: int
    series: int


@dataclass(frozen=True, slots=True)
class Level:
    """A line of the scale."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    columns: tuple[Column, ...]
    levels: tuple[Level, ...]
    zero: float


def step_for(span: float, *, whole: bool = False) -> float:
    """A round distance between the lines of the scale."""
    raw = max(span, NOTHING) / LINES
    size = 10.0 ** floor(log10(raw))
    step = next(size * factor for factor in STEPS if size * factor >= raw * 0.999)
    return max(1.0, float(round(step))) if whole else step


def chart(series: Sequence[Sequence[float | None]], *, whole: bool = False) -> Chart:
    """Columns side by side for each place; None leaves a gap. `whole` = only whole numbers make sense."""
    values = [value for one in series for value in one if value is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    if high - low < NOTHING:
        high = low + 1.0
    step = step_for(high - low, whole=whole)
    bottom, top = floor(low / step + 1e-9) * step, -floor(-high / step + 1e-9) * step
    room = HEIGHT - TOP - BOTTOM

    def y(value: float) -> float:
        return round(TOP + room * (top - value) / (top - bottom), 1)

    count = max(len(one) for one in series)
    slot = (WIDTH - LEFT - RIGHT) / count
    width = slot * 0.78 / len(series)
    columns = []
    for place, one in enumerate(series):
        for index, value in enumerate(one):
            if value:
                x = LEFT + index * slot + slot * 0.11 + place * width
                head, foot = min(y(value), y(0)), max(y(value), y(0))
                columns.append(
                    Column(round(x, 1), head, round(width, 1), max(round(foot - head, 1), 1.0), index, place)
                )
    lines = round((top - bottom) / step)
    levels = tuple(Level(y(bottom + step * line), bottom + step * line) for line in range(lines + 1))
    return Chart(tuple(columns), levels, y(0))
