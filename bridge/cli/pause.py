"""`sculpteo-bridge pause`: the stop switch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from bridge.cli._context import (
    shop_option,
    who,
)
from bridge.cli._options import config_option, counted, echo_json, json_option, printable
from bridge.cli._pause_switch import (
    CONFIRMED_WITHIN,
    StopSwitch,
    named,
    with_switch,
)
from bridge.cli._running_services import (
    ask_readiness,
    local_second,
    name_of_process,
    shown_process,
    url_of,
)
from bridge.config.database_location import Located
from bridge.order.states import State
from bridge.store.key_value import ALL
from bridge.store.processes import Process


@dataclass(frozen=True, slots=True)
class Paused:
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

    async def work(switch: StopSwitch) -> Paused:
        return await _pause(switch, shop, reason)

    done = with_switch(config, work)
    if as_json:
        echo_json(_shown(done))
    else:
        for line in _lines(done):
            click.echo(printable(line))
    sys.exit(0 if done.is_sure else 1)


async def _pause(switch: StopSwitch, shop: str | None, reason: str | None) -> Paused:
    scope, shops = await switch.scope_of(shop)
    new = await switch.store.switch.pause_ordering(scope, who(), reason)
    kept = next(one for one in await switch.store.switch.list_pauses() if one.scope == scope)
    confirmed, missing = await switch.wait_until_known(kept)
    stranger = None
    if not (confirmed or missing) and switch.knows_processes:
        answer = await ask_readiness(url_of(switch.located.listen))
        stranger = None if answer.silent else answer.url.removesuffix("/readyz")
    return Paused(
        switch.located,
        scope,
        shops,
        switch.database,
        new,
        confirmed,
        missing,
        stranger,
        (await switch.store.queries.count_by_state()).get(State.PLACING, 0),
        None if switch.knows_processes else switch.store.schema,
    )


def _lines(done: Paused) -> Iterator[str]:
    scope = f"for {done.scope}" if done.scope != ALL else f"for all shops{named(done.shops)}"
    yield f"Placing is paused {scope}." if done.new else f"Placing was paused {scope} already."
    yield f"Database: {done.database}"
    for process in done.confirmed:
        yield (
            f"Confirmed by {name_of_process(process)} (role {process.role}, mode {process.mode},"
            f" {process.config_path})."
        )
    for process in done.missing:
        yield (
            f"NOT confirmed within {CONFIRMED_WITHIN:g} seconds by {name_of_process(process)} (role"
            f" {process.role}, last seen {local_second(process.seen_at)}). If that process still runs, stop it."
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
        orders = counted(done.placing, "order")
        yield f"{orders} had begun to be placed: what has left for Sculpteo is not called back."


def _shown(done: Paused) -> dict[str, object]:
    return {
        "scope": done.scope,
        "paused": True,
        "new": done.new,
        "shops": done.shops,
        "database": done.database,
        "confirmed": [shown_process(one, done.located) for one in done.confirmed],
        "not_confirmed": [shown_process(one, done.located) for one in done.missing],
        "other_bridge": done.stranger,
        "placing": done.placing,
    }
