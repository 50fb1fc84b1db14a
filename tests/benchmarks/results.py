"""How a benchmark tells what it found: one line, each measure with the anchor that it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure. `most` or `least` is its anchor; without either it is told and held to nothing."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def is_met(self) -> bool:
        above = self.most is not None and self.value > self.most
        return not above and (self.least is None or self.value >= self.least)

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        anchors = [f"at most {_round(self.most)}"] if self.most is not None else []
        anchors += [f"at least {_round(self.least)}"] if self.least is not None else []
        anchor = f" ({', '.join(anchors)}{'' if self.is_met else ': MISSED'})" if anchors else ""
        return f"{self.name} {_round(self.value)}{unit}{anchor}"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"


def print_result(benchmark: str, measures: Sequence[Measure]) -> int:
    """Print the line; returns the exit code: 0 if every anchor is met, else 1."""
    click.echo(f"{benchmark}: {'; '.join(map(str, measures))}")
    return 0 if all(one.is_met for one in measures) else 1
