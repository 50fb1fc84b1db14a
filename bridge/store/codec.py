"""Rows to values of the domain, and the fields that a step may write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import Connection

from bridge.order.model import Mode, Verdict
from bridge.order.states import State
from bridge.ports import (
    Attempt,
    ClosedAttempt,
    Delivery,
    Facts,
    Lease,
    NotificationRecord,
    OrderRecord,
    ParcelRecord,
)
from bridge.store.types import to_json

WRITABLE = frozenset(
    {
        "annotated",
        "approved_at",
        "approved_by",
        "approved_for",
        "approved_mode",
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
        "window_for",
        "window_until",
    }
)
"""Fields of OrderRecord that a Change may write. Its state, lease and counters move by the store's own rules."""

BRIDGE = "bridge"
"""Whom the bridge's own decisions are signed by."""

MODES = ("mode", "first_mode", "approved_mode")


def columns_of(values: Facts) -> dict[str, Any]:
    """The columns for a Change's values. Raises ValueError for a field that no step may write."""
    strange = set(values) - WRITABLE
    if strange:
        raise ValueError(f"a change may not write {', '.join(sorted(strange))}")
    columns = dict(values)
    if "items" in columns:
        columns["items"] = tuple(columns["items"])
    if columns.get("snapshot") is not None:
        columns["shop_updated_at"] = columns["snapshot"].updated_at
    return columns


def order_from(
    row: Any,
    *,
    attempt: Attempt | None = None,
    closed: Iterable[ClosedAttempt] = (),
    parcels: Iterable[ParcelRecord] = (),
) -> OrderRecord:
    """An order as the store has it. Rows of list pages have no snapshot."""
    data = row._mapping
    lease = None
    if data["lease_owner"] is not None:
        lease = Lease(data["id"], data["lease_owner"], data["lease_token"], data["lease_until"])
    plain = {
        name: data[name]
        for name in OrderRecord.__dataclass_fields__
        if name in data and name not in {"state", "items", "first_locations", *MODES}
    }
    plain |= {name: Mode(data[name]) for name in MODES if data.get(name)}
    places = data.get("first_locations")
    return OrderRecord(
        key=data["id"],
        state=State(data["state"]),
        items=tuple(data["items"]),
        first_locations=None if places is None else tuple(places),
        attempt=attempt,
        closed_attempts=tuple(closed),
        parcels=tuple(parcels),
        lease=lease,
        **plain,
    )


def closed_from(row: Any) -> ClosedAttempt:
    proven = (
        row.voided_by != BRIDGE or row.verdict in {Verdict.REFUSED, Verdict.NOT_SENT} or row.mode != Mode.LIVE
    )
    return ClosedAttempt(row.attempt, row.reference, proven)


def attempt_from(row: Any) -> Attempt:
    data = row._mapping
    return Attempt(
        key=data["id"],
        order=data["order_id"],
        number=data["number"],
        id=data["attempt"],
        token=data["token"],
        mode=Mode(data["mode"]),
        mapping_version=data["mapping_version"],
        created_at=data["created_at"],
        sent_at=data["sent_at"],
        answered_at=data["answered_at"],
        verdict=data["verdict"],
        why=data["why"],
        reference=data["reference"],
        voided_at=data["voided_at"],
        voided_by=data["voided_by"],
        cost=data["cost"],
        request=data["request"],
        answer=data["answer"],
    )


def parcel_from(row: Any) -> ParcelRecord:
    return ParcelRecord(row.parcel, row.found_at, row.pushed_at, row.fulfillment_id)


def notification_from(row: Any) -> NotificationRecord:
    return NotificationRecord(
        key=row.id,
        token=row.token,
        reference=row.reference,
        received_at=row.received_at,
        settled=row.settled,
        attempt_reference=row.attempt_reference,
    )


def delivery_from(row: Any, body: bytes) -> Delivery:
    return Delivery(
        shop=row.shop,
        webhook_id=row.webhook_id,
        topic=row.topic,
        body=body,
        received_at=row.received_at,
        event_id=row.event_id,
        api_version=row.api_version,
        triggered_at=row.triggered_at,
        key=row.id,
    )


def digest(facts: Facts) -> str:
    """Tells equal facts from others, in a length that an index can hold."""
    return hashlib.sha256(to_json(dict(facts)).encode()).hexdigest()[:32]


def insert_for(connection: Connection, table: Any) -> Any:
    """The INSERT of this database's dialect, which knows ON CONFLICT. Both spell it alike."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
