"""Rows to values of the domain, and the fields that a step may write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import Connection

from bridge.order.model import Mode
from bridge.order.states import State
from bridge.ports import (
    Attempt,
    ClosedPurchase,
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
        "decided_mode",
        "approved_seen",
        "cost",
        "created_at",
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
        "shipped_at",
        "shop_updated_at",
        "snapshot",
        "window_for",
        "window_until",
    }
)
"""Fields of OrderRecord that a Change may write. Its state, lease and counters move by the store's own rules."""

MODES = ("mode", "first_mode", "decided_mode")


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
    void_attempts: Iterable[str] = (),
    doubted_token: str | None = None,
    closed: Iterable[ClosedPurchase] = (),
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
        if name in data and name not in {"state", "items", *MODES}
    }
    plain |= {name: Mode(data[name]) for name in MODES if data.get(name)}
    return OrderRecord(
        key=data["id"],
        state=State(data["state"]),
        items=tuple(data["items"]),
        attempt=attempt,
        void_attempts=tuple(void_attempts),
        doubted_token=doubted_token,
        closed=tuple(closed),
        parcels=tuple(parcels),
        lease=lease,
        **plain,
    )


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


def closed_from(row: Any) -> ClosedPurchase:
    return ClosedPurchase(
        reference=row.reference,
        token=row.token,
        mode=Mode(row.mode),
        closed_at=row.closed_at,
        status=row.status,
        words=row.words,
        looked_at=row.looked_at,
        look_at=row.look_at,
        alive_at=row.alive_at,
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
        attempt_mode=Mode(row.attempt_mode),
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
