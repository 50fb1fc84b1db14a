"""Orders as they are on record, each with its attempts and parcels, and what becomes of a damaged one.

Each order is read for itself: one whose rows cannot be read (a damaged file, a hand in the database, another
program) is given as one that needs a person and keeps no other from being read or worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import LeaseLost, StaleDecision
from bridge.order.model import Mode, Parcel, Verdict
from bridge.order.records import Attempt, ClosedAttempt, ClosedPurchase, OrderRecord, ParcelRecord
from bridge.order.states import State
from bridge.store.modes import load_mode
from bridge.store.row_mapping import (
    MODE_NAMES,
    NOTHING,
    build_attempt,
    build_closed_attempt,
    build_closed_purchase,
    build_order,
    build_parcel,
    list_damage,
    read_moment,
    read_value,
)
from bridge.store.tables import attempts, closed_purchases, orders, parcels
from bridge.store.types import UnreadableValue


def load_order(c: Connection, key: int) -> OrderRecord:
    """One order with all that belongs to it. Raises LeaseLost when there is no such order."""
    found = load_orders(c, [key])
    if not found:
        raise LeaseLost(f"there is no order {key}")
    return found[0]


def load_orders(c: Connection, keys: Sequence[int]) -> list[OrderRecord]:
    """Orders with their open attempt, the void ones, what is closed, and their parcels."""
    open_ones: dict[int, Attempt] = {}
    void_ones: dict[int, list[ClosedAttempt]] = {}
    doubted: dict[int, str] = {}
    damage: dict[int, list[str]] = {}
    for row in c.execute(
        sa.select(attempts).where(attempts.c.order_id.in_(keys)).order_by(attempts.c.number)
    ):
        damage.setdefault(row.order_id, []).extend(list_damage("attempt", row))
        if read_value(row.voided_at) is None:
            open_ones[row.order_id] = build_attempt(row)
        else:
            void_ones.setdefault(row.order_id, []).append(build_closed_attempt(row))
            bought_nothing = row.verdict in {Verdict.REFUSED, Verdict.NOT_SENT}
            if row.sent_at is not None and row.mode == Mode.LIVE and not bought_nothing:
                doubted[row.order_id] = row.token
    known: dict[int, list[ParcelRecord]] = {}
    for row in c.execute(sa.select(parcels).where(parcels.c.order_id.in_(keys)).order_by(parcels.c.id)):
        damage.setdefault(row.order_id, []).extend(list_damage("parcel", row))
        known.setdefault(row.order_id, []).append(build_parcel(row))
    closed: dict[int, list[ClosedPurchase]] = {}
    for row in c.execute(
        sa.select(closed_purchases)
        .where(closed_purchases.c.order_id.in_(keys))
        .order_by(closed_purchases.c.id)
    ):
        closed.setdefault(row.order_id, []).append(build_closed_purchase(row))
    in_force = load_mode(c)
    return [
        build_order(
            row,
            attempt=open_ones.get(row.id),
            closed_attempts=void_ones.get(row.id, ()),
            doubted_token=doubted.get(row.id),
            closed=closed.get(row.id, ()),
            parcels=known.get(row.id, ()),
            damage=damage.get(row.id, ()),
            in_force=in_force,
        )
        for row in c.execute(sa.select(orders).where(orders.c.id.in_(keys)).order_by(orders.c.id))
    ]


def repair_order(c: Connection, now: datetime, order: OrderRecord) -> OrderRecord:
    """Take what cannot be read off the order's rows, since a person has decided to go on with it; gives the
    order as it is then. Runs inside the transaction of the decision.

    An order that is not bought is then read from the shop anew, and approved anew. What may have been bought
    counts as bought: an attempt that cannot be read is one that was sent, in live mode. Raises StaleDecision when
    the order is not what the person saw any more.
    """
    row = c.execute(sa.select(orders).where(orders.c.id == order.key).with_for_update()).one_or_none()
    fresh = load_orders(c, [order.key])
    if row is None or not fresh or (fresh[0].damage, fresh[0].facts) != (order.damage, order.facts):
        raise StaleDecision(f"order {order.name or order.order_id} changed since you looked; look again")
    columns: dict[str, Any] = {name: NOTHING.get(name) for name in order.damage if name in orders.c}
    if order.attempt is not None:  # what was bought, its attempt knows
        known = {"items": order.attempt.items, "cost": order.attempt.cost, "mode": order.attempt.mode}
        columns |= {name: value for name, value in known.items() if name in columns and value}
    columns |= {
        "state": State.ATTENTION,
        "approved_at": None,
        "approved_by": None,
        "approved_for": None,
        "approved_seen": None,
    }
    if {"first_seen_at", "updated_at"} & columns.keys():
        columns |= {name: now for name in ("first_seen_at", "updated_at") if name in columns}
    if "first_mode" in columns:
        columns["first_mode"] = Mode.PREVIEW  # so that a person is asked before it is bought for money
    c.execute(sa.update(orders).where(orders.c.id == order.key).values(columns))
    _repair_attempts(c, now, order.key)
    _repair_parcels(c, now, order.key)
    return replace(load_order(c, order.key), in_force=order.in_force)


def _repair_attempts(c: Connection, now: datetime, order: int) -> None:
    rows = c.execute(
        sa.select(attempts).where(attempts.c.order_id == order).order_by(attempts.c.number)
    ).all()
    is_open = any(row.voided_at is None for row in rows)
    for row in rows:
        broken = {name: None for name, value in row._mapping.items() if isinstance(value, UnreadableValue)}
        fixed: dict[str, Any] = dict(broken)
        created = read_moment(row.created_at, now)
        fixed |= {name: created for name in ("created_at", "sent_at") if name in broken}
        if "voided_at" in broken:
            fixed["voided_at"] = now if is_open else None
            is_open = True
        if not isinstance(row.request, dict):
            fixed["request"] = {}
        if row.mode not in MODE_NAMES:
            fixed["mode"] = Mode.LIVE
        if fixed:
            c.execute(sa.update(attempts).where(attempts.c.id == row.id).values(fixed))


def _repair_parcels(c: Connection, now: datetime, order: int) -> None:
    for row in c.execute(sa.select(parcels).where(parcels.c.order_id == order)).all():
        fixed: dict[str, Any] = {}
        if isinstance(row.parcel, UnreadableValue):
            fixed["parcel"] = Parcel(row.number)
        if isinstance(row.found_at, UnreadableValue):
            fixed["found_at"] = now
        if isinstance(row.pushed_at, UnreadableValue):
            fixed["pushed_at"] = None  # the shop is read before anything is told to it
        if fixed:
            c.execute(sa.update(parcels).where(parcels.c.id == row.id).values(fixed))
