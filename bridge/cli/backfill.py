"""`sculpteo-bridge backfill`: take in the orders of a time when the bridge was not there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from bridge.app import Bridge
from bridge.cli._options import config_option, echo_json, json_option
from bridge.cli._running import Moment, shop_option, shops_of, with_bridge
from bridge.steps.reconcile import backfill


@click.command()
@config_option
@shop_option
@click.option("--since", type=Moment(), required=True, help="Orders placed on or after this date.")
@json_option
def command(config: Path, shop: str | None, since: datetime, as_json: bool) -> None:
    """Take in every order placed since a date; those that are paid and mapped are then printed.

    Orders that the bridge has printed already are not printed again. What you ordered at Sculpteo by hand
    the bridge cannot know: put such orders on hold in Shopify, or fulfill them, first.
    """

    async def work(bridge: Bridge) -> dict[str, int]:
        names = shops_of(bridge, shop)
        return {name: await backfill(name, bridge.shops[name], bridge.store.orders, since) for name in names}

    found = with_bridge(config, work)
    if as_json:
        echo_json([{"shop": name, "orders": count} for name, count in found.items()])
        return
    for name, count in found.items():
        click.echo(f"{name}: {count} orders are noticed; `sculpteo-bridge serve` reads and matches them.")
