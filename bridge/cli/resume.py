"""`sculpteo-bridge resume`: the end of a pause."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.app import Bridge
from bridge.cli._options import config_option, echo_json, json_option
from bridge.cli._running import shop_option, shops_of, with_bridge
from bridge.cli.pause import ALL


@click.command()
@config_option
@shop_option
@json_option
def command(config: Path, shop: str | None, as_json: bool) -> None:
    """Let ordering go on after a pause; what waited for it goes on at once."""

    async def work(bridge: Bridge) -> tuple[bool, list[str]]:
        if shop is not None:
            shops_of(bridge, shop)
        ended = await bridge.store.switch.resume(shop or ALL)
        return ended, [pause.scope for pause in await bridge.store.switch.pauses()]

    ended, left = with_bridge(config, work)
    if as_json:
        echo_json({"scope": shop or ALL, "ended": ended, "still_paused": left})
        return
    scope = f" for {shop}" if shop else ""
    click.echo(f"Placing goes on{scope}." if ended else f"Placing was not paused{scope}.")
    if left:
        names = ", ".join("all shops" if name == ALL else name for name in left)
        click.echo(f"Still paused: {names}.")
