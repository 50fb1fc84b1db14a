"""`sculpteo-bridge backfill`: take in the orders of a time when the bridge was not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import (
    DateTimeParam,
    resolve_shops,
    shop_option,
    with_bridge,
)
from bridge.cli._options import config_option, format_count, json_option, print_json
from bridge.steps.reconcile import Backfilled, backfill_orders

if TYPE_CHECKING:
    from bridge.runtime.container import Bridge


@click.command()
@config_option
@shop_option
@click.option("--since", type=DateTimeParam(), required=True, help="Orders placed on or after this date.")
@json_option
def command(config: Path, shop: str | None, since: datetime, as_json: bool) -> None:
    """Take in every order placed since a date, and tell which of them will wait for your approval.

    Orders from before the bridge went live for the shop (or from before its `since`) are never ordered by
    themselves: each waits for your approval. Newer ones are ordered by your rules once they are paid and mapped.
    Orders that the bridge has printed already are not printed again. What you ordered at Sculpteo by hand the
    bridge cannot know: put such orders on hold in Shopify, or fulfill them, first.
    """
    found = with_bridge(config, lambda bridge: _run_backfill(bridge, shop, since))
    if as_json:
        print_json(
            [
                {"shop": name, "orders": one.orders, "new": one.new, "for_approval": one.older}
                for name, one in found.items()
            ]
        )
        return
    for name, one in found.items():
        for sentence in _describe_backfill(name, one):
            click.echo(sentence)


async def _run_backfill(bridge: Bridge, shop: str | None, since: datetime) -> dict[str, Backfilled]:
    found = {}
    for name in resolve_shops(bridge, shop):
        start = bridge.settings.shops[name].since or (await bridge.world.go_live.load_go_live(name)).at
        found[name] = await backfill_orders(name, bridge.shops[name], bridge.store.orders, since, start=start)
    return found


def _describe_backfill(name: str, found: Backfilled) -> Iterator[str]:
    """What was found and what becomes of it."""
    known = found.orders - found.new
    if not found.orders:
        yield f"{name}: the shop has no order of that time."
        return
    if found.new:
        looked = "; the others are looked at anew" if known else ""
        yield f"{name}: {format_count(found.orders, 'order')}, of which {found.new} new to the bridge{looked}."
    else:
        yield f"{name}: {format_count(found.orders, 'order')}, all known to the bridge; they are looked at anew."
        return
    if found.older:
        yield (
            f"  {found.older} of the new ones: created before the bridge went live here. They are not ordered until "
            "you approve them: `sculpteo-bridge orders list`, then `sculpteo-bridge orders approve`."
        )
    if found.new > found.older:
        yield (
            f"  {found.new - found.older} of the new ones: ordered by your rules and limits once they are paid and "
            "mapped."
        )
    yield "  `sculpteo-bridge serve` reads them; until then nothing happens."
