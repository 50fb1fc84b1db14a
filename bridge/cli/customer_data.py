"""`sculpteo-bridge customer-data`: all that is stored about one person, for the answer to their request."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._options import config_option, print_json
from bridge.cli._order_context import (
    OrderContext,
    with_context_despite_faults,
)
from bridge.order.records import OrderRecord

if TYPE_CHECKING:
    from bridge.store.personal_data import PersonalData


@click.command()
@config_option
@click.argument("who", required=False)
@click.option("--request", help="Shopify's number of the request, as the alarm tells it, in place of WHO.")
def command(config: Path, who: str | None, request: str | None) -> None:
    """Print all that is stored about a customer, as JSON.

    WHO is their e-mail address, Shopify's id of the customer, or one of their orders: its name, id or reference.
    All their orders are shown, with every row of every table that belongs to them. What was erased is not there.
    """
    if (who is None) == (request is None):
        raise click.UsageError("say who: an e-mail address, a customer's id or an order; or --request NUMBER")

    async def load_personal_data(desk: OrderContext) -> PersonalData:
        if request is not None:
            return await _load_by_request(desk, request)
        return await _load_by_name(desk, (who or "").strip())

    found = with_context_despite_faults(config, load_personal_data)
    if not found.orders and not found.deliveries:
        click.echo(f"Nothing is stored under {who or f'the request {request}'}.", err=True)
    print_json(dataclasses.asdict(found))


async def _load_by_request(desk: OrderContext, request: str) -> PersonalData:
    named = await desk.store.privacy.list_requested_orders(request)
    if not named:
        raise click.ClickException(f"no request {request} has come from Shopify; name the customer instead")
    found: list[OrderRecord] = []
    for shop, order_id in named:
        found += [order for order in await desk.store.queries.search_orders(order_id) if order.shop == shop]
    return await desk.store.privacy.load_personal_data([order.key for order in found], [])


async def _load_by_name(desk: OrderContext, who: str) -> PersonalData:
    """An e-mail address or a customer's id, else an order."""
    from bridge.store.personal_data import PersonalData

    number = re.fullmatch(r"(?:gid://shopify/Customer/)?(\d{1,20})", who, re.ASCII)
    names = [who] if "@" in who else [f"gid://shopify/Customer/{number[1]}"] if number else []
    found = await desk.store.privacy.load_personal_data([], names) if names else PersonalData()
    if found.orders or "@" in who:
        return found
    return await desk.store.privacy.load_personal_data(
        [order.key for order in await desk.store.queries.search_orders(who)], []
    )
