"""What people ask of the store: lists, one order with all that is known of it, counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.model import RawAnswer
from bridge.order.records import Attempt, Facts, OrderRecord
from bridge.order.states import State
from bridge.store.engine import Database
from bridge.store.order_loading import load_orders
from bridge.store.row_mapping import (
    build_attempt,
    build_order,
    parse_state,
    read_facts,
    read_moment,
    read_value,
)
from bridge.store.tables import alarms, answers, attempts, deliveries, events, orders, parcels

GID = "gid://shopify/Order/"
MATCHES = 50  # orders that one search finds at most

LISTED = [column if column.key != "snapshot" else sa.null().label("snapshot") for column in orders.c]
"""All columns but the wide one, which a list has no use for."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders a list shows; what is empty does not restrict."""

    states: Collection[State] = ()
    shop: str | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A line of an order's timeline. `kind` is a code of `bridge.order.timeline`."""

    key: int
    order: int
    at: datetime
    kind: str
    who: str
    facts: Facts = field(default_factory=dict)
    source: State | None = None
    target: State | None = None
    reason: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """An alarm beside an order. It is open until a person clears it."""

    key: int
    order: int
    order_name: str
    shop: str
    alarm: str
    facts: Facts
    raised_at: datetime
    cleared_at: datetime | None
    cleared_by: str | None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """An upstream's answer that was kept."""

    order: int
    kind: str
    answer: RawAnswer


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A webhook delivery without its body."""

    key: int
    shop: str
    webhook_id: str
    topic: str
    received_at: datetime
    settled_at: datetime | None
    outcome: str | None
    order: int | None


@dataclass(frozen=True, slots=True)
class Queries:
    """Reads only; each answer is one consistent view."""

    _db: Database

    async def find_order(self, key: int) -> OrderRecord | None:
        """One order, complete."""
        found = await self._db.read(partial(load_orders, keys=[key]))
        return found[0] if found else None

    async def load_orders(self, keys: Collection[int]) -> list[OrderRecord]:
        """These orders, complete."""
        return await self._db.read(partial(load_orders, keys=list(keys)))

    async def search_orders(self, text: str) -> list[OrderRecord]:
        """Orders by name (with or without "#"), Shopify's id, Sculpteo's reference, tracking number, or the
        bridge's own number: the first of these that fits. "shop/name" looks in one shop only."""
        return await self._db.read(partial(_search_orders, text=text.strip()))

    async def list_orders(
        self, filters: OrderFilter = OrderFilter(), before: int | None = None, limit: int = 50
    ) -> list[OrderRecord]:
        """A page of a list, newest first, from below the number `before`. Rows have no snapshot, attempt or
        parcels. Takes as long with a million orders as with a hundred."""
        return await self._db.read(partial(list_page, filters=filters, before=before, limit=limit))

    async def list_events(self, key: int) -> list[EventRecord]:
        """The timeline, oldest first."""
        return await self._db.read(partial(_list_events, key=key))

    async def load_state_times(self, keys: Sequence[int]) -> dict[int, datetime]:
        """Since when orders are in the state, and for the reason, that they are in."""
        last = (
            sa.select(events.c.order_id, sa.func.max(events.c.at))
            .where(events.c.order_id.in_(list(keys)), events.c.kind.in_(("move", "reason")))
            .group_by(events.c.order_id)
        )
        return await self._db.read(
            lambda c: {row[0]: row[1] for row in c.execute(last) if read_value(row[1]) is not None}
        )

    async def list_attempts(self, key: int) -> list[Attempt]:
        """Every attempt to buy, void ones too, first one first."""

        def select_attempts(c: Connection) -> list[Attempt]:
            rows = c.execute(
                sa.select(attempts).where(attempts.c.order_id == key).order_by(attempts.c.number)
            )
            return [build_attempt(row) for row in rows]

        return await self._db.read(select_attempts)

    async def list_alarms(self, *, open_only: bool = True, order: int | None = None) -> list[AlarmRecord]:
        """Alarms, newest first."""
        return await self._db.read(partial(_list_alarms, open_only=open_only, order=order))

    async def list_answers(self, key: int) -> list[AnswerRecord]:
        """What upstreams answered, as kept, oldest first."""

        def select_answers(c: Connection) -> list[AnswerRecord]:
            rows = c.execute(sa.select(answers).where(answers.c.order_id == key).order_by(answers.c.id))
            return [AnswerRecord(row.order_id, row.kind, _read_answer(row)) for row in rows]

        return await self._db.read(select_answers)

    async def list_deliveries(
        self, *, order: int | None = None, before: int | None = None, limit: int = 50
    ) -> list[DeliveryRecord]:
        """Webhook deliveries, newest first."""
        return await self._db.read(partial(_list_deliveries, order=order, before=before, limit=limit))

    async def count_by_state(self) -> Mapping[State, int]:
        """How many orders are in each state."""

        def count_states(c: Connection) -> dict[State, int]:
            rows = c.execute(sa.select(orders.c.state, sa.func.count()).group_by(orders.c.state))
            found = dict.fromkeys(State, 0)
            for state, count in rows:
                found[parse_state(state) or State.ATTENTION] += count
            return found

        return await self._db.read(count_states)


def _read_answer(row: Any) -> RawAnswer:
    if isinstance(row.answer, RawAnswer):
        return row.answer
    return RawAnswer(read_moment(row.at), None, error="what was kept of this answer cannot be read")


def _search_orders(c: Connection, text: str) -> list[OrderRecord]:
    shop, slash, rest = text.partition("/")
    if slash and not text.startswith("gid:"):
        in_shop = [record for record in _search_plain(c, rest, shop) if record.shop == shop]
        if in_shop:
            return in_shop
    return _search_plain(c, text)


def _search_plain(c: Connection, text: str, shop: str | None = None) -> list[OrderRecord]:
    """The first way of naming an order that fits, in this shop where one is given: so "1001" is "#1001" before it
    is the number 1001."""
    if not text:
        return []
    # one list of keys from two indexes: with an OR, PostgreSQL reads every order
    held = sa.select(orders.c.id).where(orders.c.reference == text)
    tried = sa.select(attempts.c.order_id).where(attempts.c.reference == text)
    posted = sa.select(parcels.c.order_id).where(parcels.c.number == text)
    ways: list[sa.ColumnElement[bool]] = [
        orders.c.name.in_([text, f"#{text}"]),
        orders.c.order_id.in_([text, GID + text]),
        orders.c.id.in_(sa.union_all(held, tried)),
        orders.c.id.in_(posted),
    ]
    if text.isascii() and text.isdigit() and len(text) < 18:
        ways.append(orders.c.id == int(text))
    for way in ways:
        query = sa.select(orders.c.id).where(way).order_by(orders.c.id.desc()).limit(MATCHES)
        if shop is not None:
            query = query.where(orders.c.shop == shop)
        keys = list(c.execute(query).scalars())
        if keys:
            return load_orders(c, keys)
    return []


def list_page(c: Connection, filters: OrderFilter, before: int | None, limit: int) -> list[OrderRecord]:
    """One index walk for each state, merged: a rare state among a million others is found at once."""
    states: Iterable[State | None] = sorted(set(filters.states)) or [None]
    if filters.shop is not None and not filters.states:
        states = list(State)  # the index of a shop's orders is by state too
    walks = [_walk_state(c, state, filters.shop, before, limit) for state in states]
    return list(islice(merge(*walks, key=lambda record: -record.key), limit))


def _walk_state(
    c: Connection, state: State | None, shop: str | None, before: int | None, limit: int
) -> list[OrderRecord]:
    query = sa.select(*LISTED).order_by(orders.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(orders.c.state == state)
    if shop is not None:
        query = query.where(orders.c.shop == shop)
    if before is not None:
        query = query.where(orders.c.id < before)
    return [build_order(row) for row in c.execute(query)]


def _list_events(c: Connection, key: int) -> list[EventRecord]:
    rows = c.execute(sa.select(events).where(events.c.order_id == key).order_by(events.c.id))
    return [
        EventRecord(
            key=row.id,
            order=row.order_id,
            at=read_moment(row.at),
            kind=row.kind,
            who=row.who,
            facts=read_facts(row.facts),
            source=parse_state(row.source),
            target=parse_state(row.target),
            reason=row.reason,
            problem=row.problem,
        )
        for row in rows
    ]


def _list_alarms(c: Connection, open_only: bool, order: int | None) -> list[AlarmRecord]:
    query = (
        sa.select(
            alarms, sa.func.coalesce(orders.c.name, orders.c.order_id).label("order_name"), orders.c.shop
        )
        .join(orders, orders.c.id == alarms.c.order_id)
        .order_by(alarms.c.id.desc())
    )
    if open_only:
        query = query.where(alarms.c.cleared_at.is_(None))
    if order is not None:
        query = query.where(alarms.c.order_id == order)
    return [
        AlarmRecord(
            key=row.id,
            order=row.order_id,
            order_name=row.order_name,
            shop=row.shop,
            alarm=row.alarm,
            facts=read_facts(row.facts),
            raised_at=read_moment(row.raised_at),
            cleared_at=read_value(row.cleared_at),
            cleared_by=row.cleared_by,
        )
        for row in c.execute(query)
    ]


def _list_deliveries(
    c: Connection, order: int | None, before: int | None, limit: int
) -> list[DeliveryRecord]:
    wide = {"body", "packed", "event_id", "api_version", "triggered_at"}
    query = (
        sa.select(*(column for column in deliveries.c if column.key not in wide))
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    if order is not None:
        query = query.where(deliveries.c.order_key == order)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return [
        DeliveryRecord(
            key=row.id,
            shop=row.shop,
            webhook_id=row.webhook_id,
            topic=row.topic,
            received_at=read_moment(row.received_at),
            settled_at=read_value(row.settled_at),
            outcome=row.outcome,
            order=row.order_key,
        )
        for row in c.execute(query)
    ]
