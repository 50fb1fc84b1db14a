"""Orders that may have been left standing, for the decision whether to tell somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.progress import KINDS, MOVES, Line, find_last_progress, find_stand
from bridge.order.records import Facts, OrderRecord
from bridge.order.states import OPEN, State
from bridge.store.engine import Database
from bridge.store.row_mapping import (
    read_facts,
    read_moment,
    read_value,
)
from bridge.store.tables import events, orders, parcels

NEWEST = 10_000
"""Lines of one timeline that are looked at: four months of an order that fails twice an hour."""
LISTED = 500
"""Lines of one timeline that are looked at for a list of orders."""


@dataclass(frozen=True, slots=True)
class StalledOrder:
    """An open order. `since` = its last real progress, as `bridge.order.progress` has it; `moved_at` = when it
    last came to its state, by progress or not. `number` is of a parcel that is not in the shop, `looked_at` when
    Sculpteo last told of the order."""

    key: int
    state: State
    since: datetime
    moved_at: datetime | None = None
    shop: str = ""
    name: str = ""
    mode: str | None = None
    reason: str | None = None
    problem: str | None = None
    facts: Facts = field(default_factory=dict)
    reference: str | None = None
    estimated_delivery: datetime | None = None
    due_at: datetime | None = None
    looked_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class StalledOrders:
    """Reads only."""

    _db: Database

    async def list_stalled(
        self,
        now: datetime,
        *,
        for_at_least: timedelta,
        bought_for: timedelta = timedelta(0),
        shops: Collection[str] | None = None,
        after: int = 0,
        limit: int = 200,
    ) -> list[StalledOrder]:
        """Open orders that have been known for so long; by their numbers, from above `after` on.

        Of those that are bought, which are most of all, only what is known for as long as `bought_for`, is late,
        due or failing, or is of none of these `shops`.
        """
        old = orders.c.first_seen_at <= now - for_at_least
        bought = orders.c.state.in_([State.PLACED, State.SHIPPED])
        telling = [
            orders.c.first_seen_at <= now - bought_for,
            orders.c.estimated_delivery < now,
            orders.c.due_at < now - for_at_least,
            orders.c.failures > 0,
            *([] if shops is None else [orders.c.shop.not_in(sorted(shops))]),
        ]
        wanted = sa.and_(old, sa.or_(sa.not_(bought), *telling))
        return await self._db.read(lambda c: _list_stalled(c, wanted, after, limit))

    async def load_stalled_since(self, known: Mapping[int, OrderRecord]) -> dict[int, datetime]:
        """Since when orders stand where these records say, by their numbers: a look that found nothing new, a failed
        try and a short way round do not begin it anew."""

        def compute_stalled_since(c: Connection) -> dict[int, datetime]:
            timelines = _load_timelines(c, list(known), MOVES, LISTED)
            return {
                key: find_last_progress(
                    timelines[key], find_stand(one.state, one.reason, one.problem), one.first_seen_at
                )
                for key, one in known.items()
            }

        return await self._db.read(compute_stalled_since)

    async def count_by_shop(self) -> dict[str, int]:
        """The shops of open orders, and how many each has."""
        query = sa.select(orders.c.shop, sa.func.count()).where(orders.c.state.in_(sorted(OPEN)))
        rows = await self._db.read(lambda c: c.execute(query.group_by(orders.c.shop)).all())
        return {shop: int(count) for shop, count in rows}


def _list_stalled(
    c: Connection, wanted: sa.ColumnElement[bool], after: int, limit: int
) -> list[StalledOrder]:
    number = (
        sa.select(sa.func.min(parcels.c.number))
        .where(parcels.c.order_id == orders.c.id, parcels.c.pushed_at.is_(None))
        .scalar_subquery()
    )
    rows = c.execute(
        sa.select(
            *(orders.c.id, orders.c.shop, orders.c.order_id, orders.c.name, orders.c.state, orders.c.mode),
            *(orders.c.reason, orders.c.problem, orders.c.facts, orders.c.reference),
            *(orders.c.estimated_delivery, orders.c.due_at, orders.c.polled_at, orders.c.failures),
            *(orders.c.last_error, orders.c.first_seen_at, number.label("number")),
        )
        .where(orders.c.id > after, orders.c.state.in_(sorted(OPEN)), wanted)
        .order_by(orders.c.id)
        .limit(limit)
    ).all()
    timelines = _load_timelines(c, [row.id for row in rows])
    return [_build_stalled_order(row, timelines[row.id]) for row in rows]


def _load_timelines(
    c: Connection, keys: Sequence[int], kinds: Collection[str] = KINDS, most: int = NEWEST
) -> defaultdict[int, list[Line]]:
    """Of each order, the newest lines that tell of progress, oldest first."""
    newest = (
        sa.select(
            *(events.c.id, events.c.order_id, events.c.kind, events.c.at),
            *(events.c.target, events.c.reason, events.c.problem),
            sa.case((events.c.kind == "print_status", events.c.facts)).label("facts"),
            sa.func.row_number()
            .over(partition_by=events.c.order_id, order_by=events.c.id.desc())
            .label("place"),
        )
        .where(events.c.order_id.in_(keys), events.c.kind.in_(sorted(kinds)))
        .subquery()
    )
    found: defaultdict[int, list[Line]] = defaultdict(list)
    for row in c.execute(sa.select(newest).where(newest.c.place <= most).order_by(newest.c.id)):
        said = (row.facts or {}).get("status") or (row.facts or {}).get("words")
        target = State(row.target) if row.target else None
        found[row.order_id].append(Line(row.kind, read_moment(row.at), target, row.reason, row.problem, said))
    return found


def _build_stalled_order(row: Any, timeline: Sequence[Line]) -> StalledOrder:
    state = State(row.state)
    return StalledOrder(
        key=row.id,
        state=state,
        since=find_last_progress(
            timeline, find_stand(state, row.reason, row.problem), read_moment(row.first_seen_at)
        ),
        moved_at=next(
            (line.at for line in reversed(timeline) if line.kind == "move"), read_moment(row.first_seen_at)
        ),
        shop=row.shop,
        name=row.name or row.order_id,
        mode=row.mode,
        reason=row.reason,
        problem=row.problem,
        facts=read_facts(row.facts),
        reference=row.reference,
        estimated_delivery=read_value(row.estimated_delivery),
        due_at=read_value(row.due_at),
        looked_at=read_value(row.polled_at),
        failures=row.failures,
        last_error=row.last_error,
        number=row.number,
    )
