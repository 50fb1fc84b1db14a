"""`sculpteo-bridge pause`: the stop switch."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.app import Bridge
from bridge.cli._options import config_option, echo_json, json_option
from bridge.cli._running import shop_option, shops_of, who, with_bridge

ALL = "*"


@click.command()
@config_option
@shop_option
@click.option("--why", "reason", help="What to remember of it.")
@json_option
def command(config: Path, shop: str | None, reason: str | None, as_json: bool) -> None:
    """Stop ordering prints at once; orders keep coming in and wait."""

    async def work(bridge: Bridge) -> bool:
        if shop is not None:
            shops_of(bridge, shop)
        return await bridge.store.switch.pause(shop or ALL, who(), reason)

    new = with_bridge(config, work)
    if as_json:
        echo_json({"scope": shop or ALL, "paused": True, "new": new})
        return
    scope = f"for {shop}" if shop else "for all shops"
    click.echo(f"Placing is paused {scope}." if new else f"Placing was paused {scope} already.")
