"""Looking at orders: `orders list` and `orders show`."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli._options import config_option, json_option, locate_or_exit, print_json, print_table
from bridge.cli._order_context import (
    describe_record,
    format_local_time,
    get_order_name,
    with_context_despite_faults,
)
from bridge.cli._order_view import (
    build_line_rows,
    build_timeline_rows,
    dump_order,
    dump_order_details,
    load_order_details,
    print_order,
)
from bridge.order.states import State


@click.command("list")
@config_option
@click.option(
    "--state",
    "states",
    type=click.Choice([str(state) for state in State]),
    multiple=True,
    help="Only orders in this state; may be given several times.",
)
@click.option("--shop", help="Only orders of this shop.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@json_option
def list_orders(config: Path, states: tuple[str, ...], shop: str | None, limit: int, as_json: bool) -> None:
    """List orders, newest first."""
    from bridge.store.queries import OrderFilter

    filters = OrderFilter([State(state) for state in states], shop)
    found = with_context_despite_faults(
        config, lambda desk: desk.store.queries.list_orders(filters, limit=limit)
    )
    if shop and not found:
        known = locate_or_exit(config).shops or ()
        if shop not in known:
            raise click.ClickException(
                f"there is no shop “{shop}”, nor an order of it; the configuration has {', '.join(known)}"
            )
    if as_json:
        print_json([dump_order(order) for order in found])
        return
    rows = [
        (
            get_order_name(order),
            order.shop,
            order.state,
            describe_record(order),
            order.reference,
            format_local_time(order.due_at),
        )
        for order in found
    ]
    print_table(
        ("Order", "Shop", "State", "Why", "Sculpteo", "Next look"),
        rows,
        empty="There is no such order." if states or shop else "No order has come in yet.",
    )
    if len(found) == limit:
        click.echo(f"The newest {limit} are shown; --limit shows more.", err=True)


@click.command("show")
@config_option
@click.argument("order")
@json_option
def show_order(config: Path, order: str, as_json: bool) -> None:
    """Show one order and its history. ORDER is its name (#1001 or 1001, shop/1001), Shopify's id, Sculpteo's
    reference or a tracking number."""
    found = with_context_despite_faults(config, lambda desk: load_order_details(desk, order))
    if as_json:
        print_json(dump_order_details(found))
        return
    print_order(found.record, found.attempts, found.alarms)
    if found.lines:
        click.echo("\nLines")
        print_table(("Line", "SKU", "Units", "What"), list(build_line_rows(found.lines)))
    click.echo("\nHistory")
    print_table(("When", "Who", "What"), list(build_timeline_rows(found.events)))


COMMANDS = (list_orders, show_order)
