"""`sculpteo-bridge report`: what was earned and spent, and how long it took."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from bridge.cli._context import (
    DayParam,
    resolve_shops,
    shop_option,
)
from bridge.cli._options import config_option, json_option, open_progress_bar, print_json, print_table
from bridge.cli._order_context import (
    OrderContext,
    with_order_context,
)
from bridge.cli._report_totals import (
    By,
    ReportLine,
    count_costed_orders,
    sum_by_group,
)
from bridge.mapping_review.variants import format_figure
from bridge.order.model import Mode, Money

if TYPE_CHECKING:
    from bridge.store.reports import BoughtOrder

DEFAULT_DAYS = 30


@click.command()
@config_option
@click.option(
    "--from", "start", type=DayParam(), help="The first day (UTC), as 2026-11-01; default: 30 days ago."
)
@click.option("--to", "end", type=DayParam(), help="The last day (UTC), which is included; default: today.")
@click.option(
    "--by", type=click.Choice(get_args(By)), default="day", show_default=True, help="A line for each."
)
@shop_option
@click.option(
    "--mode", type=click.Choice(("live", "test")), help="Orders of this mode; default: the present one."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@json_option
def command(
    config: Path,
    start: datetime | None,
    end: datetime | None,
    by: str,
    shop: str | None,
    mode: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Sum up what was bought: revenue, cost, margin and days to ship, by day, SKU or shop.

    Orders count on the day (UTC) on which they were bought. Revenue is what customers paid for the printed
    lines, after discounts, without taxes and shipping; cost is Sculpteo's price without its shipping. Amounts of
    different currencies are never added up or compared.
    """
    if as_csv and as_json:
        raise click.UsageError("choose one of --csv and --json")
    first = start or _to_midnight(datetime.now(UTC)) - timedelta(days=DEFAULT_DAYS)
    until = (end or _to_midnight(datetime.now(UTC))) + timedelta(days=1)
    if until <= first:
        raise click.UsageError("--to is before --from")

    async def load_report_lines(desk: OrderContext) -> tuple[list[ReportLine], list[ReportLine]]:
        settings = desk.loaded.settings
        resolve_shops(desk, shop)
        wanted = mode or (Mode.TEST if settings.mode is Mode.TEST else Mode.LIVE)
        found: list[BoughtOrder] = []
        with open_progress_bar("Reading orders") as show:
            async for one in desk.store.reports.list_bought_orders(first, until, wanted, shop=shop):
                found.append(one)
                show(len(found), None)
        currency = settings.sculpteo.currency
        return sum_by_group(found, cast(By, by), currency), sum_by_group(found, "total", currency)

    lines, total = with_order_context(config, load_report_lines)
    if as_csv:
        _write_csv(lines, by)
    elif as_json:
        report = {"from": f"{first:%Y-%m-%d}", "to": f"{until - timedelta(days=1):%Y-%m-%d}", "by": by}
        print_json(
            {
                **report,
                "lines": [_dump_line(line) for line in lines],
                "total": [_dump_line(line) for line in total],
            }
        )
    else:
        _print_report(lines, total, by)


def _to_midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time.min, UTC)


def _print_report(lines: Sequence[ReportLine], total: Sequence[ReportLine], by: str) -> None:
    if not lines:
        click.echo("Nothing was bought in that time.")
        return
    columns = (
        {"day": "Day", "sku": "SKU", "shop": "Shop"}.get(by, ""),
        "Orders",
        "Units",
        "Revenue",
        "Cost",
        "Margin",
        "",
        "Days to ship",
        "9 of 10",
    )
    shown = [*lines, *(total if by != "total" else ())]
    print_table(columns, [_build_row(line) for line in shown], numbers=range(1, len(columns)))
    known, all_orders = count_costed_orders(total)
    if known < all_orders:
        click.echo(
            f"\nSculpteo's price is known of {known} of {all_orders} orders: it is asked where `limits` are set."
        )
    wrong, doubtful = (
        sum(line.address_errors for line in total),
        sum(line.address_warnings for line in total),
    )
    if wrong or doubtful:
        click.echo(
            f"\nShopify's address check finds {wrong} of these addresses very likely wrong, and warns of {doubtful}."
        )
    if any(line.revenue_currency != line.cost_currency for line in total):
        click.echo("\nRevenue and cost that are in different currencies are not compared.")
    if by == "sku":
        click.echo(
            "\nThe cost of an order is known as a whole: it counts for a SKU where the order has no other."
        )


def _build_row(line: ReportLine) -> Sequence[object]:
    days = line.compute_days_to_ship()
    comparable = line.compared > 0
    return (
        line.group,
        line.orders,
        line.units,
        f"{format_figure(_get_revenue(line))} {line.revenue_currency}" if line.sold else "",
        f"{format_figure(_get_cost(line))} {line.cost_currency}" if line.costed else "",
        format_figure(Money(line.margin, line.revenue_currency)) if comparable else "",
        f"{line.margin_share:.0%}" if line.margin_share is not None else "",
        f"{days[0]:.1f}" if days else "",
        f"{days[1]:.1f}" if days else "",
    )


def _get_revenue(line: ReportLine) -> Money:
    return Money(line.revenue, line.revenue_currency)


def _get_cost(line: ReportLine) -> Money:
    return Money(line.cost, line.cost_currency)


def _dump_line(line: ReportLine) -> dict[str, Any]:
    """All of a line; what is not known is null, never 0."""
    days = line.compute_days_to_ship()
    return {
        "group": line.group,
        "orders": line.orders,
        "units": line.units,
        "revenue": _format_amount(line.revenue) if line.sold else None,
        "revenue_currency": line.revenue_currency,
        "revenue_orders": line.sold,
        "cost": _format_amount(line.cost) if line.costed else None,
        "cost_currency": line.cost_currency,
        "cost_orders": line.costed,
        "margin": _format_amount(line.margin) if line.compared else None,
        "margin_orders": line.compared,
        "margin_share": None if line.margin_share is None else str(round(line.margin_share, 4)),
        "shipped_orders": len(line.shipping),
        "days_to_ship": round(days[0], 2) if days else None,
        "days_to_ship_p90": round(days[1], 2) if days else None,
        "address_errors": line.address_errors,
        "address_warnings": line.address_warnings,
    }


def _format_amount(amount: Decimal) -> str:
    return format(amount, "f")


def _write_csv(lines: Sequence[ReportLine], by: str) -> None:
    """What a spreadsheet would take for a formula is made plain by a quote before it."""
    rows = [_dump_line(line) for line in lines]
    names = list(rows[0]) if rows else list(_dump_line(ReportLine("", "", "")))
    writer = csv.writer(sys.stdout)
    writer.writerow([by if name == "group" else name for name in names])
    for row in rows:
        group = str(row["group"])
        plain = f"'{group}" if group[:1] in ("=", "+", "-", "@", "\t", "\r") else group
        writer.writerow([plain if name == "group" else row[name] for name in names])
