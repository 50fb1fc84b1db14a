"""One order as the terminal shows it: for people and, with `--json`, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import click

from bridge.cli._options import printable
from bridge.cli._order_context import (
    Desk,
    iso,
    local,
    name_of,
    sentence_of,
)
from bridge.decisions.line_overrides import (
    SCOPES,
    Line,
)
from bridge.order.explanations import describe_remedy
from bridge.order.line_overrides import describe_designs
from bridge.order.matching import NotPrinted, Unmapped
from bridge.order.model import STATUS_MEANING, PrintStatus
from bridge.order.records import Attempt, OrderRecord
from bridge.order.timeline import describe_event
from bridge.store.queries import AlarmRecord, EventRecord


@dataclass(frozen=True, slots=True)
class Whole:
    """An order with all that is known of it."""

    record: OrderRecord
    lines: Sequence[Line]
    events: Sequence[EventRecord]
    attempts: Sequence[Attempt]
    alarms: Sequence[AlarmRecord]


async def whole(desk: Desk, text: str) -> Whole:
    """Raises NotFound."""
    record, queries = await desk.order(text), desk.store.queries
    return Whole(
        record,
        await desk.lines(record),
        await queries.list_events(record.key),
        await queries.list_attempts(record.key),
        await queries.list_alarms(open_only=False, order=record.key),
    )


def print_order(order: OrderRecord, attempts: Sequence[Attempt], alarms: Sequence[AlarmRecord]) -> None:
    lines: list[tuple[str, object]] = [
        ("Order", f"{name_of(order)} of {order.shop}"),
        ("State", f"{order.state}: {sentence_of(order)}"),
    ]
    todo = describe_remedy(order.state, order.problem, order.facts, name_of(order), reason=order.reason)
    lines += [("To do", todo)] if todo else []
    lines += [("Failing", f"{order.failures} times: {order.last_error}")] if order.last_error else []
    lines += [("Next look", local(order.due_at))] if order.due_at else []
    lines += [("Mode", f"{order.mode} (nothing is made nor billed)")] if order.mode == "test" else []
    lines += (
        [("Sculpteo", f"{order.reference}, {_status(order.print_status, order.print_words)}")]
        if order.reference
        else []
    )
    lines += [("Cost", f"{order.cost.amount} {order.cost.currency} without shipping")] if order.cost else []
    lines += [("Prints", _print(item)) for item in order.items]
    lines += [("Parcel", _parcel(parcel)) for parcel in order.parcels]
    lines += [("Attempt", _attempt(attempt)) for attempt in attempts]
    lines += [
        ("Closed", f"{one.reference} at Sculpteo, {_status(one.status, one.words)}") for one in order.closed
    ]
    lines += [("Alarm", alarm_sentence(alarm)) for alarm in alarms if alarm.cleared_at is None]
    for name, value in lines:
        click.echo(f"{name:<10} {printable(value)}")


def _status(status: str | None, words: str | None) -> str:
    """What Sculpteo says, and what that means."""
    if status in set(PrintStatus):
        return f"{words or status} ({STATUS_MEANING[PrintStatus(status)]})"
    return words or "no status yet"


def _print(item: Any) -> str:
    design = item.design
    details = [design.material, f"scale {design.scale} ({design.unit})" if design.scale else None]
    return f"{item.quantity} x {design.uuid} for {item.sku} ({', '.join(filter(None, details)) or 'as uploaded'})"


def _parcel(known: Any) -> str:
    in_shop = "in the shop" if known.pushed_at else "not in the shop yet"
    return f"{known.parcel.number} by {known.parcel.carrier or 'an unnamed carrier'}, {in_shop}"


def _attempt(attempt: Attempt) -> str:
    sent = f"sent {local(attempt.sent_at)}" if attempt.sent_at else "not sent"
    void = f", void: {attempt.why}" if attempt.voided_at else ""
    return f"{attempt.number} ({attempt.mode}): {sent}, {attempt.verdict or 'no answer'}{void}"


def alarm_sentence(alarm: AlarmRecord) -> str:
    return describe_event("alarm", {**alarm.facts, "alarm": alarm.alarm}).removeprefix("ALARM: ")


def sentence(event: EventRecord) -> str:
    return describe_event(
        event.kind,
        event.facts,
        source=event.source,
        target=event.target,
        reason=event.reason,
        problem=event.problem,
    )


def history(events: Sequence[EventRecord]) -> Iterator[tuple[str, str, str]]:
    """The timeline, with runs of equal lines as one."""
    for (who, said), group in groupby(events, key=lambda event: (event.who, sentence(event))):
        run = list(group)
        times = f" ({len(run)} times, the last at {local(run[-1].at)})" if len(run) > 1 else ""
        yield local(run[0].at), who, said + times


def listed(order: OrderRecord) -> dict[str, Any]:
    return {
        "order": name_of(order),
        "shop": order.shop,
        "order_id": order.order_id,
        "state": order.state,
        "why": sentence_of(order),
        "reason": order.reason,
        "problem": order.problem,
        "reference": order.reference,
        "mode": order.mode,
        "cost": order.cost and {"amount": str(order.cost.amount), "currency": order.cost.currency},
        "print_status": order.print_status,
        "first_seen_at": iso(order.first_seen_at),
        "updated_at": iso(order.updated_at),
        "due_at": iso(order.due_at),
        "failures": order.failures,
        "last_error": order.last_error,
    }


def shown(found: Whole) -> dict[str, Any]:
    """All but the customer and the secrets: an attempt's token opens its notification URL."""
    order, events, attempts, alarms = found.record, found.events, found.attempts, found.alarms
    return {
        **listed(order),
        "seen": order.decision_digest,
        "remedy": describe_remedy(order.state, order.problem, order.facts, name_of(order), reason=order.reason),
        "items": [
            {"sku": item.sku, "design": item.design.uuid, "material": item.design.material,
             "scale": item.design.scale and str(item.design.scale), "unit": item.design.unit,
             "quantity": item.quantity}
            for item in order.items
        ],
        "lines": [
            {"line": one.number, "sku": one.item.sku, "title": one.item.title,
             "quantity": one.item.current_quantity, "what": _what(one), "decided_by": _decided_by(one)}
            for one in found.lines
        ],
        "mapping_version": order.mapping_version,
        "parcels": [
            {"number": one.parcel.number, "carrier": one.parcel.carrier, "url": one.parcel.url,
             "found_at": iso(one.found_at), "pushed_at": iso(one.pushed_at)}
            for one in order.parcels
        ],
        "attempts": [
            {"number": one.number, "id": one.id, "mode": one.mode, "created_at": iso(one.created_at),
             "sent_at": iso(one.sent_at), "answered_at": iso(one.answered_at), "verdict": one.verdict,
             "why": one.why, "reference": one.reference, "voided_at": iso(one.voided_at),
             "voided_by": one.voided_by, "request": one.request}
            for one in attempts
        ],
        "closed": [
            {"reference": one.reference, "mode": one.mode, "closed_at": iso(one.closed_at),
             "status": one.status, "looked_at": iso(one.looked_at), "alive_at": iso(one.alive_at)}
            for one in order.closed
        ],
        "alarms": [
            {"alarm": one.alarm, "sentence": alarm_sentence(one), "raised_at": iso(one.raised_at),
             "cleared_at": iso(one.cleared_at), "cleared_by": one.cleared_by}
            for one in alarms
        ],
        "history": [
            {"at": iso(event.at), "who": event.who, "kind": event.kind, "what": sentence(event)}
            for event in events
        ],
    }  # fmt: skip


def line_rows(lines: Sequence[Line]) -> Iterator[tuple[object, ...]]:
    for line in lines:
        yield line.number, line.item.sku or line.item.title, line.item.current_quantity, _what(line)


def _what(line: Line) -> str:
    """What is done with a line, and who decided so."""
    judged = line.judged
    if isinstance(judged.match, NotPrinted):
        said = f"not printed ({judged.match.rule})"
    elif isinstance(judged.match, Unmapped):
        option = f" for {judged.match.option} = {judged.match.value}" if judged.match.option else ""
        said = f"no design is mapped{option}"
    else:
        said = describe_designs(line.designs)
    if judged.rule and judged.rule.is_printed:
        said += f" ({judged.rule.who} decided so for this order)"
    if judged.overruled:
        who, scope = judged.overruled.who, SCOPES[judged.overruled.scope]
        said += f"; {who} had decided not to print {scope}, but the configuration maps it now"
    return said


def _decided_by(line: Line) -> str | None:
    return line.judged.rule.who if line.judged.rule else None
