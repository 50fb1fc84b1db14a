"""`sculpteo-bridge deliveries`: the webhook deliveries as they came, and replaying them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import with_bridge
from bridge.cli._options import CommandGroup, config_option, json_option, print_json, print_table
from bridge.cli._order_context import with_order_context
from bridge.order.records import OrderSignal

if TYPE_CHECKING:
    from bridge.runtime.container import Bridge
    from bridge.store.queries import DeliveryRecord


@click.group(cls=CommandGroup)
def command() -> None:
    """Look at webhook deliveries, or let today's program read them again."""


@command.command("list")
@config_option
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first."
)
@json_option
def list_deliveries(config: Path, limit: int, as_json: bool) -> None:
    """List webhook deliveries with what became of each."""
    found = with_order_context(config, lambda desk: desk.store.queries.list_deliveries(limit=limit))
    if as_json:
        print_json([_dump_delivery(one) for one in found])
        return
    rows = [
        (one.key, f"{one.received_at:%Y-%m-%d %H:%M:%S}", one.shop, one.topic, one.outcome or "not read yet")
        for one in found
    ]
    print_table(
        ("key", "received (UTC)", "shop", "topic", "outcome"), rows, empty="No webhook has come in yet."
    )


def _dump_delivery(one: DeliveryRecord) -> dict[str, object]:
    names = ("key", "shop", "webhook_id", "topic", "received_at", "settled_at", "outcome", "order")
    return {name: getattr(one, name) for name in names}


@command.command("body")
@config_option
@click.argument("key", type=int)
def print_body(config: Path, key: int) -> None:
    """Print a delivery's body, byte for byte. It holds a customer's data: mind where it goes."""
    delivery = with_order_context(config, lambda desk: desk.store.inbox.find_delivery(key))
    if delivery is None:
        raise click.ClickException(f"there is no delivery {key}, or it is past its retention")
    sys.stdout.buffer.write(delivery.body)


@command.command("replay")
@config_option
@click.argument("keys", type=int, nargs=-1, required=True)
@json_option
def replay_deliveries(config: Path, keys: tuple[int, ...], as_json: bool) -> None:
    """Read deliveries again with today's program. Exit code 1 if one is not there.

    A delivery is only word of an order: the order is then read anew from Shopify, and nothing that was done
    is done twice.
    """

    async def replay_each(bridge: Bridge) -> list[tuple[int, str | None]]:
        return [(key, await _replay_delivery(bridge, key)) for key in keys]

    found = with_bridge(config, replay_each)
    if as_json:
        print_json([{"key": key, "outcome": outcome} for key, outcome in found])
    else:
        for key, outcome in found:
            click.echo(f"{key}: {outcome or 'there is no such delivery, or it is past its retention'}")
    sys.exit(1 if any(outcome is None for _, outcome in found) else 0)


async def _replay_delivery(bridge: Bridge, key: int) -> str | None:
    """What becomes of it; None = there is no such delivery."""
    from bridge.shopify.webhooks import interpret

    delivery = await bridge.store.inbox.find_delivery(key)
    if delivery is None:
        return None
    word = interpret(delivery)
    order_id = word.order_id
    if order_id is None and word.fulfillment_order_id and delivery.shop in bridge.shops:
        order_id = await bridge.shops[delivery.shop].find_order_id(word.fulfillment_order_id)
    if order_id is None:
        return word.outcome
    cause = f"replay of {delivery.topic}"
    await bridge.store.orders.receive_signal(
        OrderSignal(delivery.shop, order_id, "replay", word.name, cause=cause)
    )
    return f"{word.name or order_id} is looked at anew"
