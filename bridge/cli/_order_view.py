"""One order as the terminal shows it: for people and, with `--json`, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from bridge.cli._options import to_printable
from bridge.cli._order_context import (
    OrderContext,
    describe_record,
    format_iso_time,
    format_local_time,
    get_order_name,
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

if TYPE_CHECKING:
    from bridge.store.queries import AlarmRecord, EventRecord


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order with all that is known of it."""

    record: OrderRecord
    lines: Sequence[Line]
    events: Sequence[EventRecord]
    attempts: Sequence[Attempt]
    alarms: Sequence[AlarmRecord]


async def load_order_details(desk: OrderContext, text: str) -> OrderDetails:
    """Raises NotFound."""
    record, queries = await desk.load_order(text), desk.store.queries
    return OrderDetails(
        record,
        await desk.load_lines(record),
        await queries.list_events(record.key),
        await queries.list_attempts(record.key),
        await queries.list_alarms(open_only=False, order=record.key),
    )


def print_order(order: OrderRecord, attempts: Sequence[Attempt], alarms: Sequence[AlarmRecord]) -> None:
    lines: list[tuple[str, object]] = [
        ("Order", f"{get_order_name(order)} of {order.shop}"),
        ("State", f"{order.state}: {describe_record(order)}"),
    ]
    todo = describe_remedy(
        order.state, order.problem, order.facts, get_order_name(order), reason=order.reason
    )
    lines += [("To do", todo)] if todo else []
    lines += [("Failing", f"{order.failures} times: {order.last_error}")] if order.last_error else []
    lines += [("Next look", format_local_time(order.due_at))] if order.due_at else []
    lines += [("Mode", f"{order.mode} (nothing is made nor billed)")] if order.mode == "test" else []
    lines += (
        [("Sculpteo", f"{order.reference}, {_format_print_status(order.print_status, order.print_words)}")]
        if order.reference
        else []
    )
    lines += [("Cost", f"{order.cost.amount} {order.cost.currency} without shipping")] if order.cost else []
    lines += [("Prints", _format_print_item(item)) for item in order.items]
    lines += [("Parcel", _format_parcel(parcel)) for parcel in order.parcels]
    lines += [("Attempt", _format_attempt(attempt)) for attempt in attempts]
    lines += [
        ("Closed", f"{one.reference} at Sculpteo, {_format_print_status(one.status, one.words)}")
        for one in order.closed
    ]
    lines += [("Alarm", describe_alarm_record(alarm)) for alarm in alarms if alarm.cleared_at is None]
    for name, value in lines:
        click.echo(f"{name:<10} {to_printable(value)}")


def _format_print_status(status: str | None, words: str | None) -> str:
    """What Sculpteo says, and what that means."""
    if status in set(PrintStatus):
        return f"{words or status} ({STATUS_MEANING[PrintStatus(status)]})"
    return words or "no status yet"


def _format_print_item(item: Any) -> str:
    design = item.design
    details = [design.material, f"scale {design.scale} ({design.unit})" if design.scale else None]
    return f"{item.quantity} x {design.uuid} for {item.sku} ({', '.join(filter(None, details)) or 'as uploaded'})"


def _format_parcel(known: Any) -> str:
    in_shop = "in the shop" if known.pushed_at else "not in the shop yet"
    return f"{known.parcel.number} by {known.parcel.carrier or 'an unnamed carrier'}, {in_shop}"


def _format_attempt(attempt: Attempt) -> str:
    sent = f"sent {format_local_time(attempt.sent_at)}" if attempt.sent_at else "not sent"
    void = f", void: {attempt.why}" if attempt.voided_at else ""
    return f"{attempt.number} ({attempt.mode}): {sent}, {attempt.verdict or 'no answer'}{void}"


def describe_alarm_record(alarm: AlarmRecord) -> str:
    return describe_event("alarm", {**alarm.facts, "alarm": alarm.alarm}).removeprefix("ALARM: ")


def describe_order_event(event: EventRecord) -> str:
    return describe_event(
        event.kind,
        event.facts,
        source=event.source,
        target=event.target,
        reason=event.reason,
        problem=event.problem,
    )


def build_timeline_rows(events: Sequence[EventRecord]) -> Iterator[tuple[str, str, str]]:
    """The timeline, with runs of equal lines as one."""
    for (who, said), group in groupby(events, key=lambda event: (event.who, describe_order_event(event))):
        run = list(group)
        times = f" ({len(run)} times, the last at {format_local_time(run[-1].at)})" if len(run) > 1 else ""
        yield format_local_time(run[0].at), who, said + times


def dump_order(order: OrderRecord) -> dict[str, Any]:
    return {
        "order": get_order_name(order),
        "shop": order.shop,
        "order_id": order.order_id,
        "state": order.state,
        "why": describe_record(order),
        "reason": order.reason,
        "problem": order.problem,
        "reference": order.reference,
        "mode": order.mode,
        "cost": order.cost and {"amount": str(order.cost.amount), "currency": order.cost.currency},
        "print_status": order.print_status,
        "first_seen_at": format_iso_time(order.first_seen_at),
        "updated_at": format_iso_time(order.updated_at),
        "due_at": format_iso_time(order.due_at),
        "failures": order.failures,
        "last_error": order.last_error,
    }


def dump_order_details(found: OrderDetails) -> dict[str, Any]:
    """All but the customer and the secrets: an attempt's token opens its notification URL."""
    order, events, attempts, alarms = found.record, found.events, found.attempts, found.alarms
    return {
        **dump_order(order),
        "seen": order.decision_digest,
        "remedy": describe_remedy(order.state, order.problem, order.facts, get_order_name(order), reason=order.reason),
        "items": [
            {"sku": item.sku, "design": item.design.uuid, "material": item.design.material,
             "scale": item.design.scale and str(item.design.scale), "unit": item.design.unit,
             "quantity": item.quantity}
            for item in order.items
        ],
        "lines": [
            {"line": one.number, "sku": one.item.sku, "title": one.item.title,
             "quantity": one.item.current_quantity, "what": _describe_line(one), "decided_by": _find_line_decider(one)}
            for one in found.lines
        ],
        "mapping_version": order.mapping_version,
        "parcels": [
            {"number": one.parcel.number, "carrier": one.parcel.carrier, "url": one.parcel.url,
             "found_at": format_iso_time(one.found_at), "pushed_at": format_iso_time(one.pushed_at)}
            for one in order.parcels
        ],
        "attempts": [
            {"number": one.number, "id": one.id, "mode": one.mode, "created_at": format_iso_time(one.created_at),
             "sent_at": format_iso_time(one.sent_at), "answered_at": format_iso_time(one.answered_at), "verdict": one.verdict,
             "why": one.why, "reference": one.reference, "voided_at": format_iso_time(one.voided_at),
             "voided_by": one.voided_by, "request": one.request}
            for one in attempts
        ],
        "closed": [
            {"reference": one.reference, "mode": one.mode, "closed_at": format_iso_time(one.closed_at),
             "status": one.status, "looked_at": format_iso_time(one.looked_at), "alive_at": format_iso_time(one.alive_at)}
            for one in order.closed
        ],
        "alarms": [
            {"alarm": one.alarm, "sentence": describe_alarm_record(one), "raised_at": format_iso_time(one.raised_at),
             "cleared_at": format_iso_time(one.cleared_at), "cleared_by": one.cleared_by}
            for one in alarms
        ],
        "history": [
            {"at": format_iso_time(event.at), "who": event.who, "kind": event.kind, "what": describe_order_event(event)}
            for event in events
        ],
    }  # fmt: skip


def build_line_rows(lines: Sequence[Line]) -> Iterator[tuple[object, ...]]:
    for line in lines:
        yield line.number, line.item.sku or line.item.title, line.item.current_quantity, _describe_line(line)


def _describe_line(line: Line) -> str:
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


def _find_line_decider(line: Line) -> str | None:
    return line.judged.rule.who if line.judged.rule else None
