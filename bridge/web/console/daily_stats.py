"""Orders, time to ship, cost and margin, day by day. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from bridge.store.order_search import PlacedOrder


@dataclass(slots=True)
class Day:
    """What was bought on one day. `cost` and `margin` are in the currency of Sculpteo's bill, without its
    shipping; the margin counts orders whose revenue is in that currency too. `time_to_ship` is the median of
    the orders that have shipped."""

    day: date
    orders: int = 0
    cost: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    revenue: Decimal = Decimal(0)  # of the orders that count for the margin
    spans: list[timedelta] = field(default_factory=list)
    time_to_ship: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that a page may ask is worked out once: there may be a thousand orders a day."""

    days: Sequence[Day]
    uncounted: int  # orders whose cost is not known, or in another currency
    time_to_ship: timedelta | None

    @property
    def orders(self) -> int:
        return sum(day.orders for day in self.days)

    @property
    def cost(self) -> Decimal:
        return sum((day.cost for day in self.days), Decimal(0))

    @property
    def margin(self) -> Decimal:
        return sum((day.margin for day in self.days), Decimal(0))

    @property
    def share(self) -> Decimal | None:
        """The margin as a part of the revenue."""
        revenue = sum((day.revenue for day in self.days), Decimal(0))
        return self.margin / revenue if revenue else None


def median_of(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def by_day(
    placed: Iterable[PlacedOrder], last: date, count: int, currency: str, day_of: Callable[[datetime], date]
) -> Figures:
    """The `count` days up to `last`, as `day_of` tells the reader's days."""
    days = {day: Day(day) for day in (last - timedelta(days=back) for back in range(count - 1, -1, -1))}
    uncounted = 0
    for order in placed:
        day = days.get(day_of(order.placed_at))
        if day is None:
            continue
        day.orders += 1
        if order.shipped_at is not None and order.shipped_at >= order.placed_at:
            day.spans.append(order.shipped_at - order.placed_at)
        if order.cost is None or order.cost.currency != currency:
            uncounted += 1
            continue
        day.cost += order.cost.amount
        if order.revenue is not None and order.revenue.currency == currency:
            day.revenue += order.revenue.amount
            day.margin += order.revenue.amount - order.cost.amount
    for day in days.values():
        day.time_to_ship = median_of(day.spans)
    every = [span for day in days.values() for span in day.spans]
    return Figures(tuple(days.values()), uncounted, median_of(every))
