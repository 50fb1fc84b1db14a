"""`sculpteo-bridge orders`: the orders that the bridge has on record, and why each stands where it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import click

from bridge.cli._options import config_option, echo_json, echo_table, json_option, load_or_exit, printable
from bridge.errors import BridgeError
from bridge.order.history import tell
from bridge.order.states import State
from bridge.order.why import remedy, why
from bridge.ports import Attempt, OrderRecord
from bridge.store.queries import AlarmRecord, Event, Filter
from bridge.store.store import Store

T = TypeVar("T")


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@click.group()
def command() -> None:
    """The orders on record."""


@command.command("list")
@config_option
@click.option(
    "--state",
    "states",
    type=click.Choice([str(state) for state in State]),
    multiple=True,
    help="Only orders in this state; may be given several times.",
)
@click.option("--shop", help="Only orders of this shop.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@json_option
def list_orders(config: Path, states: tuple[str, ...], shop: str | None, limit: int, as_json: bool) -> None:
    """List orders, newest first."""
    filters = Filter([State(state) for state in states], shop)
    found = _ask(config, lambda store: store.queries.page(filters, limit=limit))
    if as_json:
        echo_json([_listed(order) for order in found])
        return
    rows = [
        (_name(order), order.shop, order.state, _why(order), order.reference, _local(order.due_at))
        for order in found
    ]
    echo_table(("Order", "Shop", "State", "Why", "Sculpteo", "Next look"), rows)
    if len(found) == limit:
        click.echo(f"The newest {limit} are shown; --limit shows more.", err=True)


@command.command("show")
@config_option
@click.argument("order")
@json_option
def show_order(config: Path, order: str, as_json: bool) -> None:
    """Show one order and its history. ORDER is its name (#1001 or 1001, shop/1001), Shopify's id, Sculpteo's
    reference or a tracking number."""
    record, events, attempts, alarms = _ask(config, lambda store: _all_of(store, order))
    if as_json:
        echo_json(_shown(record, events, attempts, alarms))
        return
    _print_order(record, attempts, alarms)
    click.echo("\nHistory")
    echo_table(("When", "Who", "What"), list(_history(events)))


def _ask(config: Path, question: Callable[[Store], Awaitable[T]]) -> T:
    """Ask the store of the configuration. A database that is not there yet is not made."""
    url = load_or_exit(config).settings.database.get_secret_value()

    async def ask() -> T:
        async with Store.open(url, clock=SystemClock(), create=False) as store:
            return await question(store)

    try:
        return asyncio.run(ask())
    except BridgeError as error:
        raise click.ClickException(str(error)) from None


async def _all_of(
    store: Store, text: str
) -> tuple[OrderRecord, list[Event], list[Attempt], list[AlarmRecord]]:
    found = await store.queries.find(text)
    if not found:
        raise click.ClickException(f"no order is called {text}")
    if len(found) > 1:
        names = ", ".join(f"{order.shop}/{_name(order)}" for order in found)
        raise click.ClickException(f"several orders are called {text}: say which, of {names}")
    key = found[0].key
    queries = store.queries
    alarms = await queries.alarms(open_only=False, order=key)
    return found[0], await queries.events(key), await queries.attempts(key), alarms


def _name(order: OrderRecord) -> str:
    return order.name or order.order_id


def _why(order: OrderRecord) -> str:
    return why(order.state, order.reason, order.problem, order.facts)


def _local(at: datetime | None) -> str:
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def _print_order(order: OrderRecord, attempts: Sequence[Attempt], alarms: Sequence[AlarmRecord]) -> None:
    lines: list[tuple[str, object]] = [
        ("Order", f"{_name(order)} of {order.shop}"),
        ("State", f"{order.state}: {_why(order)}"),
    ]
    todo = remedy(order.state, order.problem, order.facts, _name(order))
    lines += [("To do", todo)] if todo else []
    lines += [("Failing", f"{order.failures} times: {order.last_error}")] if order.last_error else []
    lines += [("Next look", _local(order.due_at))] if order.due_at else []
    lines += [("Mode", f"{order.mode} (nothing is made nor billed)")] if order.mode == "test" else []
    lines += (
        [("Sculpteo", f"{order.reference}, {order.print_words or 'no status yet'}")]
        if order.reference
        else []
    )
    lines += [("Cost", f"{order.cost.amount} {order.cost.currency} without shipping")] if order.cost else []
    lines += [("Prints", _print(item)) for item in order.items]
    lines += [("Parcel", _parcel(parcel)) for parcel in order.parcels]
    lines += [("Attempt", _attempt(attempt)) for attempt in attempts]
    lines += [("Alarm", _alarm(alarm)) for alarm in alarms if alarm.cleared_at is None]
    for name, value in lines:
        click.echo(f"{name:<10} {printable(value)}")


def _print(item: Any) -> str:
    design = item.design
    details = [design.material, f"scale {design.scale} {design.unit}" if design.scale else None]
    return f"{item.quantity} x {design.uuid} for {item.sku} ({', '.join(filter(None, details)) or 'as uploaded'})"


def _parcel(known: Any) -> str:
    in_shop = "in the shop" if known.pushed_at else "not in the shop yet"
    return f"{known.parcel.number} by {known.parcel.carrier or 'an unnamed carrier'}, {in_shop}"


def _attempt(attempt: Attempt) -> str:
    sent = f"sent {_local(attempt.sent_at)}" if attempt.sent_at else "not sent"
    void = f", void: {attempt.why}" if attempt.voided_at else ""
    return f"{attempt.number} ({attempt.mode}): {sent}, {attempt.verdict or 'no answer'}{void}"


def _alarm(alarm: AlarmRecord) -> str:
    return tell("alarm", {**alarm.facts, "alarm": alarm.alarm}).removeprefix("ALARM: ")


def _sentence(event: Event) -> str:
    return tell(
        event.kind,
        event.facts,
        source=event.source,
        target=event.target,
        reason=event.reason,
        problem=event.problem,
    )


def _history(events: Sequence[Event]) -> Iterator[tuple[str, str, str]]:
    """The timeline, with runs of equal lines as one."""
    for (who, sentence), group in groupby(events, key=lambda event: (event.who, _sentence(event))):
        run = list(group)
        times = f" ({len(run)} times, the last at {_local(run[-1].at)})" if len(run) > 1 else ""
        yield _local(run[0].at), who, sentence + times


def _listed(order: OrderRecord) -> dict[str, Any]:
    return {
        "order": _name(order),
        "shop": order.shop,
        "order_id": order.order_id,
        "state": order.state,
        "why": _why(order),
        "reason": order.reason,
        "problem": order.problem,
        "reference": order.reference,
        "mode": order.mode,
        "cost": order.cost and {"amount": str(order.cost.amount), "currency": order.cost.currency},
        "print_status": order.print_status,
        "first_seen_at": _iso(order.first_seen_at),
        "updated_at": _iso(order.updated_at),
        "due_at": _iso(order.due_at),
        "failures": order.failures,
        "last_error": order.last_error,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _shown(
    order: OrderRecord, events: Sequence[Event], attempts: Sequence[Attempt], alarms: Sequence[AlarmRecord]
) -> dict[str, Any]:
    """All but the customer and the secrets: an attempt's token opens its notification URL."""
    return {
        **_listed(order),
        "remedy": remedy(order.state, order.problem, order.facts, _name(order)),
        "items": [
            {"sku": item.sku, "design": item.design.uuid, "material": item.design.material,
             "scale": item.design.scale and str(item.design.scale), "unit": item.design.unit,
             "quantity": item.quantity}
            for item in order.items
        ],
        "mapping_version": order.mapping_version,
        "parcels": [
            {"number": one.parcel.number, "carrier": one.parcel.carrier, "url": one.parcel.url,
             "found_at": _iso(one.found_at), "pushed_at": _iso(one.pushed_at)}
            for one in order.parcels
        ],
        "attempts": [
            {"number": one.number, "id": one.id, "mode": one.mode, "created_at": _iso(one.created_at),
             "sent_at": _iso(one.sent_at), "answered_at": _iso(one.answered_at), "verdict": one.verdict,
             "why": one.why, "reference": one.reference, "voided_at": _iso(one.voided_at),
             "voided_by": one.voided_by, "request": one.request}
            for one in attempts
        ],
        "alarms": [
            {"alarm": one.alarm, "sentence": _alarm(one), "raised_at": _iso(one.raised_at),
             "cleared_at": _iso(one.cleared_at), "cleared_by": one.cleared_by}
            for one in alarms
        ],
        "history": [
            {"at": _iso(event.at), "who": event.who, "kind": event.kind, "what": _sentence(event)}
            for event in events
        ],
    }  # fmt: skip
