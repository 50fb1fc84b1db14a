"""`sculpteo-bridge rebuild`: fill an empty database from the shop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import (
    resolve_shops,
    shop_option,
    with_bridge,
)
from bridge.cli._options import config_option, json_option, print_json, print_table
from bridge.order.states import State

if TYPE_CHECKING:
    from bridge.runtime.container import Bridge


@click.command()
@config_option
@shop_option
@json_option
def command(config: Path, shop: str | None, as_json: bool) -> None:
    """Read the shop's open orders, with what the bridge noted on them, into the database.

    For a lost or restored database. What was bought is found by the ledger on the Shopify orders and taken
    up again; nothing is ordered by this command. `serve` does the same by itself when it starts on an empty
    database; this shows the result before anything goes on.
    """
    from bridge.runtime import logging
    from bridge.runtime.container import rebuild_shop

    async def rebuild_each(bridge: Bridge) -> dict[str, dict[State, int]]:
        return {name: await rebuild_shop(bridge, name) for name in resolve_shops(bridge, shop)}

    logging.configure_logging()
    found = with_bridge(config, rebuild_each, create=True)
    if as_json:
        print_json(found)
        return
    rows = [
        (name, state, count) for name, counts in found.items() for state, count in counts.items() if count
    ]
    print_table(("shop", "state", "orders"), rows, empty="The shop has no open order.")
    click.echo("Nothing was ordered. Start `sculpteo-bridge serve` to go on.")
