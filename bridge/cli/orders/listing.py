"""Looking at orders: `orders list` and `orders show`."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli._options import config_option, echo_json, echo_table, json_option, locate_or_exit
from bridge.cli._order_context import (
    local,
    look_at_desk,
    name_of,
    sentence_of,
)
from bridge.cli._order_view import (
    history,
    line_rows,
    listed,
    print_order,
    shown,
    whole,
)
from bridge.order.states import State
from bridge.store.queries import OrderFilter


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
    filters = OrderFilter([State(state) for state in states], shop)
    found = look_at_desk(config, lambda desk: desk.store.queries.list_orders(filters, limit=limit))
    if shop and not found:
        known = locate_or_exit(config).shops or ()
        if shop not in known:
            raise click.ClickException(
                f"there is no shop “{shop}”, nor an order of it; the configuration has {', '.join(known)}"
            )
    if as_json:
        echo_json([listed(order) for order in found])
        return
    rows = [
        (name_of(order), order.shop, order.state, sentence_of(order), order.reference, local(order.due_at))
        for order in found
    ]
    echo_table(
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
    found = look_at_desk(config, lambda desk: whole(desk, order))
    if as_json:
        echo_json(shown(found))
        return
    print_order(found.record, found.attempts, found.alarms)
    if found.lines:
        click.echo("\nLines")
        echo_table(("Line", "SKU", "Units", "What"), list(line_rows(found.lines)))
    click.echo("\nHistory")
    echo_table(("When", "Who", "What"), list(history(found.events)))


COMMANDS = (list_orders, show_order)
