"""The sums of a report. Pure. Amounts of different currencies are never added, nor compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from statistics import median, quantiles
from typing import TYPE_CHECKING, Literal

from bridge.order.model import Money

if TYPE_CHECKING:
    from bridge.store.reports import BoughtOrder

By = Literal["day", "sku", "shop", "total"]
TOTAL = "total"


@dataclass(slots=True)
class ReportLine:
    """One line: orders of one group whose revenue is in one currency and whose cost is in one.

    `cost` is known of `costed` orders, `revenue` of `sold`; `margin` counts `compared` orders, those of which
    both are known, in one currency, and is a part of their revenue, `compared_revenue`.
    """

    group: str
    revenue_currency: str
    cost_currency: str
    orders: int = 0
    units: int = 0
    sold: int = 0
    costed: int = 0
    compared: int = 0
    revenue: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    compared_revenue: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    address_errors: int = 0  # orders whose address Shopify's check finds wrong, and bought all the same
    address_warnings: int = 0
    shipping: list[timedelta] = field(default_factory=list)  # from the purchase to the first parcel

    def add_order(
        self, units: int, revenue: Money | None, cost: Money | None, took: timedelta | None
    ) -> None:
        self.orders += 1
        self.units += units
        if revenue:
            self.sold += 1
            self.revenue += revenue.amount
        if cost:
            self.costed += 1
            self.cost += cost.amount
        if revenue and cost and revenue.currency == cost.currency:
            self.compared += 1
            self.compared_revenue += revenue.amount
            self.margin += revenue.amount - cost.amount
        if took is not None:
            self.shipping.append(took)

    def count_address_verdict(self, verdict: str | None) -> None:
        """Count what Shopify's check says of the address of one order."""
        self.address_errors += verdict == "ERROR"
        self.address_warnings += verdict == "WARNING"

    @property
    def margin_share(self) -> Decimal | None:
        """The margin as a part of the revenue that it is of: 0.4 is 40 %."""
        return self.margin / self.compared_revenue if self.compared_revenue else None

    def compute_days_to_ship(self) -> tuple[float, float] | None:
        """Days to ship: the median, and what nine of ten orders stay below."""
        if not self.shipping:
            return None
        days = [took / timedelta(days=1) for took in self.shipping]
        ninth = quantiles(days, n=10, method="inclusive")[-1] if len(days) > 1 else days[0]
        return median(days), ninth


def sum_by_group(bought: Iterable[BoughtOrder], by: By, currency: str) -> list[ReportLine]:
    """A line for each group, in order. `currency` is Sculpteo's, for orders whose cost is not known."""
    known = list(bought)
    usual = Counter(one.revenue.currency for one in known if one.revenue).most_common(1)
    fallback = usual[0][0] if usual else currency
    lines: dict[tuple[str, str, str], ReportLine] = {}
    for one in known:
        took = one.shipped_at - one.placed_at if one.shipped_at else None
        for group, units, revenue, cost in _split_by_group(one, by):
            key = (group, revenue.currency if revenue else fallback, cost.currency if cost else currency)
            line = lines.setdefault(key, ReportLine(*key))
            line.add_order(units, revenue, cost, took)
            line.count_address_verdict(one.address_verdict)
    return [lines[key] for key in sorted(lines)]


def _split_by_group(one: BoughtOrder, by: By) -> Iterator[tuple[str, int, Money | None, Money | None]]:
    """(group, units, revenue, cost) of an order. Its cost is known as a whole: of several SKUs none has it."""
    if by == "sku":
        cost = one.cost if len(one.shares) == 1 else None
        yield from ((share.sku or "?", share.units, share.revenue, cost) for share in one.shares)
        return
    group = {"day": f"{one.placed_at:%Y-%m-%d}", "shop": one.shop, "total": TOTAL}[by]
    yield group, sum(share.units for share in one.shares), one.revenue, one.cost


def count_costed_orders(lines: Sequence[ReportLine]) -> tuple[int, int]:
    """Of how many orders the cost is known, and how many there are."""
    return sum(line.costed for line in lines), sum(line.orders for line in lines)
