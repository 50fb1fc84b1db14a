"""The outbox: news is handed to every outlet that wants it, and each outlet is served by one process at a time.

Nothing is lost by a crash: a message is settled only after it was sent, under the lease that it was sent
under. What was sent in the very moment of a crash is sent again, under the same id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bridge.errors import LeaseLost
from bridge.order.notifications import News
from bridge.order.records import OrderRecord
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.order_loading import load_orders
from bridge.store.row_mapping import (
    build_insert,
    read_facts,
    read_moment,
    read_value,
)
from bridge.store.tables import messages, news, orders, outlets
from bridge.store.transitions import add_news

AT_ONCE = 200  # pieces of news that are handed on in one transaction
KEPT = timedelta(days=30)
SENT = "sent"
_ONE_AT_A_TIME = sa.select(sa.func.pg_try_advisory_xact_lock(0x5C01_07B0))

log = structlog.get_logger("bridge.store")


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A message for one outlet. `loud` = it waits for no digest; `body` where it is sent as it is."""

    loud: bool = False
    body: str | None = None


Wants = Callable[[News, OrderRecord | None], MessageDraft | None]
"""What an outlet makes of a piece of news; None = nothing. Pure: it runs inside a transaction."""


@dataclass(frozen=True, slots=True)
class Message:
    """What waits for one outlet. `order_name` is what people call the order that it is about."""

    key: int
    news: News
    loud: bool
    body: str | None
    tries: int
    order_name: str | None = None
    shop: str | None = None
    uid: str = ""  # of the news; no other database has it, be it an older copy of this one


@dataclass(frozen=True, slots=True)
class OutletTarget:
    """An outlet as the configuration has it. `slot` is its place there; `mark` is what it keeps when its address
    is corrected, such as a hash of its secret, or "" for nothing."""

    name: str
    slot: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class WaitingMessages:
    """What waits for an outlet, and how that outlet does."""

    count: int
    loud: bool
    sent_at: datetime | None = None
    due_at: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Outbox:
    """Every verb is one transaction, and may raise StoreUnavailable."""

    _db: Database
    _clock: Clock

    async def add_news(self, *items: News) -> int:
        """Tell of something that no move of an order tells of; gives how much of it was new."""
        if not items:
            return 0
        return await self._db.write(lambda c: sum(add_news(c, item) for item in items))

    async def fan_out_news(self, wants: Mapping[str, Wants]) -> int:
        """Hand what is new to every outlet that wants it, by name; gives how much was new."""
        new = sa.select(news.c.id).where(news.c.shared_at.is_(None)).limit(1)
        if await self._db.read(lambda c: c.execute(new).first()) is None:
            return 0
        return await self._db.write(partial(_fan_out_news, wants=wants, now=self._clock.now()))

    async def configure_outlets(self, targets: Sequence[OutletTarget]) -> None:
        """Note which outlets the configuration has. One that is new there in the place of another, or with what
        that one is marked by, is its heir."""
        await self._db.write(partial(_configure_outlets, targets=targets))

    async def move_to_heirs(self, names: Collection[str]) -> int:
        """Give what waits for outlets that are no more to their heirs among these; gives how much."""
        query = _select_orphaned_messages(names).limit(1)
        if await self._db.read(lambda c: c.execute(query).first()) is None:
            return 0
        return await self._db.write(partial(_move_to_heirs, names=names, now=self._clock.now()))

    async def load_waiting(self, names: Collection[str]) -> dict[str, WaitingMessages]:
        """The outlets of these names for which something waits."""
        return await self._db.read(partial(_load_waiting, names=names))

    async def claim_outlet(self, name: str, owner: str, lease_for: timedelta) -> bool:
        """Become the one who serves this outlet. False = somebody else is, or it rests."""
        now = self._clock.now()

        def take_lease(c: Connection) -> bool:
            known = build_insert(c, outlets).values(name=name, failures=0)
            c.execute(known.on_conflict_do_nothing(index_elements=["name"]))
            free = sa.or_(outlets.c.lease_until.is_(None), outlets.c.lease_until < now)
            due = sa.or_(outlets.c.due_at.is_(None), outlets.c.due_at <= now)
            taken = sa.update(outlets).where(outlets.c.name == name, free, due)
            return c.execute(taken.values(lease_owner=owner, lease_until=now + lease_for)).rowcount == 1

        return await self._db.write(take_lease)

    async def release_outlet(self, name: str, owner: str) -> None:
        """Let somebody else serve it."""
        mine = (outlets.c.name == name, outlets.c.lease_owner == owner)
        free = sa.update(outlets).where(*mine).values(lease_owner=None, lease_until=None)
        await self._db.write(lambda c: c.execute(free))

    async def list_pending(self, name: str, *, limit: int, in_order: bool = False) -> list[Message]:
        """What waits for an outlet, oldest first. `in_order`: only what is due, and of each order the first."""
        now = self._clock.now()
        return await self._db.read(partial(_list_pending, name=name, limit=limit, in_order=in_order, now=now))

    async def settle_messages(self, name: str, owner: str, keys: Sequence[int], outcome: str = SENT) -> None:
        """These were sent, or are given up for the reason named. Raises LeaseLost."""
        now = self._clock.now()
        well: dict[str, Any] = {"failures": 0, "last_error": None, "due_at": None, "sent_at": now}

        def mark_settled(c: Connection) -> None:
            _update_leased_outlet(c, name, owner, well if outcome == SENT else {"last_error": outcome})
            theirs = (messages.c.id.in_(keys), messages.c.settled_at.is_(None))
            c.execute(sa.update(messages).where(*theirs).values(settled_at=now, outcome=outcome))

        await self._db.write(mark_settled)

    async def schedule_retry(self, name: str, owner: str, key: int, until: datetime) -> None:
        """This message waits until then; those about other orders do not. Raises LeaseLost."""

        def set_due_time(c: Connection) -> None:
            _update_leased_outlet(c, name, owner, {})
            later = sa.update(messages).where(messages.c.id == key)
            c.execute(later.values(due_at=until, tries=messages.c.tries + 1))

        await self._db.write(set_due_time)

    async def pause_outlet(self, name: str, owner: str, until: datetime, why: str) -> None:
        """The outlet failed and is left alone until then. Raises LeaseLost."""
        failed = {"due_at": until, "failures": outlets.c.failures + 1, "last_error": why}
        await self._db.write(lambda c: _update_leased_outlet(c, name, owner, failed))

    async def purge_old_news(self) -> int:
        """Forget what was told long ago; gives how much."""
        before = self._clock.now() - KEPT

        def delete_old_news(c: Connection) -> int:
            c.execute(sa.delete(messages).where(messages.c.at < before))
            old = sa.and_(news.c.at < before, news.c.shared_at.is_not(None))
            return c.execute(sa.delete(news).where(old)).rowcount

        return await self._db.write(delete_old_news)


def _fan_out_news(c: Connection, wants: Mapping[str, Wants], now: datetime) -> int:
    """By one process at a time: the news of one order is numbered in its order, since the order's row is locked
    while it is written, and so messages are."""
    if c.dialect.name == "postgresql" and not c.execute(_ONE_AT_A_TIME).scalar_one():
        return 0
    rows = c.execute(
        sa.select(news).where(news.c.shared_at.is_(None)).order_by(news.c.id).limit(AT_ONCE)
    ).all()
    about = sorted({row.order_id for row in rows if row.order_id is not None}) if wants else []
    known = {record.key: record for record in load_orders(c, about)} if about else {}
    for row in rows:
        item = News(row.key, row.code, read_moment(row.at, now), read_facts(row.facts), row.order_id)
        for name, wanted in wants.items():
            draft = _build_draft(wanted, item, known.get(row.order_id))
            if draft is not None:
                _insert_message(c, name, row.id, item, draft)
    c.execute(sa.update(news).where(news.c.id.in_([row.id for row in rows])).values(shared_at=now))
    return len(rows)


def _build_draft(wanted: Wants, item: News, order: OrderRecord | None) -> MessageDraft | None:
    """One piece of news that cannot be made into a message keeps no other from being told."""
    try:
        return wanted(item, order)
    except Exception:
        log.exception("news could not be made into a message", news=item.key)
        return None


def _insert_message(c: Connection, name: str, number: int, item: News, draft: MessageDraft) -> None:
    message = build_insert(c, messages).values(
        outlet=name,
        news_id=number,
        order_id=item.order,
        at=item.at,
        loud=draft.loud,
        body=draft.body,
        due_at=item.at,
        tries=0,
    )
    c.execute(message.on_conflict_do_nothing(index_elements=["outlet", "news_id"]))


def _load_waiting(c: Connection, names: Collection[str]) -> dict[str, WaitingMessages]:
    loud = sa.func.max(sa.case((messages.c.loud, 1), else_=0)).label("loud")
    held = (outlets.c.sent_at, outlets.c.due_at, outlets.c.failures)
    rows = c.execute(
        sa.select(messages.c.outlet, sa.func.count().label("number"), loud, *held)
        .outerjoin(outlets, outlets.c.name == messages.c.outlet)
        .where(messages.c.settled_at.is_(None), messages.c.outlet.in_(list(names)))
        .group_by(messages.c.outlet, *held)
    )
    return {
        row.outlet: WaitingMessages(
            row.number, bool(row.loud), read_value(row.sent_at), read_value(row.due_at), row.failures or 0
        )
        for row in rows
    }


def _list_pending(c: Connection, name: str, limit: int, in_order: bool, now: datetime) -> list[Message]:
    called = sa.func.coalesce(orders.c.name, orders.c.order_id).label("name")
    query = (
        sa.select(
            *(messages.c.id, messages.c.loud, messages.c.body, messages.c.tries),
            *(news.c.key, news.c.code, news.c.at, news.c.facts, news.c.order_id, news.c.uid),
            *(called, orders.c.shop),
        )
        .join(news, news.c.id == messages.c.news_id)
        .outerjoin(orders, orders.c.id == news.c.order_id)
        .where(messages.c.outlet == name, messages.c.settled_at.is_(None))
        .order_by(messages.c.id)
        .limit(limit)
    )
    if in_order:
        older = messages.alias("older")
        before = sa.exists().where(
            older.c.outlet == name,
            older.c.order_id == messages.c.order_id,
            older.c.settled_at.is_(None),
            older.c.id < messages.c.id,
        )
        query = query.where(messages.c.due_at <= now, ~before)
    return [
        Message(
            row.id,
            News(row.key, row.code, read_moment(row.at, now), read_facts(row.facts), row.order_id),
            *(row.loud, row.body, row.tries, row.name, row.shop, row.uid or row.key.replace(":", "_")),
        )
        for row in c.execute(query)
    ]


def _configure_outlets(c: Connection, targets: Sequence[OutletTarget]) -> None:
    rows = {row.name: row for row in c.execute(sa.select(outlets))}
    configured = {target.name for target in targets}
    orphans = [row for row in rows.values() if row.name not in configured and row.heir is None]
    for target in targets:
        row = rows.get(target.name)
        if row is None or not row.slot:
            left = _find_predecessor(orphans, target)
            if left is not None:
                orphans.remove(left)
                c.execute(sa.update(outlets).where(outlets.c.name == left.name).values(heir=target.name))
        values = {"slot": target.slot, "mark": target.mark, "heir": None}
        if row is None:
            known = build_insert(c, outlets).values(name=target.name, failures=0, **values)
            c.execute(known.on_conflict_do_update(index_elements=["name"], set_=values))
        elif (row.slot, row.mark, row.heir) != (target.slot, target.mark, None):
            c.execute(sa.update(outlets).where(outlets.c.name == target.name).values(values))
    gone = [row.name for row in orphans if row.slot]  # its place may be another's from now on
    if gone:
        c.execute(sa.update(outlets).where(outlets.c.name.in_(gone)).values(slot=""))


def _find_predecessor(orphans: Sequence[Any], target: OutletTarget) -> Any:
    """The outlet that this one replaces, by what it keeps, else by its place."""
    kind = target.name.partition(":")[0]
    of_kind = [row for row in orphans if row.name.partition(":")[0] == kind]
    by_mark = [row for row in of_kind if target.mark and row.mark == target.mark]
    by_place = [row for row in of_kind if row.slot == target.slot]
    unplaced = [row for row in of_kind if row.slot is None]  # by a version that noted no places
    return next(iter(by_mark or by_place or (unplaced if len(unplaced) == 1 else ())), None)


def _select_orphaned_messages(names: Collection[str]) -> sa.Select[Any]:
    """Messages that wait for an outlet whose heir is among these."""
    return (
        sa.select(messages.c.id, messages.c.news_id, outlets.c.heir)
        .join(outlets, outlets.c.name == messages.c.outlet)
        .where(messages.c.settled_at.is_(None), outlets.c.heir.in_(list(names)))
        .order_by(messages.c.id)
    )


def _move_to_heirs(c: Connection, names: Collection[str], now: datetime) -> int:
    rows = c.execute(_select_orphaned_messages(names)).all()
    for row in rows:
        has_it = sa.exists().where(messages.c.outlet == row.heir, messages.c.news_id == row.news_id)
        if c.execute(sa.select(has_it)).scalar_one():
            values: dict[str, Any] = {"settled_at": now, "outcome": "its heir has it"}
        else:
            values = {"outlet": row.heir, "due_at": now, "tries": 0}
        c.execute(sa.update(messages).where(messages.c.id == row.id).values(values))
    return len(rows)


def _update_leased_outlet(c: Connection, name: str, owner: str, values: Mapping[str, Any]) -> None:
    """Write to the outlet under the lease. Raises LeaseLost."""
    held = sa.update(outlets).where(outlets.c.name == name, outlets.c.lease_owner == owner)
    if c.execute(held.values({"lease_owner": owner, **values})).rowcount == 0:
        raise LeaseLost(f"somebody else serves the outlet {name} now")
