"""`sculpteo-bridge status`: is everything fine, and if not, what to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from bridge.cli._options import (
    config_option,
    console,
    counted,
    echo_json,
    failed,
    json_option,
    locate_or_exit,
    printable,
)
from bridge.cli._order_context import Desk
from bridge.cli._running_services import (
    Readiness,
    sentence_in_force,
    shown_process,
)
from bridge.cli._status_report import (
    Standing,
    Todo,
    ask_services,
    faulty_configuration,
    silent_services,
    standing,
    todos,
)
from bridge.config.database_location import Located
from bridge.config.database_settings import mask_url
from bridge.errors import BridgeError, ConfigError, StoreUnavailable, WrongSchema
from bridge.mapping_review.variants import format_amount
from bridge.order.clock import SystemClock
from bridge.order.model import Mode
from bridge.order.states import State
from bridge.runtime.shop_identity import identify_shops
from bridge.store import Store

MODES = {
    Mode.PREVIEW: "nothing is sent to Sculpteo",
    Mode.TEST: "orders go to Sculpteo with fake=1, and nothing is made or billed",
    Mode.LIVE: "orders are printed and billed",
}


@click.command()
@config_option
@json_option
def command(config: Path, as_json: bool) -> None:
    """Tell on one screen whether everything is fine; if not, what to do.

    It looks at the bridge's own records, and asks the service whether it can work. It works with a configuration
    that has faults, too. Exit code 0: everything is fine; 1: something needs a person.
    """
    located = locate_or_exit(config)
    found = asyncio.run(_look(located))
    if isinstance(found, Unusable) and found.never_ran and not (as_json or located.faults):
        raise failed(found.error)
    needed = found.needed if isinstance(found, Unusable) else todos(found)
    if as_json:
        echo_json(_object_of_unusable(found) if isinstance(found, Unusable) else _object(found, needed))
    else:
        _tell(list(_lines_of_unusable(found) if isinstance(found, Unusable) else _lines(found)), needed)
    sys.exit(1 if needed else 0)


@dataclass(frozen=True, slots=True)
class Unusable:
    """How things stand where the database tells nothing: it is away, not there, or of another version."""

    located: Located
    services: list[Readiness]
    needed: list[Todo]
    error: BridgeError

    @property
    def never_ran(self) -> bool:
        """Whether there is no database at all, nor a bridge that answers."""
        no_file = isinstance(self.error, ConfigError) and not isinstance(self.error, WrongSchema)
        return no_file and all(one.silent for one in self.services)


async def _look(located: Located) -> Standing | Unusable:
    clock = SystemClock()
    try:
        async with Store.open(located.database, clock=clock, create=False) as store:
            if located.loaded is not None:
                (await identify_shops(store, located.loaded, write=False)).take_effect()
            return await standing(Desk(located, store, clock))
    except BridgeError as error:
        services = await ask_services(located, ())
        needed = [*faulty_configuration(located), *silent_services(services, ()), _of_database(error)]
        return Unusable(located, services, needed, error)


def _of_database(error: BridgeError) -> Todo:
    if isinstance(error, WrongSchema):
        return Todo(
            f"The state of the orders is not known: the database cannot be used: {error.sentence}.",
            f"{error.remedy}.",
        )
    if isinstance(error, StoreUnavailable):
        return Todo(
            f"The state of the orders is not known: the database cannot be used ({error}).",
            "Start it, or correct `database` in the configuration. If its disk is full, free space there.",
        )
    return Todo(f"The state of the orders is not known. {error}.", "")


def _tell(lines: Sequence[tuple[str, str]], needed: list[Todo]) -> None:
    for name, text in lines:
        line = Text.assemble((f"{name:<11}", "dim"), printable(text))
        console().print(line, soft_wrap=True)
    console().print()
    for todo in needed:
        order = f"{printable(todo.order)}: " if todo.order else ""
        line = Text.assemble((order, "bold"), (printable(todo.sentence), "yellow"))
        console().print(line, soft_wrap=True)
        if todo.remedy:
            console().print(Text(f"    {printable(todo.remedy)}", style="dim"), soft_wrap=True)
    if needed:
        many = "One thing needs" if len(needed) == 1 else f"{len(needed)} things need"
        console().print(Text(f"{many} a person.", style="bold yellow"))
    else:
        console().print(Text("Everything is fine.", style="bold green"))


def _lines(found: Standing) -> Iterator[tuple[str, str]]:
    yield "Mode", f"{found.mode}: {MODES[found.mode]}" if found.mode else "not known: see the faults below"
    yield "Orders", _orders(found)
    limit = f" of {format_amount(found.health.limit)}" if found.health.limit else ", without a limit"
    yield "Today", f"{format_amount(found.health.spent)} spent{limit}{_unclear(found)}"
    for shop in found.health.shops:
        looked = f"looked through {_ago(shop.reconciled_at, found.at)}"
        yield f"{shop.name}", f"{looked}, webhooks checked {_ago(shop.subscribed_at, found.at)}"
    count = found.counts.deliveries
    yield "Deliveries", f"{count} to be read" if count else "all read"
    yield "Database", mask_url(found.located.database)
    for one in found.services:
        yield "Service", _service(one)
    for process in found.processes:
        yield "Running", sentence_in_force(process, found.located)
    if not found.mapping_in_use:
        yield "Mapping", "the configuration holds another than `serve` runs with; `plan` shows what changes"


def _unclear(found: Standing) -> str:
    if not found.unclear:
        return ""
    said = f"{format_amount(found.unclear_cost)} of it for {counted(found.unclear, 'order')}"
    return f"; {said} that Sculpteo may or may not have"


def _lines_of_unusable(found: Unusable) -> Iterator[tuple[str, str]]:
    yield "Database", mask_url(found.located.database)
    for one in found.services:
        yield "Service", _service(one)


def _service(one: Readiness) -> str:
    return f"{one.url}: {'ready' if one.ready else one.says}"


def _orders(found: Standing) -> str:
    """Every state that has orders; the waiting ones by what they wait for."""
    parts = []
    for state in State:
        count = found.counts.states[state]
        if not count:
            continue
        reasons = sorted(found.counts.reasons.items(), key=lambda one: -one[1])
        told = ", ".join(f"{number} {reason or 'about to go on'}" for reason, number in reasons)
        parts.append(f"{count} {state}" + (f" ({told})" if state is State.WAITING else ""))
    return ", ".join(parts) or "none yet"


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 2:
        return "just now"
    return f"{minutes} minutes ago" if minutes < 120 else f"{minutes // 60} hours ago"


def _todo_objects(needed: list[Todo]) -> list[dict[str, Any]]:
    return [{"order": todo.order, "sentence": todo.sentence, "remedy": todo.remedy} for todo in needed]


def _bridge_object(located: Located, services: Sequence[Readiness]) -> dict[str, Any]:
    """The configuration, its database, and what the services say."""
    return {
        "configuration": {
            "path": str(located.path),
            "sha256": located.hash,
            "faults": str(located.faults).splitlines() if located.faults else [],
        },
        "database": mask_url(located.database),
        "service_answers": all(one.ready for one in services),
        "services": [{"url": one.url, "status": one.status, "says": one.says} for one in services],
    }


def _object_of_unusable(found: Unusable) -> dict[str, Any]:
    return {
        "result": "needs_a_person",
        "todo": _todo_objects(found.needed),
        "running": [],
        **_bridge_object(found.located, found.services),
    }


def _object(found: Standing, needed: list[Todo]) -> dict[str, Any]:
    def money(value: Any) -> dict[str, str] | None:
        return None if value is None else {"amount": str(value.amount), "currency": value.currency}

    def moment(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "result": "needs_a_person" if needed else "fine",
        "at": moment(found.at),
        "mode": found.mode,
        "orders": {state: found.counts.states[state] for state in State},
        "waiting_for": dict(found.counts.reasons),
        "alarms": found.counts.alarms,
        "todo": _todo_objects(needed),
        "stalled": [
            {
                "order": f"{one.order.shop}/{one.order.name}",
                "code": one.code,
                "since": moment(one.since),
            }
            for one in found.stalled
        ],
        "stalled_more": found.more_stalled,
        "spent_today": money(found.health.spent),
        "spent_unclear": money(found.unclear_cost) if found.unclear else None,
        "limit_per_day": money(found.health.limit),
        "pauses": [
            {"scope": one.scope, "at": moment(one.at), "who": one.who, "why": one.why} for one in found.pauses
        ],
        "shops": [
            {
                "shop": one.name,
                "reconciled_at": moment(one.reconciled_at),
                "subscribed_at": moment(one.subscribed_at),
            }
            for one in found.health.shops
        ],
        "deliveries_pending": found.counts.deliveries,
        "oldest_delivery": moment(found.health.oldest_delivery),
        "oldest_due": moment(found.health.oldest_due),
        **_bridge_object(found.located, found.services),
        "running": [shown_process(one, found.located) for one in found.processes],
        "mapping_in_use": found.mapping_in_use,
        "conditions": [
            {"name": one.name, "code": one.code, "since": moment(one.since), "facts": dict(one.facts)}
            for one in found.health.conditions
        ],
    }
