"""The store as the rest of the bridge sees it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from bridge.errors import ConfigError
from bridge.order.states import State
from bridge.ports import Clock
from bridge.store import claims, singleton
from bridge.store.calls import StoredCalls
from bridge.store.engine import Database, engines, parse_url
from bridge.store.inbox import StoredInbox, inserter
from bridge.store.memory import StoredMemory, Switch
from bridge.store.migrate import migrate, ready
from bridge.store.moves import event, wake
from bridge.store.orders import StoredOrders
from bridge.store.queries import Queries
from bridge.store.tables import alarms, memory, orders


class Store:
    """One database, opened. Use as `async with await Store.open(url, clock=clock) as store`.

    `orders`, `inbox` and `memory` are the ports of those names; `calls` takes Sculpteo's notifications,
    `queries` answers people, `switch` stops and resumes placing.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.orders = StoredOrders(db, clock)
        self.inbox = StoredInbox(db, clock)
        self.memory = StoredMemory(db)
        self.calls = StoredCalls(db, clock)
        self.queries = Queries(db)
        self.switch = Switch(db, clock)

    @classmethod
    async def open(cls, url: str, *, clock: Clock, create: bool = True) -> Self:
        """Connect, and bring the schema up to date.

        `url` is sqlite:///file or postgresql://user:password@host/name. With `create=False` an SQLite file
        that is not there is a fault and not a new, empty shop. Raises ConfigError for a URL that cannot be
        used or a database of a newer program, StoreUnavailable when it cannot be reached.
        """
        parsed = parse_url(url)
        if not create:
            _refuse_missing(parsed)
        reading, writing = engines(parsed)
        await asyncio.to_thread(migrate, writing)
        store = cls(Database(parsed, reading, writing, inserter(writing.dialect)), clock)
        await store._db.write(lambda c: claims.mend_clock(c, clock.now()))
        return store

    async def close(self) -> None:
        """Make durable what waits, then let go. Later calls raise StoreUnavailable."""
        await self._db.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ready(self) -> None:
        """Prove that a change can be made durable now. Raises StoreUnavailable."""

        def work(c: Connection) -> None:
            ready(c)
            changed = c.execute(
                sa.update(memory)
                .where(memory.c.key == "ready_at")
                .values(value=self._clock.now().isoformat())
            )
            if not changed.rowcount:
                c.execute(sa.insert(memory).values(key="ready_at", value=self._clock.now().isoformat()))

        await self._db.write(work)

    @contextlib.asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """`async with store.alone("reconcile") as mine:` - at most one process has `mine` true at a time.

        It ends with the process, however that ends. Work under it must still be safe to be done twice: on
        PostgreSQL a lost connection gives the lock away.
        """
        async with singleton.alone(self._db, name) as mine:
            yield mine

    async def wake(
        self,
        states: Collection[State],
        *,
        reasons: Collection[str] = (),
        problems: Collection[str] = (),
        shop: str | None = None,
    ) -> int:
        """Have orders looked at anew, as after a change of the mapping; gives how many. `reasons` and
        `problems`, where given, name those that are meant."""
        conditions = [orders.c.state.in_(list(states))]
        if reasons:
            conditions.append(orders.c.reason.in_(list(reasons)))
        if problems:
            conditions.append(orders.c.problem.in_(list(problems)))
        if shop is not None:
            conditions.append(orders.c.shop == shop)
        now = self._clock.now()
        return await self._db.write(lambda c: wake(c, now, *conditions))

    async def clear_alarm(self, key: int, who: str) -> bool:
        """A person saw to it. False = it was cleared already, or is not there."""
        now = self._clock.now()

        def work(c: Connection) -> bool:
            row = c.execute(
                sa.update(alarms)
                .where(alarms.c.id == key, alarms.c.cleared_at.is_(None))
                .values(cleared_at=now, cleared_by=who)
                .returning(alarms.c.order_id, alarms.c.alarm)
            ).one_or_none()
            if row is not None:
                event(c, row.order_id, now, "alarm_cleared", {"alarm": row.alarm}, who=who)
            return row is not None

        return await self._db.write(work)


def _refuse_missing(url: URL) -> None:
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise ConfigError(f"database: there is no {url.database} yet; `sculpteo-bridge serve` makes it")
