"""Orders that may have been left standing, for the decision whether to tell somebody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.model import Mode
from bridge.order.states import State
from bridge.ports import Facts
from bridge.store.codec import as_facts, as_moment, readable
from bridge.store.engine import Database
from bridge.store.tables import events, orders, parcels

STANDING = ("move", "reason", "print_status", "parcel", "held", "approved", "retried")
"""Lines of the timeline after which the time that an order stands counts anew."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open order, with what tells how long it has stood. `number` is of a parcel that is not in the shop."""

    key: int
    state: State
    moved_at: datetime
    reason: str | None = None
    problem: str | None = None
    facts: Facts = field(default_factory=dict)
    reference: str | None = None
    estimated_delivery: datetime | None = None
    due_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """Reads only."""

    _db: Database

    async def standing(
        self, now: datetime, *, for_at_least: timedelta, after: int = 0, limit: int = 500
    ) -> list[Standing]:
        """Open orders that have not moved for so long, are late, overdue or fail again and again; by their
        numbers, from above `after` on."""
        return await self._db.read(lambda c: _standing(c, now, for_at_least, after, limit))


def _standing(
    c: Connection, now: datetime, for_at_least: timedelta, after: int, limit: int
) -> list[Standing]:
    moved = (
        sa.select(sa.func.max(events.c.at))
        .where(events.c.order_id == orders.c.id, events.c.kind.in_(STANDING))
        .scalar_subquery()
    )
    number = (
        sa.select(sa.func.min(parcels.c.number))
        .where(parcels.c.order_id == orders.c.id, parcels.c.pushed_at.is_(None))
        .scalar_subquery()
    )
    waiting = orders.c.state.in_([State.WAITING, State.ATTENTION, State.UNKNOWN])
    placed = sa.and_(orders.c.state == State.PLACED, orders.c.mode == Mode.LIVE)
    old = orders.c.first_seen_at <= now - for_at_least
    overdue = sa.and_(
        orders.c.state.in_([State.RECEIVED, State.WAITING, State.PLACING, State.PLACED, State.SHIPPED]),
        orders.c.due_at < now - for_at_least,
    )
    late = sa.and_(placed, orders.c.estimated_delivery < now)
    failing = sa.and_(orders.c.state == State.SHIPPED, orders.c.failures > 0)
    rows = c.execute(
        sa.select(
            *(orders.c.id, orders.c.state, orders.c.reason, orders.c.problem, orders.c.facts),
            *(orders.c.reference, orders.c.estimated_delivery, orders.c.due_at, orders.c.failures),
            *(orders.c.last_error, orders.c.first_seen_at, moved.label("moved_at"), number.label("number")),
        )
        .where(orders.c.id > after, sa.or_(sa.and_(sa.or_(waiting, placed), old), overdue, late, failing))
        .order_by(orders.c.id)
        .limit(limit)
    )
    return [_from(row) for row in rows]


def _from(row: Any) -> Standing:
    return Standing(
        key=row.id,
        state=State(row.state),
        moved_at=as_moment(readable(row.moved_at) or row.first_seen_at),
        reason=row.reason,
        problem=row.problem,
        facts=as_facts(row.facts),
        reference=row.reference,
        estimated_delivery=readable(row.estimated_delivery),
        due_at=readable(row.due_at),
        failures=row.failures,
        last_error=row.last_error,
        number=row.number,
    )
