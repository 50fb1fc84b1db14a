"""Days are summed as they were, and charts show them to scale."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.order.model import Money
from bridge.store.order_search import PlacedOrder
from bridge.web.console.charts import BOTTOM, HEIGHT, LEFT, LINES, RIGHT, TOP, WIDTH, chart, step_for
from bridge.web.console.daily_stats import (
    Figures,
    by_day,
)

LAST = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def placed(
    ago: timedelta = timedelta(0),
    hours: float | None = None,
    cost: Money | None = None,
    revenue: Money | None = None,
) -> PlacedOrder:
    at = NOON - ago
    return PlacedOrder(at, at + timedelta(hours=hours) if hours is not None else None, cost, revenue)


def summed(*orders: PlacedOrder, days: int = 3, zone: str = "UTC") -> Figures:
    return by_day(orders, LAST, days, "EUR", lambda at: at.astimezone(ZoneInfo(zone)).date())


def test_every_day_is_there_and_orders_lie_on_theirs() -> None:
    found = summed(placed(), placed(timedelta(days=1)), placed(timedelta(days=1)), placed(timedelta(days=9)))
    assert [(day.day.day, day.orders) for day in found.days] == [(23, 0), (24, 2), (25, 1)]
    assert found.orders == 3


def test_a_day_is_the_readers_day() -> None:
    late = placed(timedelta(hours=-11.5))  # 23:30 in UTC
    assert [day.orders for day in summed(late).days] == [0, 0, 1]
    assert summed(late, zone="Asia/Tokyo").orders == 0


def test_the_time_to_ship_is_the_median_of_what_has_shipped() -> None:
    found = summed(placed(hours=1), placed(hours=2), placed(hours=99), placed(), placed(hours=-3))
    assert found.days[-1].time_to_ship == timedelta(hours=2)
    assert summed(placed()).time_to_ship is None


def test_a_margin_counts_orders_whose_cost_and_revenue_are_in_one_currency() -> None:
    found = summed(
        placed(cost=euro("10"), revenue=euro("25")),
        placed(cost=euro("4"), revenue=Money(Decimal(9), "USD")),
        placed(cost=euro("3")),
        placed(cost=Money(Decimal(7), "USD"), revenue=Money(Decimal(9), "USD")),
        placed(revenue=euro("100")),
    )
    assert (found.cost, found.margin, found.share) == (Decimal(17), Decimal(15), Decimal("0.6"))
    assert found.uncounted == 2


def test_without_revenue_there_is_no_share() -> None:
    assert summed(placed(cost=euro("3"))).share is None


@pytest.mark.parametrize(
    ("span", "whole", "step"),
    [
        (100, False, 25),
        (4, False, 1),
        (0.4, False, 0.1),
        (3, True, 1),
        (1, True, 1),
        (9, True, 2),
        (1000, True, 250),
    ],
)
def test_a_scale_has_round_steps(span: float, whole: bool, step: float) -> None:
    assert step_for(span, whole=whole) == pytest.approx(step)


values = st.lists(
    st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False), st.integers(0, 500).map(float)),
    min_size=1,
    max_size=40,
)


@given(values, values)
def test_no_column_leaves_the_image_and_all_are_to_scale(
    first: list[float | None], second: list[float | None]
) -> None:
    drawn = chart([first, second])
    for column in drawn.columns:
        assert LEFT <= column.x <= column.x + column.width <= WIDTH - RIGHT + 0.2
        assert TOP - 0.1 <= column.y <= column.y + column.height <= HEIGHT - BOTTOM + 1.1
        value = (first, second)[column.series][column.index]
        assert value
        edge = column.y if value > 0 else column.y + column.height
        assert (edge <= drawn.zero + 1.1) if value > 0 else (edge >= drawn.zero - 1.1)
    assert 2 <= len(drawn.levels) <= LINES + 3
    assert all(lower.y > upper.y for lower, upper in pairwise(drawn.levels))


def test_nothing_at_all_is_an_empty_chart() -> None:
    drawn = chart([[0.0, None, 0.0]])
    assert drawn.columns == ()
    assert drawn.levels[0].value == 0
