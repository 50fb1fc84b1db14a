"""Small facts that outlive a run, the stop switch, and the token buckets that replicas share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.authors import format_person
from bridge.order.states import State, Wait
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.row_mapping import (
    build_insert,
    read_moment,
)
from bridge.store.tables import buckets, memory, orders, pauses
from bridge.store.transitions import (
    bind_time,
    wake_orders,
)
from bridge.store.types import UnreadableValue

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
        await self._db.write(lambda c: upsert_value(c, key, value))

    async def delete(self, key: str) -> None:
        await self._db.write(lambda c: c.execute(sa.delete(memory).where(memory.c.key == key)))

    async def set_if_absent(self, key: str, value: str) -> str:
        def insert_if_absent(c: Connection) -> str:
            c.execute(
                build_insert(c, memory)
                .values(key=key, value=value)
                .on_conflict_do_nothing(index_elements=["key"])
            )
            return str(c.execute(sa.select(memory.c.value).where(memory.c.key == key)).scalar_one())

        return await self._db.write(insert_if_absent)


def upsert_value(c: Connection, key: str, value: str) -> bool:
    """Set a value; gives whether it is another one than before."""
    row = build_insert(c, memory).values(key=key, value=value)
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
class PauseSwitch:
    """The stop switch: placing stops at once and nothing is lost."""

    _db: Database
    _clock: Clock

    async def pause_ordering(self, scope: str, who: str, why: str | None = None) -> bool:
        """Stop placing for a shop, or for all with "*". False = it was stopped already."""
        now = self._clock.now()

        def insert_pause(c: Connection) -> bool:
            row = build_insert(c, pauses).values(scope=scope, at=now, who=format_person(who), why=why)
            new = row.on_conflict_do_nothing(index_elements=["scope"]).returning(pauses.c.scope)
            return c.execute(new).first() is not None

        return await self._db.write(insert_pause)

    async def resume_ordering(self, scope: str) -> bool:
        """Let placing go on, and wake the orders that wait for it. False = it was not stopped.

        Orders that are worked on in this moment are woken too: they may be about to say that they wait.
        """
        now = self._clock.now()

        def delete_pause(c: Connection) -> bool:
            ended = c.execute(sa.delete(pauses).where(pauses.c.scope == scope)).rowcount == 1
            waiting = orders.c.state.in_([State.WAITING, State.PLACING])
            stopped = sa.or_(orders.c.reason == Wait.PAUSED, orders.c.lease_owner.is_not(None))
            wake_orders(c, now, waiting, stopped, *(() if scope == ALL else (orders.c.shop == scope,)))
            return ended

        return await self._db.write(delete_pause)

    async def list_pauses(self) -> list[Pause]:
        """All that are in force; one whose row is damaged pauses all the same."""

        def select_pauses(c: Connection) -> list[Pause]:
            rows = c.execute(sa.select(pauses).order_by(pauses.c.scope))
            return [Pause(row.scope, read_moment(row.at), row.who, row.why) for row in rows]

        return await self._db.read(select_pauses)


def take_token(c: Connection, now: datetime, bucket: str, rate: float, burst: int) -> float:
    """`Orders.take_token`: the bucket is one time, when it will be full again; each token moves it on."""
    step = timedelta(seconds=1 / rate)
    c.execute(
        build_insert(c, buckets)
        .values(name=bucket, full_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    full_at: Any = c.execute(
        sa.select(buckets.c.full_at).where(buckets.c.name == bucket).with_for_update()
    ).scalar_one()
    if isinstance(full_at, UnreadableValue) or full_at < now or full_at > now + LONGEST_WAIT:
        full_at = now
    c.execute(sa.update(buckets).where(buckets.c.name == bucket).values(full_at=bind_time(full_at + step)))
    return float(max((full_at - (burst - 1) * step - now).total_seconds(), 0.0))
