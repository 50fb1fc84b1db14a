"""The charts of Today with their words: names, scales, and what each column says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bridge.i18n.formatter import Formatter
from bridge.order.model import Money
from bridge.web.console.background_cache import SUMS
from bridge.web.console.charts import Chart, Column, chart
from bridge.web.console.daily_stats import (
    Day,
    Figures,
    by_day,
)
from bridge.web.console.request_context import Visit

DAYS = 30
PATIENCE = 0.3  # seconds that the first page waits for the figures; an open page gets them later
A_DAY = timedelta(days=1)
UNITS = (
    ("day", A_DAY),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart in the reader's words. `total` is what it comes to, `legend` names its series."""

    name: str
    total: str
    chart: Chart
    scale: tuple[tuple[float, str], ...]  # (y, label)
    columns: tuple[tuple[Column, str], ...]  # (place, what it says)
    legend: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Album:
    figures: Figures
    pictures: tuple[Picture, ...]
    rows: tuple[tuple[str, ...], ...]  # the same as a table, the newest day first


async def album(visit: Visit) -> Album | None:
    """None while the figures are being summed for the first time."""
    figures = await figures_of(visit)
    if figures is None:
        return None
    reader, money = visit.reader, _Money(visit.reader, visit.world.policy.currency)
    pictures = (_orders(visit, figures), _shipping(visit, figures), _cost(visit, figures, money))
    rows = tuple(_row(reader, day, money) for day in reversed(figures.days) if day.orders)
    return Album(figures, pictures, rows)


async def figures_of(visit: Visit, patience: float = PATIENCE) -> Figures | None:
    """The figures, waited for so many seconds while they are summed for the first time; None = they are not yet."""
    policy, reader, desk = visit.world.policy, visit.reader, visit.store.desk
    midnight = visit.now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = reader.to_local_day(visit.now)

    async def ask() -> Figures:
        placed = await desk.list_placed_since(midnight - A_DAY * DAYS, policy.mode)
        return await asyncio.to_thread(by_day, placed, last, DAYS, policy.currency, reader.to_local_day)

    question = (policy.mode, policy.currency, last.isoformat(), str(reader.zone))
    return await visit.request.app[SUMS].get(question, ask, patience=patience)


@dataclass(frozen=True, slots=True)
class _Money:
    reader: Formatter
    currency: str

    def __call__(self, amount: Decimal) -> str:
        return self.reader.format_money(Money(amount, self.currency))

    def short(self, amount: float) -> str:
        return self.reader.format_short_money(amount, self.currency)


def _picture(
    visit: Visit,
    figures: Figures,
    name: str,
    total: str,
    drawn: Chart,
    label: Callable[[float], str],
    says: Callable[[Day, int], str],
    legend: tuple[str, ...] = (),
) -> Picture:
    scale = tuple((level.y, label(level.value)) for level in drawn.levels)
    days, short = figures.days, visit.reader.format_short_day
    columns = tuple(
        (column, f"{short(days[column.index].day)}: {says(days[column.index], column.series)}")
        for column in drawn.columns
    )
    return Picture(name, total, drawn, scale, columns, legend)


def _orders(visit: Visit, figures: Figures) -> Picture:
    reader = visit.reader

    def says(day: Day, series: int) -> str:
        return reader.format_number(day.orders)

    drawn = chart([[float(day.orders) for day in figures.days]], whole=True)
    total = reader.format_number(figures.orders)
    label = lambda value: reader.format_number(Decimal(value).quantize(Decimal(1)))  # noqa: E731
    return _picture(visit, figures, visit.t("Orders placed"), total, drawn, label, says)


def _shipping(visit: Visit, figures: Figures) -> Picture:
    reader = visit.reader
    times = [day.time_to_ship for day in figures.days]
    longest = max((time for time in times if time is not None), default=A_DAY)
    name, unit = next((name, unit) for name, unit in UNITS if longest >= 2 * unit or name == "second")

    def says(day: Day, series: int) -> str:
        return reader.format_span(day.time_to_ship or timedelta(0))

    drawn = chart([[time / unit if time is not None else None for time in times]])
    total = reader.format_span(figures.time_to_ship) if figures.time_to_ship is not None else "–"
    label = lambda value: reader.format_short_span(value, name)  # noqa: E731
    return _picture(visit, figures, visit.t("Time to ship (median)"), total, drawn, label, says)


def _cost(visit: Visit, figures: Figures, money: _Money) -> Picture:
    def says(day: Day, series: int) -> str:
        return money(day.margin if series else day.cost)

    drawn = chart([[float(day.cost) for day in figures.days], [float(day.margin) for day in figures.days]])
    legend = (
        visit.t("Cost: {cost}", cost=money(figures.cost)),
        visit.t("Margin: {margin}", margin=money(figures.margin)),
    )
    share = visit.reader.format_percent(figures.share) if figures.share is not None else "–"
    total = visit.t("{share} margin", share=share)
    return _picture(visit, figures, visit.t("Cost and margin"), total, drawn, money.short, says, legend)


def _row(reader: Formatter, day: Day, money: _Money) -> tuple[str, ...]:
    time = reader.format_span(day.time_to_ship) if day.time_to_ship is not None else "–"
    return (
        reader.format_short_day(day.day),
        reader.format_number(day.orders),
        time,
        money(day.cost),
        money(day.margin),
    )


def heads(visit: Visit) -> Sequence[str]:
    """The columns of the table."""
    return (visit.t("Day"), visit.t("Orders"), visit.t("Time to ship"), visit.t("Cost"), visit.t("Margin"))
