"""The sums of a report: no currency meets another, and what is not known is not counted as nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.cli._report_totals import (
    ReportLine,
    sum_by_group,
)
from bridge.order.model import Money
from bridge.store.reports import BoughtOrder, SkuShare

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def money(text: str | None) -> Money | None:
    if text is None:
        return None
    amount, currency = text.split()
    return Money(Decimal(amount), currency)


def bought(revenue: str | None, cost: str | None, day: int = 0, **more: Any) -> BoughtOrder:
    placed = NOON + timedelta(days=day)
    shares = more.pop("shares", (SkuShare("RING", 2, money(revenue)),))
    took = more.pop("took", None)
    return BoughtOrder(
        shop=more.pop("shop", "acme"), placed_at=placed, cost=money(cost), revenue=money(revenue), shares=shares,
        shipped_at=placed + timedelta(days=took) if took is not None else None,
    )  # fmt: skip


def only(lines: list[ReportLine]) -> ReportLine:
    (line,) = lines
    return line


def test_revenue_cost_and_margin_are_summed_by_day() -> None:
    lines = sum_by_group(
        [bought("30 EUR", "10 EUR"), bought("10 EUR", "5 EUR"), bought("8 EUR", "8 EUR", day=1)], "day", "EUR"
    )
    assert [
        (line.group, line.orders, line.units, line.revenue, line.cost, line.margin) for line in lines
    ] == [
        ("2026-11-20", 2, 4, Decimal(40), Decimal(15), Decimal(25)),
        ("2026-11-21", 1, 2, Decimal(8), Decimal(8), Decimal(0)),
    ]
    assert lines[0].margin_share == Decimal("0.625")


def test_different_currencies_stand_on_lines_of_their_own() -> None:
    lines = sum_by_group([bought("30 USD", "10 EUR"), bought("30 EUR", "10 EUR")], "total", "EUR")
    assert [(line.revenue_currency, line.revenue, line.cost_currency, line.compared) for line in lines] == [
        ("EUR", Decimal(30), "EUR", 1),
        ("USD", Decimal(30), "EUR", 0),
    ]
    assert lines[1].margin_share is None


def test_a_margin_is_of_orders_of_which_both_are_known() -> None:
    line = only(
        sum_by_group(
            [bought("30 EUR", "10 EUR"), bought("70 EUR", None), bought(None, "20 EUR")], "total", "EUR"
        )
    )
    assert (line.orders, line.sold, line.costed, line.compared) == (3, 2, 2, 1)
    assert (line.revenue, line.cost, line.margin) == (Decimal(100), Decimal(30), Decimal(20))
    assert line.margin_share == Decimal(20) / Decimal(30)


def test_the_cost_of_several_skus_is_no_ones() -> None:
    mixed = (SkuShare("RING", 1, money("20 EUR")), SkuShare("MUG", 3, money("15 EUR")))
    lines = sum_by_group([bought("35 EUR", "12 EUR", shares=mixed), bought("20 EUR", "6 EUR")], "sku", "EUR")
    assert [(line.group, line.units, line.revenue, line.costed, line.cost) for line in lines] == [
        ("MUG", 3, Decimal(15), 0, Decimal(0)),
        ("RING", 3, Decimal(40), 1, Decimal(6)),
    ]


def test_an_order_whose_revenue_is_not_known_joins_the_usual_currency() -> None:
    line = only(sum_by_group([bought("30 GBP", None), bought(None, None)], "shop", "EUR"))
    assert (line.group, line.revenue_currency, line.cost_currency, line.orders) == ("acme", "GBP", "EUR", 2)


def test_days_to_ship_are_those_of_the_middle_and_of_nine_in_ten() -> None:
    line = only(sum_by_group([bought("1 EUR", None, took=days) for days in range(1, 12)], "total", "EUR"))
    assert line.compute_days_to_ship() == (6.0, 10.0)
    assert only(sum_by_group([bought("1 EUR", None, took=3)], "total", "EUR")).compute_days_to_ship() == (
        3.0,
        3.0,
    )
    assert only(sum_by_group([bought("1 EUR", None)], "total", "EUR")).compute_days_to_ship() is None


def test_nothing_bought_makes_no_line() -> None:
    assert sum_by_group([], "day", "EUR") == []
