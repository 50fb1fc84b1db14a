"""`sculpteo-bridge why`: every decision about one order in plain words, what is next, and what one can do."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli._options import config_option, echo_json, echo_table, json_option, printable
from bridge.cli._order_context import (
    iso,
    local,
    look_at_desk,
    name_of,
    sentence_of,
)
from bridge.cli._order_view import Whole, alarm_sentence, history, sentence, whole
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
    found = look_at_desk(config, lambda desk: whole(desk, order))
    if as_json:
        echo_json(_told(found))
        return
    record = found.record
    click.echo(f"{name_of(record)} of {record.shop} is {record.state}.\n")
    rows = [
        ("Why", sentence_of(record)),
        ("Next", _next(found)),
        *(("To do", one) for one in _remedies(found)),
        *([("Address", checked)] if (checked := _address_check(found)) else []),
    ]
    if record.last_error:
        rows.insert(1, ("Failing", f"{record.failures} times in a row: {record.last_error}"))
    for name, text in rows:
        click.echo(f"{name:<8} {printable(text)}")
    actions = list_available_actions(record)
    if actions or _mappable(found):
        click.echo("\nWhat you can do")
        echo_table(("Command", "What happens"), _offers(found, actions))
    click.echo("\nWhat was decided")
    echo_table(("When", "Who", "What"), list(history(found.events)))


def _next(found: Whole) -> str:
    due = found.record.due_at
    said = describe_next_step(found.record.state, due is not None)
    return f"{said} At {local(due)} at the latest." if due else said


def _remedies(found: Whole) -> list[str]:
    record = found.record
    todo = describe_remedy(record.state, record.problem, record.facts, name_of(record), reason=record.reason)
    alarms = [f"ALARM: {alarm_sentence(one)}" for one in found.alarms if one.cleared_at is None]
    return [*([todo] if todo else []), *alarms]


def _address_check(found: Whole) -> str | None:
    """What Shopify says of the address, while there is one on record."""
    snapshot = found.record.snapshot
    return describe_address_check(snapshot.address_verdict) if snapshot and snapshot.address else None


def _mappable(found: Whole) -> bool:
    return any(line.is_unmapped for line in found.lines)


def _offers(found: Whole, actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    order = name_of(found.record).lstrip("#")
    offers = [
        (
            f"orders map {order} --line {line.number} ...",
            f"Say what {line.name} is, or that it is not printed.",
        )
        for line in found.lines
        if line.is_unmapped
    ]
    return offers + [(_spelled(action, order), action.sentence) for action in actions]


def _spelled(action: Action, order: str) -> str:
    pattern = COMMANDS.get(action.name, f"orders {action.name.replace('_', '-')} {{order}}")
    return pattern.format(order=order)


def _told(found: Whole) -> dict[str, object]:
    record = found.record
    return {
        "order": name_of(record),
        "shop": record.shop,
        "state": record.state,
        "why": sentence_of(record),
        "next": _next(found),
        "due_at": iso(record.due_at),
        "failing": record.last_error,
        "to_do": _remedies(found),
        "address_check": _address_check(found),
        "can": [
            {"action": action.name, "command": _spelled(action, name_of(record).lstrip("#")),
             "what": action.sentence, "money": action.at_stake(record)}
            for action in list_available_actions(record)
        ],
        "decisions": [
            {"at": iso(event.at), "who": event.who, "what": sentence(event)} for event in found.events
        ],
    }  # fmt: skip
