"""`sculpteo-bridge status`: is everything fine, and if not, what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from bridge.cli._desk import at_desk
from bridge.cli._options import config_option, console, echo_json, json_option, printable
from bridge.cli._standing import Standing, Todo, standing, todos
from bridge.order.model import Mode
from bridge.order.states import State
from bridge.plan.catalogue import amount

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

    It looks at the bridge's own records only. Exit code 0: everything is fine; 1: something needs a person.
    """

    found = at_desk(config, standing)
    needed = todos(found)
    if as_json:
        echo_json(_object(found, needed))
    else:
        _tell(found, needed)
    sys.exit(1 if needed else 0)


def _tell(found: Standing, needed: list[Todo]) -> None:
    for name, text in _lines(found):
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
    yield "Mode", f"{found.mode}: {MODES[found.mode]}"
    yield "Orders", _orders(found)
    limit = f" of {amount(found.health.limit)}" if found.health.limit else ", without a limit"
    yield "Today", f"{amount(found.health.spent)} spent{limit}"
    for shop in found.health.shops:
        looked = f"looked through {_ago(shop.reconciled_at, found.at)}"
        yield f"{shop.name}", f"{looked}, webhooks checked {_ago(shop.subscribed_at, found.at)}"
    count = found.counts.deliveries
    yield "Deliveries", f"{count} to be read" if count else "all read"
    yield "Service", f"{'answers' if found.answers else 'does not answer'} at {found.listen} on this machine"
    if not found.mapping_in_use:
        yield "Mapping", "the configuration holds another than `serve` runs with; `plan` shows what changes"


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
        "todo": [{"order": todo.order, "sentence": todo.sentence, "remedy": todo.remedy} for todo in needed],
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
        "service_answers": found.answers,
        "mapping_in_use": found.mapping_in_use,
        "conditions": [
            {"name": one.name, "code": one.code, "since": moment(one.since), "facts": dict(one.facts)}
            for one in found.health.conditions
        ],
    }
