"""Small facts that outlive a run, the stop switch, and the token buckets that replicas share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.authors import person
from bridge.order.states import State, Wait
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.row_mapping import (
    as_moment,
    insert_for,
)
from bridge.store.tables import buckets, memory, orders, pauses
from bridge.store.transitions import (
    moment,
    wake,
)
from bridge.store.types import Unreadable

ALL = "*"
LONGEST_WAIT = timedelta(
    minutes=10
)  # a bucket that would have one wait longer was filled under another clock


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """`ports.Memory` on the database."""

    _db: Database

    async def get(self, key: str) -> str | None:
        return await self._db.read(
            lambda c: c.execute(sa.select(memory.c.value).where(memory.c.key == key)).scalar_one_or_none()
        )

    async def set(self, key: str, value: str) -> None:
        await self._db.write(lambda c: remember(c, key, value))

    async def forget(self, key: str) -> None:
        await self._db.write(lambda c: c.execute(sa.delete(memory).where(memory.c.key == key)))

    async def set_if_absent(self, key: str, value: str) -> str:
        def work(c: Connection) -> str:
            c.execute(
                insert_for(c, memory)
                .values(key=key, value=value)
                .on_conflict_do_nothing(index_elements=["key"])
            )
            return str(c.execute(sa.select(memory.c.value).where(memory.c.key == key)).scalar_one())

        return await self._db.write(work)


def remember(c: Connection, key: str, value: str) -> bool:
    """Set a value; gives whether it is another one than before."""
    row = insert_for(c, memory).values(key=key, value=value)
    changed = c.execute(
        row.on_conflict_do_update(
            index_elements=["key"],
            set_={"value": row.excluded.value},
            where=memory.c.value != row.excluded.value,
        ).returning(memory.c.key)
    )
    return changed.first() is not None


@dataclass(frozen=True, slots=True)
class Pause:
    """Placing is stopped for `scope`: a shop, or "*" for all."""

    scope: str
    at: datetime
    who: str
    why: str | None


@dataclass(frozen=True, slots=True)
class Switch:
    """The stop switch: placing stops at once and nothing is lost."""

    _db: Database
    _clock: Clock

    async def pause(self, scope: str, who: str, why: str | None = None) -> bool:
        """Stop placing for a shop, or for all with "*". False = it was stopped already."""
        now = self._clock.now()

        def work(c: Connection) -> bool:
            row = insert_for(c, pauses).values(scope=scope, at=now, who=person(who), why=why)
            new = row.on_conflict_do_nothing(index_elements=["scope"]).returning(pauses.c.scope)
            return c.execute(new).first() is not None

        return await self._db.write(work)

    async def resume(self, scope: str) -> bool:
        """Let placing go on, and wake the orders that wait for it. False = it was not stopped.

        Orders that are worked on in this moment are woken too: they may be about to say that they wait.
        """
        now = self._clock.now()

        def work(c: Connection) -> bool:
            ended = c.execute(sa.delete(pauses).where(pauses.c.scope == scope)).rowcount == 1
            waiting = orders.c.state.in_([State.WAITING, State.PLACING])
            stopped = sa.or_(orders.c.reason == Wait.PAUSED, orders.c.lease_owner.is_not(None))
            wake(c, now, waiting, stopped, *(() if scope == ALL else (orders.c.shop == scope,)))
            return ended

        return await self._db.write(work)

    async def pauses(self) -> list[Pause]:
        """All that are in force; one whose row is damaged pauses all the same."""

        def work(c: Connection) -> list[Pause]:
            rows = c.execute(sa.select(pauses).order_by(pauses.c.scope))
            return [Pause(row.scope, as_moment(row.at), row.who, row.why) for row in rows]

        return await self._db.read(work)


def take_token(c: Connection, now: datetime, bucket: str, rate: float, burst: int) -> float:
    """`Orders.take_token`: the bucket is one time, when it will be full again; each token moves it on."""
    step = timedelta(seconds=1 / rate)
    c.execute(
        insert_for(c, buckets)
        .values(name=bucket, full_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    full_at: Any = c.execute(
        sa.select(buckets.c.full_at).where(buckets.c.name == bucket).with_for_update()
    ).scalar_one()
    if isinstance(full_at, Unreadable) or full_at < now or full_at > now + LONGEST_WAIT:
        full_at = now
    c.execute(sa.update(buckets).where(buckets.c.name == bucket).values(full_at=moment(full_at + step)))
    return float(max((full_at - (burst - 1) * step - now).total_seconds(), 0.0))
