"""`sculpteo-bridge resume`: the end of a pause."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import shop_option
from bridge.cli._options import config_option, json_option, print_json
from bridge.cli._pause_switch import (
    PauseContext,
    with_pause_context,
)
from bridge.cli._running_services import dump_process

if TYPE_CHECKING:
    from bridge.config.database_location import Located
    from bridge.store.processes import Process


@dataclass(frozen=True, slots=True)
class ResumeResult:
    """What became of a wish to go on. `left` are the scopes that are still paused."""

    scope: str
    ended: bool
    left: list[str]
    database: str
    running: list[Process]
    located: Located


@click.command()
@config_option
@shop_option
@json_option
def command(config: Path, shop: str | None, as_json: bool) -> None:
    """Let ordering go on after a pause; what waited for it goes on at once."""
    from bridge.store.key_value import ALL

    async def resume_scope(switch: PauseContext) -> ResumeResult:
        paused = [pause.scope for pause in await switch.store.switch.list_pauses()]
        # what is paused can be resumed, whether the configuration still knows the shop or not
        scope = shop if shop is not None and shop in paused else (await switch.resolve_scope(shop))[0]
        ended = await switch.store.switch.resume_ordering(scope)
        left = [pause.scope for pause in await switch.store.switch.list_pauses()]
        return ResumeResult(
            scope,
            ended,
            left,
            switch.masked_database_url,
            await switch.list_running_processes(),
            switch.located,
        )

    done = with_pause_context(config, resume_scope)
    if as_json:
        print_json(
            {
                "scope": done.scope,
                "ended": done.ended,
                "still_paused": done.left,
                "database": done.database,
                "services": [dump_process(one, done.located) for one in done.running],
            }
        )
        return
    scope = f" for {shop}" if shop else ""
    click.echo(f"Placing goes on{scope}." if done.ended else f"Placing was not paused{scope}.")
    click.echo(f"Database: {done.database}")
    if done.ended and not done.running:
        click.echo("No service runs on this database now: start `sculpteo-bridge serve`.")
    if done.left:
        names = ", ".join("all shops" if name == ALL else name for name in done.left)
        click.echo(f"Still paused: {names}.")
