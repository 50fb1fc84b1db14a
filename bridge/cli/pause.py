"""`sculpteo-bridge pause`: the stop switch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import (
    get_terminal_user,
    shop_option,
)
from bridge.cli._options import config_option, format_count, json_option, print_json, to_printable
from bridge.cli._pause_switch import (
    CONFIRMED_WITHIN,
    PauseContext,
    format_shop_list,
    with_pause_context,
)
from bridge.cli._running_services import (
    build_service_url,
    dump_process,
    fetch_readiness,
    format_local_second,
    format_process_name,
)
from bridge.order.states import State

if TYPE_CHECKING:
    from bridge.config.database_location import Located
    from bridge.store.processes import Process


@dataclass(frozen=True, slots=True)
class PauseResult:
    """What became of a pause. `stranger` is the address of a bridge that answers and does not use this database;
    `placing` counts the orders that were just being placed."""

    located: Located
    scope: str
    shops: list[str]
    database: str
    new: bool
    confirmed: list[Process]
    missing: list[Process]
    stranger: str | None
    placing: int
    schema: str | None  # of a database of another version, whose services cannot confirm

    @property
    def is_sure(self) -> bool:
        return not (self.missing or self.stranger)


@click.command()
@config_option
@shop_option
@click.option("--why", "reason", help="What to remember of it.")
@json_option
def command(config: Path, shop: str | None, reason: str | None, as_json: bool) -> None:
    """Stop ordering prints at once; orders keep coming in and wait.

    It waits until each service that runs on the database has confirmed the pause, and names them. Exit code 1: a
    service has not confirmed it, or uses another database.
    """

    async def pause_scope(switch: PauseContext) -> PauseResult:
        return await _pause_and_confirm(switch, shop, reason)

    done = with_pause_context(config, pause_scope)
    if as_json:
        print_json(_dump_pause(done))
    else:
        for line in _describe_pause(done):
            click.echo(to_printable(line))
    sys.exit(0 if done.is_sure else 1)


async def _pause_and_confirm(switch: PauseContext, shop: str | None, reason: str | None) -> PauseResult:
    scope, shops = await switch.resolve_scope(shop)
    new = await switch.store.switch.pause_ordering(scope, get_terminal_user(), reason)
    kept = next(one for one in await switch.store.switch.list_pauses() if one.scope == scope)
    confirmed, missing = await switch.wait_until_confirmed(kept)
    stranger = None
    if not (confirmed or missing) and switch.has_process_records:
        answer = await fetch_readiness(build_service_url(switch.located.listen))
        stranger = None if answer.is_silent else answer.url.removesuffix("/readyz")
    return PauseResult(
        switch.located,
        scope,
        shops,
        switch.masked_database_url,
        new,
        confirmed,
        missing,
        stranger,
        (await switch.store.queries.count_by_state()).get(State.PLACING, 0),
        None if switch.has_process_records else switch.store.schema,
    )


def _describe_pause(done: PauseResult) -> Iterator[str]:
    from bridge.store.key_value import ALL

    scope = f"for {done.scope}" if done.scope != ALL else f"for all shops{format_shop_list(done.shops)}"
    yield f"Placing is paused {scope}." if done.new else f"Placing was paused {scope} already."
    yield f"Database: {done.database}"
    for process in done.confirmed:
        yield (
            f"Confirmed by {format_process_name(process)} (role {process.role}, mode {process.mode},"
            f" {process.config_path})."
        )
    for process in done.missing:
        yield (
            f"NOT confirmed within {CONFIRMED_WITHIN:g} seconds by {format_process_name(process)} (role"
            f" {process.role}, last seen {format_local_second(process.seen_at)}). If that process still runs, stop it."
        )
    if done.stranger:
        yield (
            f"The bridge that answers at {done.stranger} does not use this database: IT IS NOT PAUSED. Run"
            " `pause` with the configuration that the bridge runs on (-c FILE)."
        )
    elif done.schema:
        yield (
            f"The database is of another version of the bridge (schema {done.schema}), whose services cannot"
            " confirm; they obey this pause from the next order on."
        )
    elif not (done.confirmed or done.missing):
        yield "No service runs on this database now; one that starts orders nothing until `resume`."
    if done.placing:
        orders = format_count(done.placing, "order")
        yield f"{orders} had begun to be placed: what has left for Sculpteo is not called back."


def _dump_pause(done: PauseResult) -> dict[str, object]:
    return {
        "scope": done.scope,
        "paused": True,
        "new": done.new,
        "shops": done.shops,
        "database": done.database,
        "confirmed": [dump_process(one, done.located) for one in done.confirmed],
        "not_confirmed": [dump_process(one, done.located) for one in done.missing],
        "other_bridge": done.stranger,
        "placing": done.placing,
    }
