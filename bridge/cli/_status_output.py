"""How `status` shows what it found, for people and as JSON."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from bridge.cli._options import (
    create_console,
    format_count,
    locate_or_exit,
    print_json,
    to_click_exception,
    to_printable,
)
from bridge.cli._order_context import OrderContext
from bridge.cli._running_services import (
    Readiness,
    describe_config_in_force,
    dump_process,
)
from bridge.cli._status_report import (
    StatusReport,
    Todo,
    ask_services,
    check_configuration,
    check_services,
    collect_status_report,
    list_todos,
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


def show_status(config: Path, as_json: bool) -> None:
    """Print how things stand; exits with 1 where something needs a person."""
    located = locate_or_exit(config)
    found = asyncio.run(_collect_status(located))
    if isinstance(found, UnusableDatabase) and found.has_never_run and not (as_json or located.faults):
        raise to_click_exception(found.error)
    needed = found.needed if isinstance(found, UnusableDatabase) else list_todos(found)
    if as_json:
        print_json(
            _dump_unusable(found) if isinstance(found, UnusableDatabase) else _dump_status(found, needed)
        )
    else:
        _print_status(
            list(
                _list_unusable_lines(found)
                if isinstance(found, UnusableDatabase)
                else _list_status_lines(found)
            ),
            needed,
        )
    sys.exit(1 if needed else 0)


@dataclass(frozen=True, slots=True)
class UnusableDatabase:
    """How things stand where the database tells nothing: it is away, not there, or of another version."""

    located: Located
    services: list[Readiness]
    needed: list[Todo]
    error: BridgeError

    @property
    def has_never_run(self) -> bool:
        """Whether there is no database at all, nor a bridge that answers."""
        no_file = isinstance(self.error, ConfigError) and not isinstance(self.error, WrongSchema)
        return no_file and all(one.is_silent for one in self.services)


async def _collect_status(located: Located) -> StatusReport | UnusableDatabase:
    clock = SystemClock()
    try:
        async with Store.open(located.database, clock=clock, create=False) as store:
            if located.loaded is not None:
                (await identify_shops(store, located.loaded, write=False)).take_effect()
            return await collect_status_report(OrderContext(located, store, clock))
    except BridgeError as error:
        services = await ask_services(located, ())
        needed = [*check_configuration(located), *check_services(services, ()), _build_database_todo(error)]
        return UnusableDatabase(located, services, needed, error)


def _build_database_todo(error: BridgeError) -> Todo:
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


def _print_status(lines: Sequence[tuple[str, str]], needed: list[Todo]) -> None:
    for name, text in lines:
        line = Text.assemble((f"{name:<11}", "dim"), to_printable(text))
        create_console().print(line, soft_wrap=True)
    create_console().print()
    for todo in needed:
        order = f"{to_printable(todo.order)}: " if todo.order else ""
        line = Text.assemble((order, "bold"), (to_printable(todo.sentence), "yellow"))
        create_console().print(line, soft_wrap=True)
        if todo.remedy:
            create_console().print(Text(f"    {to_printable(todo.remedy)}", style="dim"), soft_wrap=True)
    if needed:
        many = "One thing needs" if len(needed) == 1 else f"{len(needed)} things need"
        create_console().print(Text(f"{many} a person.", style="bold yellow"))
    else:
        create_console().print(Text("Everything is fine.", style="bold green"))


def _list_status_lines(found: StatusReport) -> Iterator[tuple[str, str]]:
    yield "Mode", f"{found.mode}: {MODES[found.mode]}" if found.mode else "not known: see the faults below"
    yield "Orders", _format_order_counts(found)
    limit = f" of {format_amount(found.health.limit)}" if found.health.limit else ", without a limit"
    yield "Today", f"{format_amount(found.health.spent)} spent{limit}{_format_unclear_cost(found)}"
    for shop in found.health.shops:
        looked = f"looked through {_format_age(shop.reconciled_at, found.at)}"
        yield f"{shop.name}", f"{looked}, webhooks checked {_format_age(shop.subscribed_at, found.at)}"
    count = found.counts.deliveries
    yield "Deliveries", f"{count} to be read" if count else "all read"
    yield "Database", mask_url(found.located.database)
    for one in found.services:
        yield "Service", _format_service(one)
    for process in found.processes:
        yield "Running", describe_config_in_force(process, found.located)
    if not found.mapping_in_use:
        yield "Mapping", "the configuration holds another than `serve` runs with; `plan` shows what changes"


def _format_unclear_cost(found: StatusReport) -> str:
    if not found.unclear:
        return ""
    said = f"{format_amount(found.unclear_cost)} of it for {format_count(found.unclear, 'order')}"
    return f"; {said} that Sculpteo may or may not have"


def _list_unusable_lines(found: UnusableDatabase) -> Iterator[tuple[str, str]]:
    yield "Database", mask_url(found.located.database)
    for one in found.services:
        yield "Service", _format_service(one)


def _format_service(one: Readiness) -> str:
    return f"{one.url}: {'ready' if one.is_ready else one.says}"


def _format_order_counts(found: StatusReport) -> str:
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


def _format_age(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 2:
        return "just now"
    return f"{minutes} minutes ago" if minutes < 120 else f"{minutes // 60} hours ago"


def _dump_todos(needed: list[Todo]) -> list[dict[str, Any]]:
    return [{"order": todo.order, "sentence": todo.sentence, "remedy": todo.remedy} for todo in needed]


def _dump_bridge(located: Located, services: Sequence[Readiness]) -> dict[str, Any]:
    """The configuration, its database, and what the services say."""
    return {
        "configuration": {
            "path": str(located.path),
            "sha256": located.hash,
            "faults": str(located.faults).splitlines() if located.faults else [],
        },
        "database": mask_url(located.database),
        "service_answers": all(one.is_ready for one in services),
        "services": [{"url": one.url, "status": one.status, "says": one.says} for one in services],
    }


def _dump_unusable(found: UnusableDatabase) -> dict[str, Any]:
    return {
        "result": "needs_a_person",
        "todo": _dump_todos(found.needed),
        "running": [],
        **_dump_bridge(found.located, found.services),
    }


def _dump_status(found: StatusReport, needed: list[Todo]) -> dict[str, Any]:
    def dump_money(value: Any) -> dict[str, str] | None:
        return None if value is None else {"amount": str(value.amount), "currency": value.currency}

    def format_moment(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "result": "needs_a_person" if needed else "fine",
        "at": format_moment(found.at),
        "mode": found.mode,
        "orders": {state: found.counts.states[state] for state in State},
        "waiting_for": dict(found.counts.reasons),
        "alarms": found.counts.alarms,
        "todo": _dump_todos(needed),
        "stalled": [
            {
                "order": f"{one.order.shop}/{one.order.name}",
                "code": one.code,
                "since": format_moment(one.since),
            }
            for one in found.stalled
        ],
        "stalled_more": found.more_stalled,
        "spent_today": dump_money(found.health.spent),
        "spent_unclear": dump_money(found.unclear_cost) if found.unclear else None,
        "limit_per_day": dump_money(found.health.limit),
        "pauses": [
            {"scope": one.scope, "at": format_moment(one.at), "who": one.who, "why": one.why}
            for one in found.pauses
        ],
        "shops": [
            {
                "shop": one.name,
                "reconciled_at": format_moment(one.reconciled_at),
                "subscribed_at": format_moment(one.subscribed_at),
            }
            for one in found.health.shops
        ],
        "deliveries_pending": found.counts.deliveries,
        "oldest_delivery": format_moment(found.health.oldest_delivery),
        "oldest_due": format_moment(found.health.oldest_due),
        **_dump_bridge(found.located, found.services),
        "running": [dump_process(one, found.located) for one in found.processes],
        "mapping_in_use": found.mapping_in_use,
        "conditions": [
            {"name": one.name, "code": one.code, "since": format_moment(one.since), "facts": dict(one.facts)}
            for one in found.health.conditions
        ],
    }
