"""`sculpteo-bridge why`: every decision about one order in plain words, what is next, and what one can do."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli._options import config_option, json_option, print_json, print_table, to_printable
from bridge.cli._order_context import (
    describe_record,
    format_iso_time,
    format_local_time,
    get_order_name,
    with_context_despite_faults,
)
from bridge.cli._order_view import (
    OrderDetails,
    build_timeline_rows,
    describe_alarm_record,
    describe_order_event,
    load_order_details,
)
from bridge.decisions.actions import (
    Action,
    list_available_actions,
)
from bridge.order.explanations import (
    describe_address_check,
    describe_next_step,
    describe_remedy,
)

COMMANDS = {
    "placed_as": "orders resolve {order} --placed-as REFERENCE",
    "not_placed": "orders resolve {order} --not-placed",
    "drop": "orders resolve {order} --not-placed --drop",
}


@click.command()
@config_option
@click.argument("order")
@json_option
def command(config: Path, order: str, as_json: bool) -> None:
    """Tell every decision about ORDER in plain words, what happens next and when, and what you can do."""
    found = with_context_despite_faults(config, lambda desk: load_order_details(desk, order))
    if as_json:
        print_json(_dump_explanation(found))
        return
    record = found.record
    click.echo(f"{get_order_name(record)} of {record.shop} is {record.state}.\n")
    rows = [
        ("Why", describe_record(record)),
        ("Next", _describe_next_step(found)),
        *(("To do", one) for one in _list_remedies(found)),
        *([("Address", checked)] if (checked := _describe_address_check(found)) else []),
    ]
    if record.last_error:
        rows.insert(1, ("Failing", f"{record.failures} times in a row: {record.last_error}"))
    for name, text in rows:
        click.echo(f"{name:<8} {to_printable(text)}")
    actions = list_available_actions(record)
    if actions or _has_unmapped_lines(found):
        click.echo("\nWhat you can do")
        print_table(("Command", "What happens"), _list_offers(found, actions))
    click.echo("\nWhat was decided")
    print_table(("When", "Who", "What"), list(build_timeline_rows(found.events)))


def _describe_next_step(found: OrderDetails) -> str:
    due = found.record.due_at
    said = describe_next_step(found.record.state, due is not None)
    return f"{said} At {format_local_time(due)} at the latest." if due else said


def _list_remedies(found: OrderDetails) -> list[str]:
    record = found.record
    todo = describe_remedy(
        record.state, record.problem, record.facts, get_order_name(record), reason=record.reason
    )
    alarms = [f"ALARM: {describe_alarm_record(one)}" for one in found.alarms if one.cleared_at is None]
    return [*([todo] if todo else []), *alarms]


def _describe_address_check(found: OrderDetails) -> str | None:
    """What Shopify says of the address, while there is one on record."""
    snapshot = found.record.snapshot
    return describe_address_check(snapshot.address_verdict) if snapshot and snapshot.address else None


def _has_unmapped_lines(found: OrderDetails) -> bool:
    return any(line.is_unmapped for line in found.lines)


def _list_offers(found: OrderDetails, actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    order = get_order_name(found.record).lstrip("#")
    offers = [
        (
            f"orders map {order} --line {line.number} ...",
            f"Say what {line.name} is, or that it is not printed.",
        )
        for line in found.lines
        if line.is_unmapped
    ]
    return offers + [(_format_command(action, order), action.sentence) for action in actions]


def _format_command(action: Action, order: str) -> str:
    pattern = COMMANDS.get(action.name, f"orders {action.name.replace('_', '-')} {{order}}")
    return pattern.format(order=order)


def _dump_explanation(found: OrderDetails) -> dict[str, object]:
    record = found.record
    return {
        "order": get_order_name(record),
        "shop": record.shop,
        "state": record.state,
        "why": describe_record(record),
        "next": _describe_next_step(found),
        "due_at": format_iso_time(record.due_at),
        "failing": record.last_error,
        "to_do": _list_remedies(found),
        "address_check": _describe_address_check(found),
        "can": [
            {"action": action.name, "command": _format_command(action, get_order_name(record).lstrip("#")),
             "what": action.sentence, "money": action.at_stake(record)}
            for action in list_available_actions(record)
        ],
        "decisions": [
            {"at": format_iso_time(event.at), "who": event.who, "what": describe_order_event(event)} for event in found.events
        ],
    }  # fmt: skip
