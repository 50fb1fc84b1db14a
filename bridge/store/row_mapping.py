"""Rows to values of the domain, and the fields that a step may write."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Connection

from bridge.order.authors import SERVICE
from bridge.order.model import Mode, Parcel, PrintItem, Verdict
from bridge.order.problems import Problem
from bridge.order.records import (
    Attempt,
    ClosedAttempt,
    ClosedPurchase,
    Delivery,
    Facts,
    Lease,
    NotificationRecord,
    OrderRecord,
    ParcelRecord,
)
from bridge.order.states import State
from bridge.store.types import Stored, UnreadableValue, to_json

WRITABLE = frozenset(
    {
        "annotated",
        "approved_at",
        "approved_by",
        "approved_for",
        "decided_mode",
        "approved_seen",
        "cost",
        "created_at",
        "decision",
        "decision_noted",
        "estimated_delivery",
        "first_locations",
        "first_mode",
        "held_at",
        "held_by",
        "items",
        "judged_by",
        "last_step",
        "mapping_version",
        "matched_at",
        "mode",
        "name",
        "origin",
        "paid_now",
        "placed_at",
        "polled_at",
        "print_status",
        "print_words",
        "read_news",
        "reference",
        "reference_by",
        "shipped_at",
        "shop_updated_at",
        "snapshot",
        "tried_at",
        "window_for",
        "window_until",
    }
)
"""Fields of OrderRecord that a Change may write. Its state, lease and counters move by the store's own rules."""

STORED_ITEMS = Stored(tuple[PrintItem, ...])
ITEMS = "print_items"
"""Under this name an attempt's request keeps the items themselves, beside the form's own `items`."""

MODES = ("mode", "first_mode", "decided_mode")
MODE_NAMES = frozenset(str(mode) for mode in Mode)
STATES = frozenset(str(state) for state in State)

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NUMBERS = frozenset({"news", "failures", "lease_token", "tries"})
NOTHING: dict[str, Any] = {
    "news": 0,
    "failures": 0,
    "lease_token": 0,
    "tries": 0,
    "first_seen_at": LONG_AGO,
    "updated_at": LONG_AGO,
    "facts": {},
    "items": (),
}
"""What stands in the place of a column that must have a value, where that cannot be read."""


def build_columns(values: Facts) -> dict[str, Any]:
    """The columns for a Transition's values. Raises ValueError for a field that no step may write."""
    strange = set(values) - WRITABLE
    if strange:
        raise ValueError(f"a change may not write {', '.join(sorted(strange))}")
    columns = dict(values)
    if "items" in columns:
        columns["items"] = tuple(columns["items"])
    if columns.get("snapshot") is not None:
        columns["shop_updated_at"] = columns["snapshot"].updated_at
    return columns


def build_order(
    row: Any,
    *,
    attempt: Attempt | None = None,
    closed_attempts: Iterable[ClosedAttempt] = (),
    doubted_token: str | None = None,
    closed: Iterable[ClosedPurchase] = (),
    parcels: Iterable[ParcelRecord] = (),
    damage: Iterable[str] = (),
    in_force: Mode | None = None,
) -> OrderRecord:
    """An order as the store has it. Rows of list pages have no snapshot.

    Where something of it cannot be read (here, or in rows beside it: `damage`), the order is given as one that
    needs a person, with nothing in the place of what is damaged; its row is as it was.
    """
    data = dict(row._mapping)
    broken = [*_repair_columns(data), *damage]
    lease = None
    if data["lease_owner"] is not None and data["lease_until"] is not None:
        lease = Lease(data["id"], data["lease_owner"], data["lease_token"], data["lease_until"])
    if broken:
        _mark_damaged(data, broken)
    plain = {
        name: data[name]
        for name in OrderRecord.__dataclass_fields__
        if name in data and name not in {"state", "items", "bare", *MODES}
    }
    plain |= {name: Mode(data[name]) for name in MODES if data.get(name)}
    return OrderRecord(
        key=data["id"],
        state=State(data["state"]),
        items=tuple(data["items"]),
        bare=tuple(data.get("bare") or ()),
        attempt=attempt,
        closed_attempts=tuple(closed_attempts),
        doubted_token=doubted_token,
        closed=tuple(closed),
        parcels=tuple(parcels),
        lease=lease,
        damage=tuple(broken),
        in_force=in_force,
        **plain,
    )


def build_closed_attempt(row: Any) -> ClosedAttempt:
    proven = (
        row.voided_by != SERVICE
        or row.verdict in {Verdict.REFUSED, Verdict.NOT_SENT}
        or row.mode != Mode.LIVE
    )
    return ClosedAttempt(row.attempt, row.reference, proven)


def _repair_columns(data: dict[str, Any]) -> list[str]:
    """Put nothing in the place of what cannot be read of an order's row; gives the names of those columns."""
    broken = []
    for name, value in data.items():
        if not _is_readable(name, value):
            data[name] = NOTHING.get(name)
            broken.append(name)
    if data["state"] not in STATES:
        data["state"] = State.ATTENTION
        broken.append("state")
    for name in MODES:
        if data.get(name) and data[name] not in MODE_NAMES:
            data[name] = None
            broken.append(name)
    return broken


def _is_readable(name: str, value: object) -> bool:
    if isinstance(value, UnreadableValue):
        return False
    if name in NUMBERS:
        return isinstance(value, int)
    if name in {"read_news", "tries_news"}:
        return value is None or isinstance(value, int)
    if name == "facts":
        return isinstance(value, dict)
    if name == "first_locations":
        return value is None or (
            isinstance(value, dict) and all(isinstance(one, list) for one in value.values())
        )
    return not (name in NOTHING and value is None)


def _mark_damaged(data: dict[str, Any], broken: list[str]) -> None:
    """How an order with a damaged row is shown, and set aside (`leases.set_aside_order`)."""
    if data["problem"] != Problem.INTERNAL or not data["facts"].get("damaged"):
        why = f"what the database holds of it cannot be read ({', '.join(broken)})"
        was = {"was": str(data["state"]), "was_reason": data["reason"]}
        data["facts"] = {"why": why, "damaged": True, **was}
    data |= {"state": State.ATTENTION, "problem": Problem.INTERNAL, "reason": None, "due_at": None}


def build_attempt(row: Any) -> Attempt:
    """An attempt, read for the worst where something of it cannot be read: as sent, in live mode, not void.
    `list_damage` names what that is."""
    data = row._mapping
    created = read_moment(data["created_at"])
    request = read_facts(data["request"])
    sent = created if isinstance(data["sent_at"], UnreadableValue) else data["sent_at"]
    return Attempt(
        key=data["id"],
        order=data["order_id"],
        number=data["number"],
        id=data["attempt"],
        token=data["token"],
        mode=Mode(data["mode"]) if data["mode"] in MODE_NAMES else Mode.LIVE,
        mapping_version=data["mapping_version"],
        created_at=created,
        sent_at=sent,
        answered_at=read_value(data["answered_at"]),
        verdict=data["verdict"],
        why=data["why"],
        reference=data["reference"],
        voided_at=read_value(data["voided_at"]),
        voided_by=data["voided_by"],
        cost=read_value(data["cost"]),
        request={name: value for name, value in request.items() if name != ITEMS},
        items=read_request_items(request),
        answer=read_value(data["answer"]),
    )


def build_closed_purchase(row: Any) -> ClosedPurchase:
    """A closed purchase, read for the worst where something of it cannot be read: as live, and to be looked at."""
    return ClosedPurchase(
        reference=row.reference,
        token=row.token,
        mode=Mode(row.mode) if row.mode in MODE_NAMES else Mode.LIVE,
        closed_at=read_moment(row.closed_at),
        status=row.status,
        words=row.words,
        looked_at=read_value(row.looked_at),
        look_at=read_moment(row.look_at) if isinstance(row.look_at, UnreadableValue) else row.look_at,
        alive_at=read_value(row.alive_at),
    )


def build_parcel(row: Any) -> ParcelRecord:
    """A parcel; one that cannot be read is known by its number. `list_damage` names what that is."""
    parcel = Parcel(row.number) if isinstance(row.parcel, UnreadableValue) else row.parcel
    return ParcelRecord(parcel, read_moment(row.found_at), read_value(row.pushed_at), row.fulfillment_id)


def list_damage(what: str, row: Any) -> list[str]:
    """What of the row of an attempt or a parcel cannot be read, each as "attempt 2: answer"."""
    broken = [name for name, value in row._mapping.items() if isinstance(value, UnreadableValue)]
    if "mode" in row._mapping and row.mode not in MODE_NAMES:
        broken.append("mode")
    if "request" in row._mapping and not isinstance(row.request, dict | UnreadableValue):
        broken.append("request")
    return [f"{what} {row.number}: {name}" for name in broken]


def read_value(value: Any) -> Any:
    """The value, or None in the place of one that cannot be read."""
    return None if isinstance(value, UnreadableValue) else value


def parse_state(text: Any) -> State | None:
    """A state as it was stored; None for none, and for one that this program does not know."""
    return State(text) if text in STATES else None


def read_facts(value: Any) -> dict[str, Any]:
    """Facts as they were stored; none in the place of what cannot be read."""
    return value if isinstance(value, dict) else {}


def build_request(request: Facts, items: tuple[PrintItem, ...]) -> dict[str, Any]:
    """What an attempt keeps of its request: the form, and the items as the order has them."""
    return {**request, **({ITEMS: STORED_ITEMS.adapter.dump_python(items, mode="json")} if items else {})}


def read_request_items(request: Facts) -> tuple[PrintItem, ...]:
    """The items that an attempt was opened with; none where they are not on record or cannot be read."""
    try:
        return tuple(STORED_ITEMS.adapter.validate_python(request.get(ITEMS, ())))
    except ValueError:
        return ()


def read_moment(value: Any, otherwise: datetime = LONG_AGO) -> datetime:
    """A time as it was stored, or another one in the place of what cannot be read."""
    return value if isinstance(value, datetime) else otherwise


def build_notification(row: Any) -> NotificationRecord:
    return NotificationRecord(
        key=row.id,
        token=row.token,
        reference=row.reference,
        received_at=read_moment(row.received_at),
        settled=row.settled,
        attempt_reference=row.attempt_reference,
        attempt_mode=Mode(row.attempt_mode),
    )


def build_delivery(row: Any, body: bytes) -> Delivery:
    return Delivery(
        shop=row.shop,
        webhook_id=row.webhook_id,
        topic=row.topic,
        body=body,
        received_at=read_moment(row.received_at),
        event_id=row.event_id,
        api_version=row.api_version,
        triggered_at=read_value(row.triggered_at),
        key=row.id,
    )


def read_body(row: Any) -> bytes:
    """The body of a delivery, byte for byte. Raises zlib.error and TypeError for one that is damaged."""
    return zlib.decompress(row.body) if row.packed else bytes(row.body)


def compute_facts_digest(facts: Facts) -> str:
    """Tells equal facts from others, in a length that an index can hold."""
    return hashlib.sha256(to_json(dict(facts)).encode()).hexdigest()[:32]


def build_insert(connection: Connection, table: Any) -> Any:
    """The INSERT of this database's dialect, which knows ON CONFLICT. Both spell it alike."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
