"""`sculpteo-bridge alarms`: what went wrong beside orders that go on, until a person has seen to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli._context import resolve_decider
from bridge.cli._options import CommandGroup, config_option, json_option, print_json, print_table
from bridge.cli._order_context import (
    OrderContext,
    as_option,
    format_iso_time,
    format_local_time,
    with_order_context,
)
from bridge.cli._order_view import describe_alarm_record
from bridge.order.problems import Alarm, fill_sentence, find_text

if TYPE_CHECKING:
    from bridge.store.queries import AlarmRecord


@click.group(cls=CommandGroup)
def command() -> None:
    """Alarms beside orders that go on."""


@command.command("list")
@config_option
@click.option("--all", "everything", is_flag=True, help="Those that were cleared, too.")
@json_option
def list_alarms(config: Path, everything: bool, as_json: bool) -> None:
    """List open alarms, newest first, with what to do."""
    found = with_order_context(config, lambda desk: desk.store.queries.list_alarms(open_only=not everything))
    if as_json:
        print_json([_dump_alarm(one) for one in found])
        return
    rows = [
        (
            one.key,
            format_local_time(one.raised_at),
            f"{one.shop}/{one.order_name}",
            describe_alarm_record(one),
            _format_remedy(one),
            _format_cleared(one),
        )
        for one in found
    ]
    columns = ("Key", "Since", "Order", "What", "What to do", "Cleared")
    width = len(columns) if everything else len(columns) - 1
    print_table(
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
def clear_alarms(
    config: Path, keys: tuple[int, ...], name: str | None, as_name: str | None, as_json: bool
) -> None:
    """Clear alarms that you have seen to, by key or by order."""
    if not keys and name is None:
        raise click.UsageError("name the keys of alarms (`alarms list` shows them), or an --order")

    async def clear_named_alarms(desk: OrderContext) -> list[tuple[int, bool]]:
        meant = list(keys)
        if name is not None:
            record = await desk.load_order(name)
            meant += [one.key for one in await desk.store.queries.list_alarms(order=record.key)]
        who, cleared = resolve_decider(as_name), []
        for key in dict.fromkeys(meant):
            done = await desk.store.clear_alarm(key, who)
            if done:
                await desk.store.sessions.record_action(who, "clear_alarm", "done", facts={"alarm": key})
            cleared.append((key, done))
        return cleared

    results = with_order_context(config, clear_named_alarms)
    if as_json:
        print_json([{"key": key, "cleared": done} for key, done in results])
    for key, done in () if as_json else results:
        click.echo(f"{key}: {'cleared' if done else 'there is no such open alarm'}", err=not done)
    if not (results or as_json):
        click.echo("The order has no open alarm.")
    if any(not done for _, done in results):
        sys.exit(1)


def _format_remedy(one: AlarmRecord) -> str:
    return (
        fill_sentence(find_text(Alarm(one.alarm), one.facts).remedy, dict(one.facts))
        if one.alarm in set(Alarm)
        else ""
    )


def _format_cleared(one: AlarmRecord) -> str:
    return f"{format_local_time(one.cleared_at)} by {one.cleared_by}" if one.cleared_at else ""


def _dump_alarm(one: AlarmRecord) -> dict[str, Any]:
    return {
        "key": one.key,
        "order": one.order_name,
        "shop": one.shop,
        "alarm": one.alarm,
        "what": describe_alarm_record(one),
        "to_do": _format_remedy(one),
        "raised_at": format_iso_time(one.raised_at),
        "cleared_at": format_iso_time(one.cleared_at),
        "cleared_by": one.cleared_by,
    }
