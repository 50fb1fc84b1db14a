"""`sculpteo-bridge alarms`: what went wrong beside orders that go on, until a person has seen to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bridge.cli._context import decider
from bridge.cli._options import Family, config_option, echo_json, echo_table, json_option
from bridge.cli._order_context import (
    as_option,
    at_desk,
    iso,
    local,
)
from bridge.cli._order_view import alarm_sentence
from bridge.order.problems import Alarm, fill_sentence, find_text
from bridge.store.queries import AlarmRecord


@click.group(cls=Family)
def command() -> None:
    """Alarms beside orders that go on."""


@command.command("list")
@config_option
@click.option("--all", "everything", is_flag=True, help="Those that were cleared, too.")
@json_option
def listed(config: Path, everything: bool, as_json: bool) -> None:
    """List open alarms, newest first, with what to do."""
    found = at_desk(config, lambda desk: desk.store.queries.list_alarms(open_only=not everything))
    if as_json:
        echo_json([_shown(one) for one in found])
        return
    rows = [
        (
            one.key,
            local(one.raised_at),
            f"{one.shop}/{one.order_name}",
            alarm_sentence(one),
            _remedy(one),
            _cleared(one),
        )
        for one in found
    ]
    columns = ("Key", "Since", "Order", "What", "What to do", "Cleared")
    width = len(columns) if everything else len(columns) - 1
    echo_table(
        columns[:width],
        [row[:width] for row in rows],
        empty="There is no alarm." if everything else "No alarm is open.",
    )


@command.command("clear")
@config_option
@click.argument("keys", type=int, nargs=-1)
@click.option("--order", "name", help="All open alarms of this order.")
@as_option
@json_option
def clear(config: Path, keys: tuple[int, ...], name: str | None, as_name: str | None, as_json: bool) -> None:
    """Clear alarms that you have seen to, by key or by order."""
    if not keys and name is None:
        raise click.UsageError("name the keys of alarms (`alarms list` shows them), or an --order")

    async def work(desk: Any) -> list[tuple[int, bool]]:
        meant = list(keys)
        if name is not None:
            record = await desk.order(name)
            meant += [one.key for one in await desk.store.queries.list_alarms(order=record.key)]
        who, cleared = decider(as_name), []
        for key in dict.fromkeys(meant):
            done = await desk.store.clear_alarm(key, who)
            if done:
                await desk.store.sessions.record_action(who, "clear_alarm", "done", facts={"alarm": key})
            cleared.append((key, done))
        return cleared

    results = at_desk(config, work)
    if as_json:
        echo_json([{"key": key, "cleared": done} for key, done in results])
    for key, done in () if as_json else results:
        click.echo(f"{key}: {'cleared' if done else 'there is no such open alarm'}", err=not done)
    if not (results or as_json):
        click.echo("The order has no open alarm.")
    if any(not done for _, done in results):
        sys.exit(1)


def _remedy(one: AlarmRecord) -> str:
    return (
        fill_sentence(find_text(Alarm(one.alarm), one.facts).remedy, dict(one.facts))
        if one.alarm in set(Alarm)
        else ""
    )


def _cleared(one: AlarmRecord) -> str:
    return f"{local(one.cleared_at)} by {one.cleared_by}" if one.cleared_at else ""


def _shown(one: AlarmRecord) -> dict[str, Any]:
    return {
        "key": one.key,
        "order": one.order_name,
        "shop": one.shop,
        "alarm": one.alarm,
        "what": alarm_sentence(one),
        "to_do": _remedy(one),
        "raised_at": iso(one.raised_at),
        "cleared_at": iso(one.cleared_at),
        "cleared_by": one.cleared_by,
    }
