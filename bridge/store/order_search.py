"""What the console asks: lists with search and filters, counts, sums over days. As quick with a million
orders as with a thousand: every list is a walk along an index, and what would need a look at all orders
(how many are done) is kept for a while and made anew beside the requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.model import Money
from bridge.order.records import OrderRecord
from bridge.order.states import OPEN, State
from bridge.store.engine import Database
from bridge.store.queries import LISTED, OrderFilter, list_page
from bridge.store.row_mapping import (
    build_order,
    read_value,
)
from bridge.store.search_index import (
    normalize_term,
    split_words,
)
from bridge.store.tables import alarms, attempts, deliveries, events, figures, orders, terms

T = TypeVar("T")

CLOSED = tuple(state for state in State if state not in OPEN)
SPELLINGS = 25  # terms that one beginning may stand for
DEPTH = 5_000  # newest orders of a term that are looked through for a second word or a filter
COUNTED_FOR = 20.0  # seconds for which the number of closed orders is good
WAITING = sa.text("orders.state = 'waiting'")  # spelled out, so that the index over it can be used


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """How many orders are in each state, and the waiting ones by their reason."""

    states: Mapping[State, int]
    reasons: Mapping[str, int]
    alarms: int
    deliveries: int  # that wait to be read


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order that was bought, as far as sums need it."""

    placed_at: datetime
    shipped_at: datetime | None
    cost: Money | None
    revenue: Money | None


@dataclass(frozen=True, slots=True)
class AttemptCosts:
    """What attempts to buy cost, in one currency. `unsure` is the part of `amount` that is for the `unsure_orders`
    which Sculpteo is not known to have; of `uncosted` orders no cost in this currency is known."""

    amount: Decimal = Decimal(0)
    unsure: Decimal = Decimal(0)
    unsure_orders: int = 0
    uncosted: int = 0


@dataclass(slots=True)
class StaleWhileRevalidate(Generic[T]):
    """A value that is given as it is known, and made anew beside the request once it is old."""

    good_for: float
    value: T | None = None
    at: float = float("-inf")
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    async def get_value(self, make: Callable[[], Any]) -> T:
        if self.value is None or time.monotonic() - self.at > self.good_for:
            if self.task is None or self.task.done():
                self.task = asyncio.create_task(self._renew_value(make))
            if self.value is None:
                await asyncio.shield(self.task)
        assert self.value is not None  # noqa: S101 - _renew has set it, or raised
        return self.value

    async def _renew_value(self, make: Callable[[], Any]) -> None:
        self.value = await make()
        self.at = time.monotonic()


class OrderSearch:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._closed: StaleWhileRevalidate[Mapping[State, int]] = StaleWhileRevalidate(COUNTED_FOR)

    async def count_orders(self) -> OrderCounts:
        """Open orders are counted now; closed ones are as they were up to twenty seconds ago."""
        now = await self._db.read(_count_open_orders)
        closed = await self._closed.get_value(partial(self._db.read, _count_closed_orders))
        return OrderCounts({**closed, **now.states}, now.reasons, now.alarms, now.deliveries)

    async def list_orders(
        self,
        *,
        text: str = "",
        states: Collection[State] = (),
        reasons: Collection[str] = (),
        shop: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[OrderRecord]:
        """Orders, newest first, from below the number `before`, without snapshot, attempt and parcels.

        `text` is the beginning of a SKU, a design or words of the customer's name. Together with other
        conditions the newest 5,000 orders of a term are looked through.
        """
        work = partial(
            _search_orders, text=text, states=states, reasons=reasons, shop=shop, before=before, limit=limit
        )
        return await self._db.read(work)

    async def list_placed_since(self, start: datetime, mode: str) -> Sequence[PlacedOrder]:
        """Every order bought since then in this mode. Takes a second for a hundred thousand."""
        return await self._db.read(partial(_list_placed, start=start, mode=mode))

    async def sum_spending_since(self, start: datetime, mode: str, currency: str) -> AttemptCosts:
        """The attempts to buy since then that are not void: what they cost, and how much of it is for orders that
        Sculpteo is not known to have."""
        query = (
            sa.select(attempts.c.cost, attempts.c.reference, orders.c.reference.label("taken_as"))
            .join(orders, orders.c.id == attempts.c.order_id)
            .where(
                attempts.c.created_at >= start,
                attempts.c.mode == mode,
                attempts.c.voided_at.is_(None),
            )
        )
        rows = await self._db.read(lambda c: c.execute(query).all())
        return _sum_spending(rows, currency)

    async def find_oldest_due(self) -> datetime | None:
        """Since when the order that is due first has been, or will be, due."""
        due = sa.select(sa.func.min(orders.c.due_at)).where(orders.c.due_at.is_not(None))
        return await self._db.read(lambda c: read_value(c.execute(due).scalar()))

    async def load_last_event(self) -> int:
        """The number of the newest line of all timelines: it grows with whatever happens."""
        return await self._db.read(
            lambda c: int(c.execute(sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))).scalar_one())
        )


def _sum_spending(rows: Iterable[Any], currency: str) -> AttemptCosts:
    amount = unsure = Decimal(0)
    unsure_orders = uncosted = 0
    for row in rows:
        is_sure = row.reference is not None or row.taken_as is not None
        unsure_orders += not is_sure
        if not isinstance(row.cost, Money) or row.cost.currency != currency:
            uncosted += 1
            continue
        amount += row.cost.amount
        unsure += Decimal(0) if is_sure else row.cost.amount
    return AttemptCosts(amount, unsure, unsure_orders, uncosted)


def _count_open_orders(c: Connection) -> OrderCounts:
    open_states = sa.select(orders.c.state, sa.func.count()).where(orders.c.state.in_(sorted(OPEN)))
    states = {State(state): int(count) for state, count in c.execute(open_states.group_by(orders.c.state))}
    reasons = sa.select(orders.c.reason, sa.func.count()).where(WAITING).group_by(orders.c.reason)
    waiting = {reason or "": int(count) for reason, count in c.execute(reasons)}
    alarmed = sa.select(sa.func.count()).select_from(alarms).where(sa.text("cleared_at IS NULL"))
    unread = sa.select(sa.func.count()).select_from(deliveries).where(sa.text("settled_at IS NULL"))
    return OrderCounts(
        {state: states.get(state, 0) for state in State if state in OPEN},
        waiting,
        int(c.execute(alarmed).scalar_one()),
        int(c.execute(unread).scalar_one()),
    )


def _count_closed_orders(c: Connection) -> Mapping[State, int]:
    query = sa.select(orders.c.state, sa.func.count()).where(orders.c.state.in_(CLOSED))
    found = {State(state): int(count) for state, count in c.execute(query.group_by(orders.c.state))}
    return {state: found.get(state, 0) for state in CLOSED}


def _list_placed(c: Connection, start: datetime, mode: str) -> Sequence[PlacedOrder]:
    query = (
        sa.select(orders.c.placed_at, orders.c.shipped_at, orders.c.cost, figures.c.revenue)
        .outerjoin(figures, figures.c.order_id == orders.c.id)
        .where(orders.c.placed_at.is_not(None), orders.c.placed_at >= start, orders.c.mode == mode)
    )
    rows = [PlacedOrder(*map(read_value, row)) for row in c.execute(query)]
    return [placed for placed in rows if placed.placed_at is not None]


def _search_orders(
    c: Connection,
    text: str,
    states: Collection[State],
    reasons: Collection[str],
    shop: str | None,
    before: int | None,
    limit: int,
) -> list[OrderRecord]:
    conditions: list[sa.ColumnElement[bool]] = []
    if reasons:
        conditions.append(sa.or_(orders.c.state != State.WAITING, orders.c.reason.in_(list(reasons))))
    if not text.strip() and not reasons:
        return list_page(c, OrderFilter(states, shop), before, limit)
    if text.strip():
        if states:
            conditions.append(orders.c.state.in_(list(states)))
        if shop:
            conditions.append(orders.c.shop == shop)
        return _search_by_text(c, text, conditions, before, limit)
    return _list_by_reason(c, states, reasons, shop, before, limit)


def _list_by_reason(
    c: Connection,
    states: Collection[State],
    reasons: Collection[str],
    shop: str | None,
    before: int | None,
    limit: int,
) -> list[OrderRecord]:
    """Waiting orders of some reasons, beside all orders of the other states."""
    others = [state for state in states if state is not State.WAITING]
    walks = [list_page(c, OrderFilter([state], shop), before, limit) for state in others]
    for reason in reasons:
        query = sa.select(*LISTED).where(WAITING, orders.c.reason == reason)
        query = query.order_by(orders.c.id.desc()).limit(limit)
        if shop is not None:
            query = query.where(orders.c.shop == shop)
        if before is not None:
            query = query.where(orders.c.id < before)
        walks.append([build_order(row) for row in c.execute(query)])
    return list(islice(merge(*walks, key=lambda record: -record.key), limit))


def _search_by_text(
    c: Connection, text: str, conditions: list[sa.ColumnElement[bool]], before: int | None, limit: int
) -> list[OrderRecord]:
    """Orders with a SKU or design that begins with the text, or with a word of a name for each of its words."""
    words = sorted(split_words(text), key=len, reverse=True)[:5]
    whole = normalize_term(text)
    keys = _list_matching_keys(c, _list_spellings(c, whole), [], conditions, before, limit)
    if len(words) > 1:
        keys += _list_matching_keys(c, _list_spellings(c, words[0]), words[1:], conditions, before, limit)
    newest = sorted(set(keys), reverse=True)[:limit]
    rows = c.execute(sa.select(*LISTED).where(orders.c.id.in_(newest)).order_by(orders.c.id.desc()))
    return [build_order(row) for row in rows]


def _compute_prefix_end(prefix: str) -> str:
    """The first text, in bytewise order, behind everything that begins with `prefix`."""
    return prefix + "\U0010ffff"


def _list_spellings(c: Connection, prefix: str) -> list[str]:
    """The terms that begin so: each is found by one look into the index, not by passing over its orders."""
    found: list[str] = []
    term = c.execute(sa.select(terms.c.term).where(terms.c.term == prefix).limit(1)).scalar()
    last = prefix
    if term is not None:
        found.append(term)
    while prefix and len(found) < SPELLINGS:
        following = sa.select(sa.func.min(terms.c.term)).where(
            terms.c.term > last, terms.c.term < _compute_prefix_end(prefix)
        )
        last = c.execute(following).scalar()  # type: ignore[assignment] # None ends the loop
        if last is None:
            break
        found.append(last)
    return found


def _list_matching_keys(
    c: Connection,
    spellings: Sequence[str],
    more: Sequence[str],
    conditions: list[sa.ColumnElement[bool]],
    before: int | None,
    limit: int,
) -> list[int]:
    """The newest orders of these terms that have a term for each further word and fit the conditions."""
    found: list[int] = []
    for term in spellings:
        walk = sa.select(terms.c.order_id).where(terms.c.term == term).order_by(terms.c.order_id.desc())
        if before is not None:
            walk = walk.where(terms.c.order_id < before)
        if not more and not conditions:
            found += c.execute(walk.limit(limit)).scalars()
            continue
        near = walk.limit(DEPTH).subquery()
        query = sa.select(near.c.order_id).order_by(near.c.order_id.desc()).limit(limit)
        if conditions:
            query = query.join(orders, orders.c.id == near.c.order_id).where(*conditions)
        for word in more:
            also = terms.alias()
            query = query.where(
                sa.exists().where(
                    also.c.order_id == near.c.order_id,
                    also.c.term >= word,
                    also.c.term < _compute_prefix_end(word),
                )
            )
        found += c.execute(query).scalars()
    return found
